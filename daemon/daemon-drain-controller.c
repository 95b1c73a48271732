/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the bus asks of drains: of this host's at once, of another's by the fleet's store. */
#include "daemon-private.h"

#include "fleet/fleet.h"

static gboolean
is_own(OmenDaemon *self, const char *host)
{
    return omen_drain_wish_is_for(host, omen_daemon_get_fleet_name(self), g_get_host_name(),
                                  self->etcd || self->fleet_problem);
}

static OmenControllerError
code_of(const GError *error)
{
    if (g_error_matches(error, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_BUSY))
        return OMEN_CONTROLLER_ERROR_BUSY;
    if (g_error_matches(error, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_NOT_THERE))
        return OMEN_CONTROLLER_ERROR_NOT_FOUND;
    return error->domain == OMEN_DRAIN_ERROR ? OMEN_CONTROLLER_ERROR_INVALID
                                             : OMEN_CONTROLLER_ERROR_FAILED;
}

/* (transfer full): in the words of the bus. */
static GError *
translate(const GError *error)
{
    const char *before =
        error->domain == OMEN_ETCD_ERROR ? "the fleet's store cannot be used: " : "";

    return g_error_new(OMEN_CONTROLLER_ERROR, (int) code_of(error), "%s%s", before, error->message);
}

/* FALSE with @error: there is no way to another host. */
static gboolean
check_other(OmenDaemon *self, const char *host, GError **error)
{
    if (!omen_fleet_is_name(host))
        g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_INVALID,
                    "this is not a valid host name");
    else if (self->fleet_problem)
        g_set_error_literal(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_FAILED,
                            self->fleet_problem);
    else if (!self->etcd)
        g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_FOUND,
                    "this host is %s, and has no fleet: run virt-omen there, or name an etcd in "
                    "[fleet] endpoints",
                    omen_daemon_get_fleet_name(self));
    else
        return TRUE;
    return FALSE;
}

char *
omen_daemon_describe_drain(OmenDaemon *self)
{
    const OmenHostDrain *drain = self->drain;

    if (!drain || drain->state == OMEN_DRAIN_NONE || drain->state == OMEN_DRAIN_RETURNING)
        return NULL;
    return g_strdup_printf("in maintenance, %s: %u of %u domains have left; virt-omen undrain %s "
                           "ends it",
                           omen_drain_state_to_string(drain->state), drain->n_away,
                           drain->n_domains, omen_daemon_get_fleet_name(self));
}

/* ---- orders ---- */

static void
on_asked(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;

    if (omen_drain_store_ask_finish(result, &error))
        g_task_return_pointer(task, g_strdup(g_task_get_task_data(task)), g_free);
    else
        g_task_return_error(task, translate(error));
}

static void
order_here(OmenDaemon *self, GTask *task, const OmenDrainWish *wish)
{
    g_autoptr(GError) error = NULL;

    if (omen_daemon_order_drain(self, wish, &error))
        g_task_return_pointer(task, g_strdup(wish->id), g_free);
    else
        g_task_return_error(task, translate(error));
}

static void
order_drain_async(OmenController *controller,
                  const char *host,
                  OmenDrainOrder order,
                  guint timeout_s,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    g_autoptr(GTask) task = g_task_new(controller, NULL, callback, user_data);
    g_autoptr(OmenDrainWish) wish =
        omen_drain_wish_new(order, omen_daemon_get_fleet_name(self), timeout_s);
    GError *error = NULL;

    g_task_set_task_data(task, g_strdup(wish->id), g_free);
    if (is_own(self, host))
        order_here(self, task, wish);
    else if (check_other(self, host, &error))
        omen_drain_store_ask_async(self->etcd, host, wish, on_asked, g_steal_pointer(&task));
    else
        g_task_return_error(task, error);
}

static char *
order_drain_finish(OmenController *controller G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* ---- how far it is ---- */

static void
on_read(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    OmenHostDrain *drain = omen_drain_store_read_finish(result, &error);

    if (drain)
        g_task_return_pointer(task, drain, (GDestroyNotify) omen_host_drain_free);
    else
        g_task_return_error(task, translate(error));
}

static OmenHostDrain *
copy(const OmenHostDrain *drain)
{
    g_autofree char *json = omen_host_drain_write(drain, OMEN_DRAIN_MAX_DOMAINS);
    OmenHostDrain *copied = omen_host_drain_parse(json);

    return copied ? copied : omen_host_drain_new();
}

static void
get_drain_async(OmenController *controller,
                const char *host,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    g_autoptr(GTask) task = g_task_new(controller, NULL, callback, user_data);
    GError *error = NULL;

    if (is_own(self, host))
        g_task_return_pointer(task, copy(self->drain), (GDestroyNotify) omen_host_drain_free);
    else if (check_other(self, host, &error))
        omen_drain_store_read_async(self->etcd, host, on_read, g_steal_pointer(&task));
    else
        g_task_return_error(task, error);
}

static OmenHostDrain *
get_drain_finish(OmenController *controller G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

void
omen_daemon_fill_drain_controller(OmenControllerInterface *iface)
{
    iface->order_drain_async = order_drain_async;
    iface->order_drain_finish = order_drain_finish;
    iface->get_drain_async = get_drain_async;
    iface->get_drain_finish = get_drain_finish;
}

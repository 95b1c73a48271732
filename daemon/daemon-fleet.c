/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This host among others: what it says of itself, and what the bus asks of all. */
#include "config.h"

#include "daemon-private.h"

#include "evacuation/libvirt/destination.h"
#include "fleet/fleet.h"
#include "fleet/known.h"
#include "omen/host-health.h"

#include <systemd/sd-id128.h>

/* How often this host's libvirt is asked what is free. What changes by an omen is told at once. */
#define LOOK_INTERVAL_S 20
#define LOOK_DEADLINE_S 15
/* Within this libvirt has answered first, where it answers. */
#define START_US (60 * G_USEC_PER_SEC)
/* After this a figure is no figure. */
#define SIGHT_MAX_AGE_US (5 * G_TIME_SPAN_MINUTE)

/* Of this program on this machine: the machine's own id is to be kept private. */
#define APPLICATION SD_ID128_MAKE(6d, 0e, 5c, 61, 0b, 2a, 4f, 0f, 9a, 3e, 3f, 4d, 5d, 8b, 90, 17)

static char *
make_machine_id(void)
{
    sd_id128_t id;
    char text[SD_ID128_STRING_MAX];

    return sd_id128_get_machine_app_specific(APPLICATION, &id) < 0
               ? g_strdup("unknown")
               : g_strdup(sd_id128_to_string(id, text));
}

static guint
count_open(OmenRegistry *omens)
{
    g_autoptr(GPtrArray) list = omen_registry_list(omens);
    gint64 now_us = g_get_real_time();
    guint n = 0;

    for (guint i = 0; i < list->len; i++)
        n += omen_is_open(g_ptr_array_index(list, i), now_us) ? 1 : 0;
    return n;
}

static void
set_text(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

/* What its domains' owners and other hosts want to know, as of now. */
static void
describe(OmenDaemon *self, OmenFleetHost *host)
{
    g_auto(OmenHostHealth) health = {0};
    const char *doubt = omen_responder_get_doubt(self->responder);
    gboolean is_seen =
        self->own_seen_us > 0 && g_get_monotonic_time() - self->own_seen_us < SIGHT_MAX_AGE_US;
    g_auto(GStrv) active = omen_hypervisor_list_active_uuids(self->hypervisor);

    omen_host_health_assess(&health, self->omens, g_get_real_time());
    set_text(&host->health, omen_health_level_to_string(health.level));
    set_text(&host->reason, health.level == OMEN_HEALTH_GREEN && doubt ? doubt : health.text);
    host->takes = is_seen && !doubt && health.level != OMEN_HEALTH_RED &&
                  omen_hypervisor_is_connected(self->hypervisor);
    /* What others know of its last life holds until it knows better. */
    host->starting = self->own_seen_us == 0 && !doubt && health.level != OMEN_HEALTH_RED &&
                     g_get_monotonic_time() - self->fleet_since_us < START_US;
    host->running = g_strv_length(active);
    host->omens = count_open(self->omens);
    if (!is_seen)
        return;
    host->free_mib = self->own_sight.free_bytes >> 20;
    host->cpus = self->own_sight.cpus;
    host->vcpus = self->own_sight.vcpus;
    host->libvirt = self->own_sight.libvirt_version;
    host->qemu = self->own_sight.qemu_version;
}

static void
tell(OmenDaemon *self)
{
    OmenFleetHost *host = omen_fleet_host_new();

    g_free(host->machine_id);
    host->machine_id = make_machine_id();
    set_text(&host->name, omen_daemon_get_fleet_name(self));
    set_text(&host->boot_id, self->boot_id);
    set_text(&host->uri, self->configuration->own_uri);
    set_text(&host->mode, omen_mode_to_string(omen_responder_get_mode(self->responder)));
    set_text(&host->version, OMEN_VERSION);
    g_strfreev(host->labels);
    host->labels = g_strdupv(self->configuration->fleet_labels);
    host->inbound_limit = self->configuration->fleet_inbound_limit;
    host->accepts_drain = self->configuration->fleet_accept_drain ? 1 : 0;
    describe(self, host);
    omen_daemon_describe_signs(self, host);
    omen_fleet_member_take(self->fleet_member, host);
}

static void read_hosts_if_due(OmenDaemon *self);

/* ---- what is free here ---- */

static gpointer
look_work(gpointer data, GError **error)
{
    const OmenDestinationDemand demand = {0};
    g_autofree OmenDestinationSight *sight = g_new0(OmenDestinationSight, 1);

    return omen_destination_check(data, &demand, sight, error) ? g_steal_pointer(&sight) : NULL;
}

static void
on_looked(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenDaemon) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree OmenDestinationSight *sight = omen_workers_run_finish(result, &error);

    if (!self->fleet_member)
        return;
    if (sight) {
        self->own_sight = *sight;
        self->own_seen_us = g_get_monotonic_time();
    } else {
        g_debug("fleet: this host's libvirt does not say what is free: %s", error->message);
    }
    tell(self);
}

static gboolean
on_look_time(gpointer user_data)
{
    OmenDaemon *self = user_data;
    const OmenDestinationTerms terms = {.name = omen_daemon_get_fleet_name(self),
                                        .uri = omen_hypervisor_get_uri(self->hypervisor),
                                        .migrate_uri = "",
                                        .bus = ""};

    omen_daemon_update_brake(self, NULL);
    read_hosts_if_due(self);
    if (omen_hypervisor_is_connected(self->hypervisor))
        omen_workers_run_async(omen_hypervisor_get_workers(self->hypervisor), NULL, look_work,
                               omen_destination_new(&terms),
                               (GDestroyNotify) omen_destination_unref, g_free, LOOK_DEADLINE_S,
                               on_looked, g_object_ref(self));
    else
        tell(self);
    return G_SOURCE_CONTINUE;
}

/* ---- destinations ---- */

/* Nobody needs the list while no omen is raised; all hosts read it at other times. */
#define READ_INTERVAL_S 600
/* While one is raised, or no host is a destination yet. */
#define READ_SOON_S 10

static void
take_hosts(OmenDaemon *self, GPtrArray *hosts)
{
    g_autofree char *choice = NULL;

    if (!self->fleet_member) {
        g_ptr_array_unref(hosts);
        return;
    }
    self->fleet_read_us = g_get_monotonic_time();
    omen_fleet_known_carry(hosts, self->fleet_hosts, self->fleet_read_us,
                           OMEN_DAEMON_FLEET_MAX_AGE_US);
    g_clear_pointer(&self->fleet_hosts, g_ptr_array_unref);
    self->fleet_hosts = hosts;
    omen_daemon_mark_refused_uris(self, hosts);
    omen_daemon_warn_of_refused_uris(self);
    omen_daemon_take_reserved(self);
    omen_daemon_update_brake(self, hosts);
    tell(self);
    choice = omen_daemon_describe_fleet_choice(self, &self->n_fleet_chosen);
    if (g_strcmp0(choice, self->fleet_choice) == 0)
        return;
    g_free(self->fleet_choice);
    self->fleet_choice = g_steal_pointer(&choice);
    omen_daemon_configure_evacuator(self, self->reloaded ? self->reloaded : self->configuration);
    omen_controller_emit_status_changed(OMEN_CONTROLLER(self));
}

static void
on_hosts_read(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenDaemon) self = user_data;
    g_autoptr(GError) error = NULL;
    GPtrArray *hosts = omen_fleet_list_finish_all(result, &error);

    self->fleet_is_read = FALSE;
    if (hosts)
        take_hosts(self, hosts);
}

static void
read_hosts(OmenDaemon *self)
{
    if (self->fleet_is_read)
        return;
    self->fleet_is_read = TRUE;
    omen_fleet_list_async(self->etcd, on_hosts_read, g_object_ref(self));
}

/* With each look at what is free here. */
static void
read_hosts_if_due(OmenDaemon *self)
{
    gint64 age_us = g_get_monotonic_time() - self->fleet_read_us;
    gboolean is_urgent =
        count_open(self->omens) > 0 || self->n_fleet_chosen == 0 || omen_daemon_is_braked(self);
    gint64 due_us = (is_urgent ? READ_SOON_S : READ_INTERVAL_S) * G_USEC_PER_SEC;

    if (!self->fleet_hosts || age_us >= due_us)
        read_hosts(self);
}

void
omen_daemon_refresh_fleet(OmenDaemon *self)
{
    if (self->fleet_member)
        read_hosts(self);
}

static void
on_omen_added(OmenDaemon *self)
{
    tell(self);
    read_hosts(self);
}

static void
on_member_changed(OmenFleetMember *member G_GNUC_UNUSED, gpointer user_data)
{
    g_autofree char *problem = omen_daemon_describe_fleet_problem(user_data);

    if (problem)
        g_warning("%s", problem);
    else
        g_message("fleet: this host has joined");
    omen_controller_emit_status_changed(OMEN_CONTROLLER(user_data));
}

void
omen_daemon_start_fleet(OmenDaemon *self)
{
    const OmenEtcdSettings *settings = &self->configuration->fleet;
    g_autoptr(GError) error = NULL;

    if (!settings->endpoints[0])
        return;
    if (omen_fleet_is_name(omen_daemon_get_fleet_name(self)))
        self->etcd = omen_etcd_new(settings, &error);
    else
        g_set_error(&error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_SETTING,
                    "[fleet] name: letters, digits, \"-\", \".\" and \"_\" make one");
    if (!self->etcd) {
        self->fleet_problem = g_strdup_printf("this host is in no fleet: %s", error->message);
        g_warning("%s", self->fleet_problem);
        return;
    }
    self->fleet_since_us = g_get_monotonic_time();
    self->fleet_member = omen_fleet_member_new(self->etcd, NULL);
    g_signal_connect(self->fleet_member, "changed", G_CALLBACK(on_member_changed), self);
    g_signal_connect_object(self->omens, "added", G_CALLBACK(on_omen_added), self,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(self->omens, "changed", G_CALLBACK(tell), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->omens, "removed", G_CALLBACK(tell), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->hypervisor, "connected", G_CALLBACK(on_look_time), self,
                            G_CONNECT_SWAPPED);
    omen_daemon_start_reservations(self);
    omen_daemon_start_brake(self, take_hosts);
    self->fleet_source = g_timeout_add_seconds(LOOK_INTERVAL_S, on_look_time, self);
    tell(self);
    read_hosts(self);
}

void
omen_daemon_stop_fleet(OmenDaemon *self)
{
    g_clear_handle_id(&self->fleet_source, g_source_remove);
    if (!self->fleet_member)
        return;
    g_signal_handlers_disconnect_by_data(self->fleet_member, self);
    g_signal_handlers_disconnect_by_func(self->omens, tell, self);
    g_signal_handlers_disconnect_by_func(self->omens, on_omen_added, self);
    g_signal_handlers_disconnect_by_func(self->hypervisor, on_look_time, self);
    omen_daemon_stop_reservations(self);
    omen_daemon_stop_brake(self);
    omen_fleet_member_stop(self->fleet_member);
    g_clear_object(&self->fleet_member);
    g_clear_object(&self->etcd);
}

char *
omen_daemon_describe_fleet_problem(OmenDaemon *self)
{
    const char *problem =
        self->fleet_member ? omen_fleet_member_get_problem(self->fleet_member) : NULL;
    gint64 since_us =
        self->fleet_member ? omen_fleet_member_get_alone_since_us(self->fleet_member) : 0;
    g_autoptr(GDateTime) since = NULL;
    g_autofree char *time = NULL;

    if (!problem || since_us == 0)
        return g_strdup(problem ? problem : self->fleet_problem);
    since = g_date_time_new_from_unix_local(since_us / G_USEC_PER_SEC);
    time = g_date_time_format(since, "%Y-%m-%d %H:%M:%S");
    return g_strdup_printf("no contact with the fleet since %s: %s", time, problem);
}

/* ---- for the bus ---- */

/* (transfer full) (nullable): NULL: it was answered, for there is no fleet. */
static GTask *
begin(OmenController *controller, GAsyncReadyCallback callback, gpointer user_data)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    g_autoptr(GTask) task = g_task_new(controller, NULL, callback, user_data);

    if (self->etcd)
        return g_steal_pointer(&task);
    g_task_return_new_error(task, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_FOUND, "%s",
                            self->fleet_problem
                                ? self->fleet_problem
                                : "no fleet is configured: name an etcd in [fleet] endpoints");
    return NULL;
}

/* Two kinds of errors: of the store, and of nothing else. */
static GError *
translate(const GError *error)
{
    return g_error_new(OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_FAILED,
                       "the fleet's store cannot be used: %s", error->message);
}

static void
on_listed(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    GPtrArray *hosts = omen_fleet_list_finish(result, &error);

    if (!hosts) {
        g_task_return_error(task, translate(error));
        return;
    }
    omen_daemon_mark_refused_uris(g_task_get_source_object(task), hosts);
    g_task_return_pointer(task, hosts, (GDestroyNotify) g_ptr_array_unref);
}

static void
list_fleet_async(OmenController *controller, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = begin(controller, callback, user_data);

    if (task)
        omen_fleet_list_async(OMEN_DAEMON(controller)->etcd, on_listed, task);
}

static GPtrArray *
list_fleet_finish(OmenController *controller G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void
on_maintenance_set(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;

    if (!omen_fleet_set_maintenance_finish(result, &error)) {
        g_task_return_error(task, translate(error));
        return;
    }
    omen_daemon_refresh_fleet(g_task_get_source_object(task));
    g_task_return_boolean(task, TRUE);
}

static void
set_maintenance_async(OmenController *controller,
                      const char *host,
                      gboolean on,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
    GTask *task = begin(controller, callback, user_data);

    if (!task)
        return;
    if (omen_fleet_is_name(host)) {
        omen_fleet_set_maintenance_async(OMEN_DAEMON(controller)->etcd, host, on,
                                         on_maintenance_set, task);
        return;
    }
    g_task_return_new_error(task, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_INVALID,
                            "this is not a valid host name");
    g_object_unref(task);
}

static gboolean
set_maintenance_finish(OmenController *controller G_GNUC_UNUSED,
                       GAsyncResult *result,
                       GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

void
omen_daemon_fill_fleet_controller(OmenControllerInterface *iface)
{
    iface->list_fleet_async = list_fleet_async;
    iface->list_fleet_finish = list_fleet_finish;
    iface->set_maintenance_async = set_maintenance_async;
    iface->set_maintenance_finish = set_maintenance_finish;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an evacuation would do: destinations are asked in a worker, the planner decides. */
#include "daemon-private.h"
#include "evacuation/planner.h"

#define ASSUMED_BYTES_PER_S ((guint64) 100 * 1024 * 1024)
#define MIB                 ((guint64) 1024 * 1024)
#define PLAN_DEADLINE_S     60

/* What the worker gets: copies. */
typedef struct {
    GArray *plan_domains;
    GPtrArray *destinations;
    char *wanted;
    guint concurrency;
    guint64 bytes_per_second;
    guint64 reserve_bytes;
    GPtrArray *strings;
} PlanOrder;

static void
plan_order_free(gpointer data)
{
    PlanOrder *self = data;

    g_array_unref(self->plan_domains);
    g_ptr_array_unref(self->destinations);
    g_ptr_array_unref(self->strings);
    g_free(self->wanted);
    g_free(self);
}

static char *
keep_string(PlanOrder *order, const char *text)
{
    g_ptr_array_add(order->strings, g_strdup(text));
    return g_ptr_array_index(order->strings, order->strings->len - 1);
}

static void
look_at_destination(PlanOrder *order, OmenDestination *destination, OmenPlanDestination *out)
{
    OmenDestinationDemand demand = {0};
    g_autoptr(GError) error = NULL;
    guint64 free_bytes = 0;

    out->name = destination->name;
    if (omen_destination_check(destination, &demand, &free_bytes, &error))
        out->room_bytes = free_bytes > order->reserve_bytes ? free_bytes - order->reserve_bytes : 0;
    else
        out->unusable = keep_string(order, error->message);
}

static OmenPlanRow *
describe_move(const PlanOrder *order, const OmenPlannedMove *move)
{
    const OmenPlanDomain *domain =
        &g_array_index(order->plan_domains, OmenPlanDomain, move->domain);
    OmenPlanRow *row = g_new0(OmenPlanRow, 1);
    const OmenDestination *destination =
        move->destination >= 0 ? g_ptr_array_index(order->destinations, move->destination) : NULL;

    row->domain_uuid = g_strdup(domain->uuid);
    row->domain_name = g_strdup(domain->name);
    row->destination = g_strdup(destination ? destination->name : "");
    row->technique = g_strdup(destination ? omen_technique_to_string(move->technique) : "");
    row->reason = g_strdup(move->reason ? move->reason : "");
    row->start_s = move->start_s;
    row->end_s = move->end_s;
    row->downtime_ms = move->downtime_ms;
    return row;
}

static gpointer
plan_work(gpointer data, GError **error G_GNUC_UNUSED)
{
    PlanOrder *order = data;
    OmenPlanLimits limits = {.concurrency = order->concurrency,
                             .link_bytes_per_second = (double) order->bytes_per_second,
                             .destination = order->wanted};
    g_autofree OmenPlanDestination *destinations =
        g_new0(OmenPlanDestination, order->destinations->len + 1);
    g_autoptr(GPtrArray) moves = NULL;
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify) omen_plan_row_free);

    for (guint i = 0; i < order->destinations->len; i++)
        look_at_destination(order, g_ptr_array_index(order->destinations, i), &destinations[i]);
    moves = omen_planner_plan((const OmenPlanDomain *) (gconstpointer) order->plan_domains->data,
                              order->plan_domains->len, destinations, order->destinations->len,
                              &limits);
    for (guint i = 0; i < moves->len; i++)
        g_ptr_array_add(rows, describe_move(order, g_ptr_array_index(moves, i)));
    return rows;
}

static void
add_domain(PlanOrder *order, const OmenDomainInfo *info)
{
    OmenPlanDomain domain = {
        .uuid = keep_string(order, info->uuid),
        .name = keep_string(order, info->name),
        .memory_bytes = info->memory_bytes,
    };

    if (!omen_domain_info_is_active(info))
        domain.immovable = "it does not run";
    else if (info->state == VIR_DOMAIN_PAUSED && info->reason == VIR_DOMAIN_PAUSED_IOERROR)
        domain.immovable = "it is paused by an I/O error; mend its disk and resume it first";
    g_array_append_val(order->plan_domains, domain);
}

static gboolean
add_domains(OmenDaemon *self, PlanOrder *order, const char *const *names, GError **error)
{
    g_autoptr(GPtrArray) all = omen_hypervisor_list(self->hypervisor);

    for (guint i = 0; !*names && i < all->len; i++) {
        if (omen_domain_info_is_active(g_ptr_array_index(all, i)))
            add_domain(order, g_ptr_array_index(all, i));
    }
    for (; *names; names++) {
        const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, *names);
        if (!info) {
            g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_FOUND,
                        "there is no domain %s on this host", *names);
            return FALSE;
        }
        add_domain(order, info);
    }
    return TRUE;
}

static void
on_planned(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    GPtrArray *rows = omen_workers_run_finish(result, &error);

    if (rows)
        g_task_return_pointer(task, rows, (GDestroyNotify) g_ptr_array_unref);
    else
        g_task_return_error(task, g_steal_pointer(&error));
}

void
omen_daemon_plan_async(OmenController *controller,
                       const char *const *domains,
                       const char *destination,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    const OmenConfiguration *configuration = self->configuration;
    GTask *task = g_task_new(self, cancellable, callback, user_data);
    PlanOrder *order = g_new0(PlanOrder, 1);
    GError *error = NULL;

    order->plan_domains = g_array_new(FALSE, FALSE, sizeof(OmenPlanDomain));
    order->strings = g_ptr_array_new_with_free_func(g_free);
    order->destinations = g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_unref);
    order->wanted = g_strdup(destination);
    order->concurrency = configuration->concurrency;
    order->reserve_bytes = configuration->memory_reserve_mib * MIB;
    order->bytes_per_second =
        configuration->bandwidth_mib > 0 ? configuration->bandwidth_mib * MIB : ASSUMED_BYTES_PER_S;
    g_autoptr(GPtrArray) known = omen_evacuator_list_destinations(self->evacuator);
    for (guint i = 0; i < known->len; i++)
        g_ptr_array_add(order->destinations, omen_destination_ref(g_ptr_array_index(known, i)));
    if (!add_domains(self, order, domains, &error)) {
        plan_order_free(order);
        g_task_return_error(task, error);
        g_object_unref(task);
        return;
    }
    omen_workers_run_async(omen_hypervisor_get_workers(self->hypervisor), NULL, plan_work, order,
                           plan_order_free, (GDestroyNotify) g_ptr_array_unref, PLAN_DEADLINE_S,
                           on_planned, task);
}

GPtrArray *
omen_daemon_plan_finish(OmenController *controller G_GNUC_UNUSED,
                        GAsyncResult *result,
                        gint64 *deadline_us,
                        GError **error)
{
    *deadline_us = 0;
    return g_task_propagate_pointer(G_TASK(result), error);
}

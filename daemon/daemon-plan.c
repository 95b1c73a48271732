/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an evacuation would do, for the bus: the evacuator foresees it, here it gets its form. */
#include "daemon-private.h"

OmenEvacuationRequest
omen_daemon_make_request(OmenDaemon *self, const char *destination, guint64 omen_id)
{
    OmenEvacuationRequest request = omen_responder_describe_request(self->responder, omen_id);

    request.destination = destination;
    omen_daemon_refresh_fleet(self);
    return request;
}

/* With the plan it comes back to the bus. */
typedef struct {
    GPtrArray *rows; /* OmenPlanRow */
    gint64 deadline_us;
} Plan;

static void
plan_free(gpointer data)
{
    Plan *self = data;

    g_clear_pointer(&self->rows, g_ptr_array_unref);
    g_free(self);
}

static OmenPlanRow *
stay(const OmenDomainInfo *info, const char *reason)
{
    OmenPlanRow *row = g_new0(OmenPlanRow, 1);

    row->domain_uuid = g_strdup(info->uuid);
    row->domain_name = g_strdup(info->name);
    row->destination = g_strdup("");
    row->technique = g_strdup("");
    row->reason = g_strdup(reason);
    return row;
}

static OmenPlanRow *
translate_row(OmenDaemon *self, const OmenForeseen *move)
{
    const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, move->uuid);
    gboolean moves = *move->destination != '\0';
    OmenPlanRow *row = g_new0(OmenPlanRow, 1);

    row->domain_uuid = g_strdup(move->uuid);
    row->domain_name = g_strdup(info ? info->name : move->name);
    row->destination = g_strdup(move->destination);
    row->technique = g_strdup(moves ? omen_technique_to_string(move->technique) : "");
    row->reason = g_strdup(move->reason);
    row->link_mib_s = move->link_mib_s;
    row->start_s = move->start_s;
    row->end_s = move->end_s;
    row->downtime_ms = move->downtime_ms;
    return row;
}

/* The UUIDs of those to be planned for; what does not run goes into the plan at once. */
static char **
select_domains(OmenDaemon *self, const char *const *names, Plan *plan, GError **error)
{
    g_autoptr(GStrvBuilder) uuids = g_strv_builder_new();
    g_autoptr(GHashTable) known = g_hash_table_new(NULL, NULL); /* OmenDomainInfo, borrowed */

    if (!*names)
        return omen_hypervisor_list_active_uuids(self->hypervisor);
    for (; *names; names++) {
        const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, *names);
        if (!info) {
            g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_FOUND,
                        "there is no domain %s on this host", *names);
            return NULL;
        }
        /* However often it is named. */
        if (!g_hash_table_add(known, (gpointer) info))
            continue;
        if (omen_domain_info_is_active(info))
            g_strv_builder_add(uuids, info->uuid);
        else
            g_ptr_array_add(plan->rows, stay(info, "it does not run"));
    }
    return g_strv_builder_end(uuids);
}

static void
on_foreseen(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    OmenDaemon *self = g_task_get_source_object(task);
    Plan *plan = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) moves = omen_evacuator_plan_finish(OMEN_EVACUATOR(source), result, &error);

    if (!moves) {
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    for (guint i = 0; i < moves->len; i++)
        g_ptr_array_insert(plan->rows, (int) i, translate_row(self, g_ptr_array_index(moves, i)));
    g_task_return_boolean(task, TRUE);
}

void
omen_daemon_plan_async(OmenController *controller,
                       const char *const *domains,
                       const char *destination,
                       guint within_s,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
    OmenEvacuationRequest request = omen_daemon_make_request(self, destination, 0);
    Plan *plan = g_new0(Plan, 1);
    g_auto(GStrv) uuids = NULL;
    GError *error = NULL;

    plan->rows = g_ptr_array_new_with_free_func((GDestroyNotify) omen_plan_row_free);
    if (within_s > 0)
        request.deadline_us = g_get_real_time() + (gint64) within_s * G_USEC_PER_SEC;
    plan->deadline_us = request.deadline_us;
    g_task_set_task_data(task, plan, plan_free);
    uuids = select_domains(self, domains, plan, &error);
    if (uuids)
        omen_evacuator_plan_async(self->evacuator, (const char *const *) uuids, &request,
                                  on_foreseen, g_steal_pointer(&task));
    else
        g_task_return_error(task, error);
}

GPtrArray *
omen_daemon_plan_finish(OmenController *controller G_GNUC_UNUSED,
                        GAsyncResult *result,
                        gint64 *deadline_us,
                        GError **error)
{
    Plan *plan = g_task_get_task_data(G_TASK(result));

    if (!g_task_propagate_boolean(G_TASK(result), error))
        return NULL;
    *deadline_us = plan->deadline_us;
    return g_steal_pointer(&plan->rows);
}

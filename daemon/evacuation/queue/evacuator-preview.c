/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What would be done: domains and destinations are asked in a worker, and the planner's answer is
 * told. */
#include "evacuation/queue/evacuator-private.h"

#include <math.h>

#define PLAN_DEADLINE_S 60

/* What the worker gets: copies. */
typedef struct {
    char *source_uri;
    char **uuids;
    char *wanted;
    GPtrArray *destinations; /* OmenDestination, ranked */
    GPtrArray *known;        /* char *: what speaks against each; NULL: it is to be asked */
    GArray *reserved;        /* guint64: bytes that other hosts reserved at each */
    OmenEvacuatorLimits limits;
    gboolean post_copy;
    double deadline_s;
    GPtrArray *facts;   /* OmenDomainFacts */
    GPtrArray *reasons; /* char *: why domains stay, and destinations are none; kept for the plan */
} Inquiry;

static void
inquiry_free(gpointer data)
{
    Inquiry *self = data;

    g_free(self->source_uri);
    g_strfreev(self->uuids);
    g_free(self->wanted);
    g_ptr_array_unref(self->destinations);
    g_ptr_array_unref(self->known);
    g_array_unref(self->reserved);
    g_ptr_array_unref(self->facts);
    g_ptr_array_unref(self->reasons);
    g_free(self);
}

static const char *
keep_reason(Inquiry *self, const char *reason)
{
    g_ptr_array_add(self->reasons, g_strdup(reason));
    return g_ptr_array_index(self->reasons, self->reasons->len - 1);
}

static OmenDomainFacts *
make_unknown_facts(const char *uuid)
{
    OmenDomainFacts *facts = g_new0(OmenDomainFacts, 1);

    facts->uuid = g_strdup(uuid);
    facts->name = g_strdup(uuid);
    facts->wishes.group = g_strdup("");
    facts->wishes.problem = g_strdup("");
    return facts;
}

static void
ask_domains(Inquiry *self, GArray *domains)
{
    for (guint i = 0; self->uuids[i]; i++) {
        g_autoptr(GError) error = NULL;
        OmenDomainFacts *facts = omen_migration_examine(self->source_uri, self->uuids[i], &error);
        OmenPlanDomain row;
        if (!facts)
            facts = make_unknown_facts(self->uuids[i]);
        g_ptr_array_add(self->facts, facts);
        row = omen_plan_describe_domain(facts);
        row.barred = omen_plan_find_barred(facts, NULL, self->destinations);
        if (error)
            row.immovable = keep_reason(self, error->message);
        g_array_append_val(domains, row);
    }
}

/* All at the same time. */
static void
ask_dirty_rates(const Inquiry *self, GArray *domains)
{
    g_autoptr(OmenVirConnect) connection = virConnectOpen(self->source_uri);
    g_autoptr(GPtrArray) handles =
        g_ptr_array_new_with_free_func((GDestroyNotify) omen_vir_domain_unref);

    for (guint i = 0; connection && self->uuids[i]; i++) {
        virDomainPtr handle = virDomainLookupByUUIDString(connection, self->uuids[i]);
        if (!handle)
            return;
        g_ptr_array_add(handles, handle);
        omen_domain_start_dirty_rate(handle, 1);
    }
    g_usleep(G_USEC_PER_SEC + G_USEC_PER_SEC / 5);
    for (guint i = 0; i < handles->len; i++) {
        double rate = omen_domain_read_dirty_rate(g_ptr_array_index(handles, i));
        g_array_index(domains, OmenPlanDomain, i).dirty_bytes_per_second = MAX(rate, 0);
    }
}

static void
ask_destinations(Inquiry *self, GArray *destinations)
{
    OmenDestinationDemand demand = {0};

    for (guint i = 0; i < self->destinations->len; i++) {
        OmenDestination *destination = g_ptr_array_index(self->destinations, i);
        g_autoptr(GError) error = NULL;
        OmenDestinationSight sight = {0};
        OmenPlanDestination row = {.name = destination->name,
                                   .reserved_bytes = g_array_index(self->reserved, guint64, i),
                                   .unusable = g_ptr_array_index(self->known, i)};
        if (row.unusable) {
            g_array_append_val(destinations, row);
            continue;
        }
        if (omen_destination_check(destination, &demand, &sight, &error)) {
            row.room_bytes = omen_plan_room_of(&self->limits, sight.free_bytes, row.reserved_bytes);
            row.later_bytes = omen_plan_room_of(&self->limits, sight.free_bytes, 0);
        } else {
            row.unusable = keep_reason(self, error->message);
        }
        g_array_append_val(destinations, row);
    }
}

static void
foreseen_free(gpointer data)
{
    OmenForeseen *self = data;

    g_free(self->uuid);
    g_free(self->name);
    g_free(self->destination);
    g_free(self->reason);
    g_free(self);
}

static OmenForeseen *
describe_move(const Inquiry *self, const OmenPlannedMove *move, double link_bytes_per_second)
{
    const OmenDomainFacts *facts = g_ptr_array_index(self->facts, move->domain);
    OmenForeseen *row = g_new0(OmenForeseen, 1);

    row->uuid = g_strdup(facts->uuid);
    row->name = g_strdup(facts->name);
    row->reason = g_strdup(move->reason ? move->reason : "");
    row->destination = g_strdup("");
    if (move->destination >= 0) {
        const OmenDestination *there = g_ptr_array_index(self->destinations, move->destination);
        omen_job_set_string(&row->destination, there->name);
    }
    row->technique = move->technique;
    row->start_s = move->start_s;
    row->end_s = isfinite(move->end_s) ? move->end_s : G_MAXINT;
    row->downtime_ms = move->downtime_ms;
    row->is_late = move->is_late;
    row->may_fit_later = move->may_fit_later;
    row->link_mib_s = link_bytes_per_second / (1 << 20);
    return row;
}

static gpointer
inquire(gpointer data, GError **error G_GNUC_UNUSED)
{
    Inquiry *self = data;
    OmenPlanLimits limits = omen_plan_make_limits(&self->limits, self->deadline_s);
    g_autoptr(GArray) domains = g_array_new(FALSE, FALSE, sizeof(OmenPlanDomain));
    g_autoptr(GArray) destinations = g_array_new(FALSE, FALSE, sizeof(OmenPlanDestination));
    g_autoptr(GPtrArray) plan = NULL;
    GPtrArray *rows = g_ptr_array_new_with_free_func(foreseen_free);

    limits.post_copy = self->post_copy;
    limits.destination = self->wanted;
    ask_domains(self, domains);
    ask_dirty_rates(self, domains);
    ask_destinations(self, destinations);
    plan = omen_planner_plan((const OmenPlanDomain *) (gconstpointer) domains->data, domains->len,
                             (const OmenPlanDestination *) (gconstpointer) destinations->data,
                             destinations->len, &limits);
    for (guint i = 0; i < plan->len; i++)
        g_ptr_array_add(
            rows, describe_move(self, g_ptr_array_index(plan, i), limits.link_bytes_per_second));
    return rows;
}

static void
on_inquired(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    GPtrArray *rows = omen_workers_run_finish(result, &error);

    if (rows)
        g_task_return_pointer(task, rows, (GDestroyNotify) g_ptr_array_unref);
    else
        g_task_return_error(task, g_steal_pointer(&error));
}

/* One that did not answer lately would cost the time of all. */
static GPtrArray *
list_known_reasons(OmenEvacuator *self, GPtrArray *ranked)
{
    GPtrArray *known = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < ranked->len; i++) {
        const OmenDestination *one = g_ptr_array_index(ranked, i);
        const OmenDestinationProbe *probe = g_hash_table_lookup(self->probes, one->name);
        g_ptr_array_add(known, probe && !probe->reachable ? g_strdup(probe->reason) : NULL);
    }
    return known;
}

static GArray *
list_reserved(OmenEvacuator *self, GPtrArray *ranked)
{
    GArray *reserved = g_array_new(FALSE, FALSE, sizeof(guint64));

    for (guint i = 0; i < ranked->len; i++) {
        guint64 bytes = omen_evacuator_get_reserved(self, g_ptr_array_index(ranked, i));
        g_array_append_val(reserved, bytes);
    }
    return reserved;
}

void
omen_evacuator_plan_async(OmenEvacuator *self,
                          const char *const *uuids,
                          const OmenEvacuationRequest *request,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
    GTask *task = g_task_new(self, NULL, callback, user_data);
    Inquiry *inquiry = g_new0(Inquiry, 1);
    gint64 now_us = g_get_real_time();

    inquiry->source_uri = g_strdup(omen_hypervisor_get_uri(self->hypervisor));
    inquiry->uuids = g_strdupv((char **) uuids);
    inquiry->wanted = g_strdup(request->destination);
    inquiry->destinations = omen_evacuator_rank_destinations(self);
    inquiry->known = list_known_reasons(self, inquiry->destinations);
    inquiry->reserved = list_reserved(self, inquiry->destinations);
    inquiry->limits = self->limits;
    inquiry->post_copy =
        self->limits.post_copy == OMEN_POST_COPY_ALWAYS ||
        (self->limits.post_copy == OMEN_POST_COPY_HEALTHY && !request->host_may_die);
    if (request->deadline_us > now_us)
        inquiry->deadline_s = (double) (request->deadline_us - now_us) / G_USEC_PER_SEC;
    inquiry->facts = g_ptr_array_new_with_free_func((GDestroyNotify) omen_domain_facts_free);
    inquiry->reasons = g_ptr_array_new_with_free_func(g_free);
    omen_workers_run_async(self->surveys, NULL, inquire, inquiry, inquiry_free,
                           (GDestroyNotify) g_ptr_array_unref, PLAN_DEADLINE_S, on_inquired, task);
}

GPtrArray *
omen_evacuator_plan_finish(OmenEvacuator *self G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is next: from facts and probes to the planner, and from its plan to a job or to an answer.
 */
#include "evacuator-private.h"

#include <math.h>

#define MIB                 (1024.0 * 1024.0)
#define ASSUMED_BYTES_PER_S (110 * MIB) /* of one move, where nothing is configured */
#define SURVEY_LIMIT_US     (2 * G_USEC_PER_SEC)
#define PLAN_DEADLINE_S     60

static OmenPlanDomain
describe_domain(const OmenDomainFacts *facts)
{
    OmenPlanDomain domain = {
        .uuid = facts->uuid,
        .name = facts->name,
        .memory_bytes = facts->memory_bytes,
        .transfer_bytes = facts->transfer_bytes,
        .disk_bytes = facts->disk_bytes,
        .dirty_bytes_per_second = MAX(facts->dirty_bytes_per_second, 0),
        .importance = facts->wishes.priority,
        .technique = facts->wishes.technique,
        .group = *facts->wishes.group ? facts->wishes.group : NULL,
    };

    if (facts->wishes.never_move)
        domain.immovable = "its owner wishes that it never moves (metadata never-move)";
    return domain;
}

/* Destinations that are not the wanted one, or lack a label which the domain needs. */
static guint64
find_barred(const OmenDomainFacts *facts, const char *wanted, GPtrArray *ranked)
{
    guint64 barred = 0;

    for (guint i = 0; i < MIN(ranked->len, 64); i++) {
        const OmenDestination *one = g_ptr_array_index(ranked, i);
        if ((wanted && !g_str_equal(wanted, one->name)) ||
            !omen_destination_has_labels(one, facts->wishes.needs))
            barred |= (guint64) 1 << i;
    }
    return barred;
}

/* One of its anti-affinity group is there, or on its way. */
static gboolean
has_company(OmenEvacuator *self, const Job *job, const OmenDestination *destination)
{
    const char *group = job->facts->wishes.group;

    for (guint i = 0; *group && i < self->jobs->len; i++) {
        const Job *other = g_ptr_array_index(self->jobs, i);
        const OmenEvacuationData *data = omen_job_get_data(other);
        if (other == job || !other->facts || data->phase == OMEN_PHASE_FAILED ||
            data->phase == OMEN_PHASE_CANCELLED || !g_str_equal(other->facts->wishes.group, group))
            continue;
        if (g_str_equal(data->destination, destination->name))
            return TRUE;
    }
    return FALSE;
}

static OmenPlanLimits
make_limits(const OmenEvacuatorLimits *limits, double deadline_s)
{
    OmenPlanLimits plan = {
        .concurrency = MAX(limits->concurrency, 1),
        .concurrency_a_destination = limits->concurrency_a_destination,
        .move_bytes_per_second = limits->bandwidth_mib * MIB,
        .deadline_s = deadline_s,
    };

    if (limits->link_mib > 0) {
        plan.link_bytes_per_second = limits->link_mib * MIB;
    } else {
        if (limits->bandwidth_mib == 0)
            plan.move_bytes_per_second = ASSUMED_BYTES_PER_S;
        plan.link_bytes_per_second = plan.move_bytes_per_second * plan.concurrency;
    }
    return plan;
}

static guint64
room_of(const OmenEvacuatorLimits *limits, guint64 free_bytes, guint64 promised_bytes)
{
    guint64 taken = limits->reserve_bytes + promised_bytes;

    return free_bytes > taken ? free_bytes - taken : 0;
}

/* ---- the next job ---- */

/* What a choice is made of; strings and facts are the jobs' and the probes'. */
typedef struct {
    GPtrArray *jobs;   /* Job: that wait, borrowed */
    GPtrArray *ranked; /* OmenDestination */
    GArray *domains;
    GArray *destinations;
    gboolean is_busy; /* a destination has as many moves as it may */
    guint running;
    double deadline_s;
    gboolean post_copy;
} Choice;

static void
choice_clear(Choice *self)
{
    g_clear_pointer(&self->jobs, g_ptr_array_unref);
    g_clear_pointer(&self->ranked, g_ptr_array_unref);
    g_clear_pointer(&self->domains, g_array_unref);
    g_clear_pointer(&self->destinations, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Choice, choice_clear)

static void
add_destination(OmenEvacuator *self, Choice *choice, const OmenDestination *destination)
{
    const OmenDestinationProbe *probe = g_hash_table_lookup(self->probes, destination->name);
    OmenPromise promise =
        omen_evacuator_get_promised(self, destination->name, probe ? probe->asked_us : 0);
    OmenPlanDestination row = {.name = destination->name, .room_bytes = G_MAXUINT64 / 2};
    guint limit = self->limits.concurrency_a_destination;

    if (probe && !probe->reachable)
        row.unusable = probe->reason;
    else if (probe)
        row.room_bytes = room_of(&self->limits, probe->sight.free_bytes, promise.bytes);
    if (limit > 0 && promise.running >= limit) {
        row.unusable = "as many moves go there as may at once";
        choice->is_busy = TRUE;
    }
    choice->running += promise.running;
    g_array_append_val(choice->destinations, row);
}

static void
add_job(OmenEvacuator *self, Choice *choice, Job *job, gint64 now_us)
{
    OmenPlanDomain row = {.name = "", .memory_bytes = 0};

    g_ptr_array_add(choice->jobs, job);
    if (job->facts) {
        row = describe_domain(job->facts);
        row.barred = find_barred(job->facts, job->wanted, choice->ranked);
        for (guint i = 0; i < MIN(choice->ranked->len, 64); i++) {
            if (has_company(self, job, g_ptr_array_index(choice->ranked, i)))
                row.barred |= (guint64) 1 << i;
        }
        if (!omen_job_may_post_copy(job) && omen_technique_is_post_copy(row.technique))
            row.technique = OMEN_TECHNIQUE_AUTO;
    }
    choice->post_copy = choice->post_copy && omen_job_may_post_copy(job);
    g_array_append_val(choice->domains, row);
    if (job->deadline_us > now_us) {
        double left_s = (double) (job->deadline_us - now_us) / G_USEC_PER_SEC;
        choice->deadline_s = choice->deadline_s > 0 ? MIN(choice->deadline_s, left_s) : left_s;
    }
}

static gboolean
is_waiting(const Job *job)
{
    return omen_job_get_data(job)->phase == OMEN_PHASE_QUEUED && !job->occupies_lane && !job->stuck;
}

/* What comes back: there is nothing to choose. */
static Job *
find_returning(OmenEvacuator *self)
{
    for (guint i = 0; i < self->jobs->len; i++) {
        Job *job = g_ptr_array_index(self->jobs, i);
        if (is_waiting(job) && *omen_job_get_data(job)->source_uri)
            return job;
    }
    return NULL;
}

/* FALSE: for one of them is worth waiting. */
static gboolean
collect(OmenEvacuator *self, Choice *choice)
{
    gint64 now_us = g_get_monotonic_time();
    gint64 wall_us = g_get_real_time();
    gboolean is_ready = TRUE;

    choice->jobs = g_ptr_array_new();
    choice->ranked = omen_evacuator_rank_destinations(self);
    choice->domains = g_array_new(FALSE, FALSE, sizeof(OmenPlanDomain));
    choice->destinations = g_array_new(FALSE, FALSE, sizeof(OmenPlanDestination));
    choice->post_copy = TRUE;
    for (guint i = 0; i < self->jobs->len; i++) {
        Job *job = g_ptr_array_index(self->jobs, i);
        if (!is_waiting(job) || *omen_job_get_data(job)->source_uri)
            continue;
        if (job->asked_us == 0)
            omen_job_survey(job);
        if (!job->facts && now_us - job->asked_us < SURVEY_LIMIT_US)
            is_ready = FALSE;
        add_job(self, choice, job, wall_us);
    }
    for (guint i = 0; i < choice->ranked->len; i++)
        add_destination(self, choice, g_ptr_array_index(choice->ranked, i));
    return is_ready;
}

/* A link that is known is not shared by more moves than the plan has at its beginning. */
static gboolean
is_enough_under_way(OmenEvacuator *self, const Choice *choice, GPtrArray *plan)
{
    guint at_once = 0;

    if (self->limits.link_mib == 0 || choice->running == 0)
        return FALSE;
    for (guint i = 0; i < plan->len; i++) {
        const OmenPlannedMove *move = g_ptr_array_index(plan, i);
        at_once += move->destination >= 0 && move->start_s <= 0;
    }
    return choice->running >= MAX(at_once, 1);
}

static Job *
take_first(const Choice *choice, GPtrArray *plan)
{
    for (guint i = 0; i < plan->len; i++) {
        const OmenPlannedMove *move = g_ptr_array_index(plan, i);
        Job *job = g_ptr_array_index(choice->jobs, move->domain);
        const OmenDestination *there;
        if (move->destination < 0)
            continue;
        there = g_ptr_array_index(choice->ranked, move->destination);
        omen_job_set_string(&job->preferred, there->name);
        job->technique = move->technique;
        return job;
    }
    /* Nothing fits by what is known. Asked once more it may, and the reasons are told. */
    return choice->is_busy ? NULL : g_ptr_array_index(choice->jobs, 0);
}

Job *
omen_evacuator_choose(OmenEvacuator *self)
{
    g_auto(Choice) choice = {0};
    g_autoptr(GPtrArray) plan = NULL;
    OmenPlanLimits limits;

    if (!collect(self, &choice))
        return NULL;
    if (choice.jobs->len == 0)
        return find_returning(self);
    limits = make_limits(&self->limits, choice.deadline_s);
    limits.post_copy = choice.post_copy;
    plan = omen_planner_plan(
        (const OmenPlanDomain *) (gconstpointer) choice.domains->data, choice.domains->len,
        (const OmenPlanDestination *) (gconstpointer) choice.destinations->data,
        choice.destinations->len, &limits);
    if (is_enough_under_way(self, &choice, plan))
        return NULL;
    return take_first(&choice, plan);
}

/* ---- what would be done ---- */

/* What the worker gets: copies. */
typedef struct {
    char *source_uri;
    char **uuids;
    char *wanted;
    GPtrArray *destinations; /* OmenDestination, ranked */
    GPtrArray *known;        /* char *: what speaks against each; NULL: it is to be asked */
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
        row = describe_domain(facts);
        row.barred = find_barred(facts, NULL, self->destinations);
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
                                   .unusable = g_ptr_array_index(self->known, i)};
        if (row.unusable) {
            g_array_append_val(destinations, row);
            continue;
        }
        if (omen_destination_check(destination, &demand, &sight, &error))
            row.room_bytes = room_of(&self->limits, sight.free_bytes, 0);
        else
            row.unusable = keep_reason(self, error->message);
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
describe_move(const Inquiry *self, const OmenPlannedMove *move)
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
    return row;
}

static gpointer
inquire(gpointer data, GError **error G_GNUC_UNUSED)
{
    Inquiry *self = data;
    OmenPlanLimits limits = make_limits(&self->limits, self->deadline_s);
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
        g_ptr_array_add(rows, describe_move(self, g_ptr_array_index(plan, i)));
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
    inquiry->limits = self->limits;
    inquiry->post_copy =
        self->limits.post_copy == OMEN_POST_COPY_ALWAYS ||
        (self->limits.post_copy == OMEN_POST_COPY_HEALTHY && !request->host_may_die);
    if (request->deadline_us > now_us)
        inquiry->deadline_s = (double) (request->deadline_us - now_us) / G_USEC_PER_SEC;
    inquiry->facts = g_ptr_array_new_with_free_func((GDestroyNotify) omen_domain_facts_free);
    inquiry->reasons = g_ptr_array_new_with_free_func(g_free);
    omen_workers_run_async(self->probers, NULL, inquire, inquiry, inquiry_free,
                           (GDestroyNotify) g_ptr_array_unref, PLAN_DEADLINE_S, on_inquired, task);
}

GPtrArray *
omen_evacuator_plan_finish(OmenEvacuator *self G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is next: from facts and probes to the planner, and from its plan to a job or to an answer.
 */
#include "evacuation/queue/evacuator-private.h"

#define JUST_LEFT_US    (10 * G_TIME_SPAN_SECOND)
#define SURVEY_LIMIT_US (2 * G_USEC_PER_SEC)

OmenPlanDomain
omen_plan_describe_domain(const OmenDomainFacts *facts)
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
        domain.immovable = "its owner does not allow a move (metadata never-move)";
    return domain;
}

/* Destinations that are not the wanted one, or lack a label which the domain needs. */
guint64
omen_plan_find_barred(const OmenDomainFacts *facts, const char *wanted, GPtrArray *ranked)
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

/* A domain that left is here again. What libvirt tells of one that has just left may be of before.
 */
static gboolean
has_come_back(OmenEvacuator *self, const OmenEvacuationData *data)
{
    const OmenDomainInfo *here = omen_hypervisor_lookup(self->hypervisor, data->domain_uuid);

    return data->phase == OMEN_PHASE_SUCCEEDED && here && omen_domain_info_is_active(here) &&
           g_get_real_time() - data->ended_us > JUST_LEFT_US;
}

/* One of its anti-affinity group is there, or on its way. */
static gboolean
has_company(OmenEvacuator *self, const OmenJob *job, const OmenDestination *destination)
{
    const char *group = job->facts->wishes.group;

    for (guint i = 0; *group && i < self->jobs->len; i++) {
        const OmenJob *other = g_ptr_array_index(self->jobs, i);
        const OmenEvacuationData *data = omen_job_get_data(other);
        if (other == job || !other->facts || data->phase == OMEN_PHASE_FAILED ||
            data->phase == OMEN_PHASE_CANCELLED || !g_str_equal(other->facts->wishes.group, group))
            continue;
        if (has_come_back(self, data))
            continue;
        if (g_str_equal(data->destination, destination->name))
            return TRUE;
    }
    return FALSE;
}

guint64
omen_evacuator_get_reserved(OmenEvacuator *self, const OmenDestination *destination)
{
    return self->reserver ? self->reserver->get_reserved(destination, self->reserver_data) : 0;
}

/* ---- the next job ---- */

/* What a choice is made of; strings and facts are the jobs' and the probes'. */
typedef struct {
    GPtrArray *jobs;   /* OmenJob: that wait, borrowed */
    OmenJob *unknown;  /* one of which nothing is known, since its QEMU does not answer; NULL */
    GPtrArray *ranked; /* OmenDestination */
    GArray *domains;
    GArray *destinations;
    gboolean is_busy; /* a destination has as many moves as it may */
    guint again_ms;   /* a destination is full until then */
    gboolean is_late; /* some can wait for a place no longer: it is their turn, and that of no other
                       */
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
    guint crowded_ms = omen_evacuator_get_crowded_ms(self, destination->name);

    if (choice->is_late)
        crowded_ms = 0;
    else
        row.reserved_bytes = omen_evacuator_get_reserved(self, destination);
    if (probe && !probe->reachable)
        row.unusable = probe->reason;
    else if (probe)
        row.room_bytes = omen_plan_room_of(&self->limits, probe->sight.free_bytes,
                                           promise.bytes + row.reserved_bytes);
    if (limit > 0 && promise.running >= limit) {
        row.unusable = "no more moves to it may run at once";
        choice->is_busy = TRUE;
    }
    if (crowded_ms > 0) {
        row.unusable = "it is full by what others send there";
        choice->is_busy = TRUE;
        choice->again_ms = MAX(choice->again_ms, crowded_ms);
    }
    choice->running += promise.running;
    g_array_append_val(choice->destinations, row);
}

static void
add_job(OmenEvacuator *self, Choice *choice, OmenJob *job, gint64 now_us)
{
    OmenPlanDomain row = omen_plan_describe_domain(job->facts);

    g_ptr_array_add(choice->jobs, job);
    row.barred = omen_plan_find_barred(job->facts, job->wanted, choice->ranked);
    for (guint i = 0; i < MIN(choice->ranked->len, 64); i++) {
        if (has_company(self, job, g_ptr_array_index(choice->ranked, i)))
            row.barred |= (guint64) 1 << i;
    }
    if (!omen_job_may_post_copy(job) && omen_technique_is_post_copy(row.technique))
        row.technique = OMEN_TECHNIQUE_AUTO;
    choice->post_copy = choice->post_copy && omen_job_may_post_copy(job);
    g_array_append_val(choice->domains, row);
    if (job->deadline_us > now_us) {
        double left_s = (double) (job->deadline_us - now_us) / G_USEC_PER_SEC;
        choice->deadline_s = choice->deadline_s > 0 ? MIN(choice->deadline_s, left_s) : left_s;
    }
}

static gboolean
is_waiting(const OmenJob *job)
{
    return omen_job_get_data(job)->phase == OMEN_PHASE_QUEUED && !job->occupies_lane && !job->stuck;
}

/* What comes back: there is nothing to choose. */
static OmenJob *
find_returning(OmenEvacuator *self, guint *again_ms)
{
    gint64 now_us = g_get_monotonic_time();

    for (guint i = 0; i < self->jobs->len; i++) {
        OmenJob *job = g_ptr_array_index(self->jobs, i);
        if (!is_waiting(job) || !*omen_job_get_data(job)->source_uri)
            continue;
        if (now_us >= job->wait_until_us)
            return job;
        *again_ms = MAX(*again_ms, (guint) ((job->wait_until_us - now_us) / 1000 + 1));
    }
    return NULL;
}

static gboolean
is_late(OmenJob *job)
{
    return is_waiting(job) && !*omen_job_get_data(job)->source_uri && job->facts &&
           omen_job_get_wait(job) == OMEN_JOB_WAIT_TO_GO;
}

static gboolean
is_any_late(OmenEvacuator *self)
{
    for (guint i = 0; i < self->jobs->len; i++) {
        if (is_late(g_ptr_array_index(self->jobs, i)))
            return TRUE;
    }
    return FALSE;
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
    choice->is_late = is_any_late(self);
    for (guint i = 0; i < self->jobs->len; i++) {
        OmenJob *job = g_ptr_array_index(self->jobs, i);
        if (!is_waiting(job) || *omen_job_get_data(job)->source_uri)
            continue;
        if (job->asked_us == 0)
            omen_job_survey(job);
        if (job->facts && (!choice->is_late || is_late(job)))
            add_job(self, choice, job, wall_us);
        else if (job->facts)
            continue;
        else if (now_us - job->asked_us < SURVEY_LIMIT_US)
            is_ready = FALSE;
        else if (!choice->unknown)
            choice->unknown = job;
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

static OmenJob *
take_first(const Choice *choice, GPtrArray *plan)
{
    for (guint i = 0; i < plan->len; i++) {
        const OmenPlannedMove *move = g_ptr_array_index(plan, i);
        OmenJob *job = g_ptr_array_index(choice->jobs, move->domain);
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

/* Those that were not tried themselves wait as well, and say so. */
static void
begin_waits(const Choice *choice)
{
    for (guint i = 0; i < choice->jobs->len; i++) {
        OmenJob *job = g_ptr_array_index(choice->jobs, i);
        OmenEvacuationData *data;
        omen_job_begin_wait(job);
        if (g_str_has_prefix(omen_job_get_data(job)->error, OMEN_JOB_WAITS))
            continue;
        data = omen_job_edit(job);
        omen_job_set_string(&data->error,
                            OMEN_JOB_WAITS "the destinations are full by what others send there");
        omen_evacuation_update(job->evacuation, data);
    }
}

OmenJob *
omen_evacuator_choose(OmenEvacuator *self, guint *again_ms)
{
    g_auto(Choice) choice = {0};
    g_autoptr(GPtrArray) plan = NULL;
    OmenPlanLimits limits;
    OmenJob *job;

    *again_ms = 0;
    if (!collect(self, &choice)) {
        *again_ms = SURVEY_LIMIT_US / 1000;
        return NULL;
    }
    if (choice.jobs->len == 0)
        return choice.unknown ? choice.unknown : find_returning(self, again_ms);
    *again_ms = choice.again_ms;
    limits = omen_plan_make_limits(&self->limits, choice.deadline_s);
    limits.post_copy = choice.post_copy;
    plan = omen_planner_plan(
        (const OmenPlanDomain *) (gconstpointer) choice.domains->data, choice.domains->len,
        (const OmenPlanDestination *) (gconstpointer) choice.destinations->data,
        choice.destinations->len, &limits);
    if (is_enough_under_way(self, &choice, plan))
        return NULL;
    job = take_first(&choice, plan);
    if (!job && choice.again_ms > 0)
        begin_waits(&choice);
    return job;
}

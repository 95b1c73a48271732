/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is next: a job's step tells what became of it (omen_job_tell()), and here alone is decided
 * which step follows, and which job.
 */
#include "evacuation/queue/evacuator-private.h"

#define ROUND_PAUSE_MS   5000
#define CROWDED_PAUSE_US (2 * G_USEC_PER_SEC)

/* ---- which job ---- */

static guint
count_lanes(OmenEvacuator *self)
{
    guint taken = 0;

    for (guint i = 0; i < self->jobs->len; i++)
        taken += ((OmenJob *) g_ptr_array_index(self->jobs, i))->occupies_lane ? 1 : 0;
    return taken;
}

static void
begin(OmenJob *job)
{
    job->occupies_lane = TRUE;
    omen_job_set_phase(job, OMEN_PHASE_CHECKING);
    if (omen_job_is_fresh(job))
        omen_job_search(job);
    else
        omen_job_examine(job);
}

static gboolean
on_pump_time(gpointer user_data)
{
    OmenEvacuator *self = user_data;

    self->pump_source = 0;
    omen_evacuator_pump(self);
    return G_SOURCE_REMOVE;
}

void
omen_evacuator_pump(OmenEvacuator *self)
{
    guint again_ms = 0;

    while (!self->stopped && count_lanes(self) < self->limits.concurrency) {
        OmenJob *job = omen_evacuator_choose(self, &again_ms);
        if (!job)
            break;
        begin(job);
    }
    if (again_ms > 0 && !self->pump_source)
        self->pump_source = g_timeout_add(again_ms, on_pump_time, self);
}

void
omen_evacuator_pump_soon(OmenEvacuator *self)
{
    g_clear_handle_id(&self->pump_source, g_source_remove);
    self->pump_source = g_idle_add(on_pump_time, self);
}

/* ---- which step ---- */

static void
on_stayed(OmenJob *job)
{
    OmenEvacuationData *again;
    OmenJobRetry retry = omen_job_plan_retry(job);

    omen_job_release(job);
    if (retry == OMEN_JOB_RETRY_NEVER) {
        g_autofree char *error = g_strdup(job->reasons->str);
        omen_job_escalate(job, error);
        return;
    }
    again = omen_job_edit(job);
    again->phase = OMEN_PHASE_CHECKING;
    omen_job_set_string(&again->error, job->reasons->str);
    omen_evacuation_update(job->evacuation, again);
    job->occupies_lane = TRUE;
    if (retry == OMEN_JOB_RETRY_LATER)
        omen_job_examine_later(job, ROUND_PAUSE_MS);
    else
        omen_job_examine(job);
}

/* It waits in the queue, and says for what. Reasons of this search are not those of an end. */
static void
wait_for_place(OmenJob *job, const char *why)
{
    OmenEvacuationData *data = omen_job_edit(job);
    g_autofree char *error = g_strconcat(OMEN_JOB_WAITS, why, NULL);

    g_string_truncate(job->reasons, job->n_reasons);
    job->occupies_lane = FALSE;
    job->wait_until_us = g_get_monotonic_time() + CROWDED_PAUSE_US;
    data->phase = OMEN_PHASE_QUEUED;
    if (!g_str_has_prefix(data->error, OMEN_JOB_WAITS))
        g_message("evacuation %" G_GUINT64_FORMAT " of %s %s", data->id, data->domain_name, error);
    omen_job_set_string(&data->error, error);
    omen_evacuation_update(job->evacuation, data);
    omen_evacuator_pump_soon(job->evacuator);
}

static void
end_waiting(OmenJob *job, const char *why)
{
    g_autofree char *error =
        g_strdup_printf("it waited too long for a place at a destination: %s%s%s", why,
                        job->reasons->len > 0 ? "; " : "", job->reasons->str);

    omen_job_finish(job, OMEN_PHASE_FAILED, error);
}

static void
on_crowded(OmenJob *job, const char *why)
{
    OmenJobWait wait = omen_job_get_wait(job);

    if (wait == OMEN_JOB_WAIT_GOES_ON) {
        wait_for_place(job, why);
    } else if (wait == OMEN_JOB_WAIT_TO_END) {
        end_waiting(job, why);
    } else {
        g_string_truncate(job->reasons, job->n_reasons);
        job->goes_anyway = TRUE;
        omen_job_search(job);
    }
}

/* Between two steps, while it still runs where it was, a cancellation is heeded. */
static gboolean
is_cancelled(OmenJob *job, OmenJobEvent event)
{
    gboolean is_between = event == OMEN_JOB_EXAMINED || event == OMEN_JOB_PLACED ||
                          event == OMEN_JOB_RESERVED || event == OMEN_JOB_FULL ||
                          event == OMEN_JOB_CROWDED || event == OMEN_JOB_STAYED;

    if (!job->cancelled || !is_between)
        return FALSE;
    omen_job_finish_cancelled(job);
    return TRUE;
}

void
omen_evacuator_take_step(OmenJob *job, OmenJobEvent event, const char *why)
{
    if (is_cancelled(job, event))
        return;
    switch (event) {
    case OMEN_JOB_SURVEYED:
        omen_evacuator_pump(job->evacuator);
        return;
    case OMEN_JOB_EXAMINED:
        omen_job_search(job);
        return;
    case OMEN_JOB_PLACED:
        omen_job_reserve(job);
        return;
    case OMEN_JOB_RESERVED:
        omen_job_run(job);
        return;
    case OMEN_JOB_FULL:
        omen_job_ask_next(job);
        return;
    case OMEN_JOB_CROWDED:
        on_crowded(job, why);
        return;
    case OMEN_JOB_MIGRATED:
        omen_job_settle(job, job->last_error ? OMEN_PHASE_RECONCILING : OMEN_PHASE_VERIFYING);
        return;
    case OMEN_JOB_BROKEN:
        omen_job_resume(job);
        return;
    case OMEN_JOB_STAYED:
        on_stayed(job);
        return;
    case OMEN_JOB_STUCK:
        omen_job_escalate(job, why);
        return;
    case OMEN_JOB_ARRIVED:
        /* What earlier attempts failed of is worth knowing. */
        omen_job_finish(job, OMEN_PHASE_SUCCEEDED, job->reasons->str);
        return;
    case OMEN_JOB_ENDED:
        omen_job_release(job);
        omen_evacuator_pump_soon(job->evacuator);
        return;
    case OMEN_JOB_LEFT_LANE:
        omen_evacuator_pump_soon(job->evacuator);
        return;
    default:
        g_return_if_reached();
    }
}

/* ---- from outside ---- */

gboolean
omen_evacuator_cancel_job(OmenJob *job, const char *why, GError **error)
{
    if (job->stuck && !omen_phase_is_final(omen_job_get_data(job)->phase)) {
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY,
                    "cannot cancel: the domain cannot leave, and when_stuck is being applied");
        return FALSE;
    }
    switch (omen_job_get_data(job)->phase) {
    case OMEN_PHASE_QUEUED:
        job->cancelled = why;
        omen_job_finish_cancelled(job);
        return TRUE;
    case OMEN_PHASE_CHECKING:
        job->cancelled = why;
        return TRUE;
    case OMEN_PHASE_RUNNING:
        job->cancelled = why;
        if (job->is_migrating)
            omen_job_ask_abort(job);
        return TRUE;
    case OMEN_PHASE_VERIFYING:
    case OMEN_PHASE_RECONCILING:
    case OMEN_PHASE_SUCCEEDED:
    case OMEN_PHASE_FAILED:
    case OMEN_PHASE_CANCELLED:
    default:
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY,
                    "cannot cancel: the evacuation %s",
                    omen_phase_is_final(omen_job_get_data(job)->phase)
                        ? "has finished"
                        : "is past its migration; both hosts are asked where the domain runs");
        return FALSE;
    }
}

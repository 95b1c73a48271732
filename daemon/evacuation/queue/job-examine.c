/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A look at the domain: while its evacuation waits, for the planner, and again when its turn has
 * come. */
#include "evacuation/queue/evacuator-private.h"

#define QUESTION_DEADLINE_S 40
#define RATE_DEADLINE_S     20
#define MAX_EXAMINATIONS    15
#define EXAMINE_PAUSE_MS    2000
#define FRESH_US            (2 * G_USEC_PER_SEC) /* for so long what was seen holds */

static gpointer
examine_work(gpointer data, GError **error)
{
    Question *question = data;

    return omen_migration_examine(question->source_uri, question->uuid, error);
}

static void
take_facts(OmenJob *self, OmenDomainFacts *facts)
{
    /* The dirty rate is measured by itself. */
    if (self->facts)
        facts->dirty_bytes_per_second = self->facts->dirty_bytes_per_second;
    g_clear_pointer(&self->facts, omen_domain_facts_free);
    self->facts = facts;
    self->examined_us = g_get_monotonic_time();
}

/* That says something of the domain; anything else only of libvirt here, which may be restarted
 * just now. */
static gboolean
is_final_answer(const GError *error)
{
    return error->domain == OMEN_MIGRATION_ERROR || error->domain == OMEN_DOMAIN_FACTS_ERROR ||
           g_error_matches(error, OMEN_LIBVIRT_ERROR, VIR_ERR_NO_DOMAIN) ||
           g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static gboolean
on_examine_again(gpointer user_data)
{
    OmenJob *self = user_data;

    self->settle_source = 0;
    if (self->cancelled)
        omen_job_tell(self, OMEN_JOB_EXAMINED, NULL);
    else
        omen_job_examine(self);
    return G_SOURCE_REMOVE;
}

void
omen_job_examine_later(OmenJob *self, guint pause_ms)
{
    self->settle_source = g_timeout_add(pause_ms, on_examine_again, self);
}

static void
take_no_answer(OmenJob *self, const GError *error)
{
    if (!is_final_answer(error) && ++self->n_examinations < MAX_EXAMINATIONS) {
        /* One that waits is asked again when its turn comes. */
        if (omen_job_get_data(self)->phase == OMEN_PHASE_CHECKING)
            omen_job_examine_later(self, EXAMINE_PAUSE_MS);
        return;
    }
    if (g_error_matches(error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_MOVABLE))
        omen_job_tell(self, OMEN_JOB_STUCK, error->message);
    else
        omen_job_finish(self, OMEN_PHASE_FAILED, error->message);
}

/* FALSE: it ended, or must stay, and the evacuation has ended; or it is not known yet. */
static gboolean
take_examination(OmenJob *self, GAsyncResult *result)
{
    g_autoptr(GError) error = NULL;
    OmenDomainFacts *facts = omen_workers_run_finish(result, &error);

    if (!self->evacuator || self->stuck || omen_phase_is_final(omen_job_get_data(self)->phase)) {
        g_clear_pointer(&facts, omen_domain_facts_free);
        return FALSE;
    }
    if (!facts) {
        take_no_answer(self, error);
        return FALSE;
    }
    self->n_examinations = 0;
    take_facts(self, facts);
    if (*facts->wishes.problem)
        g_warning("%s: in its metadata: %s", facts->name, facts->wishes.problem);
    if (omen_job_is_to_shut_down(self)) {
        omen_job_tell(self, OMEN_JOB_STUCK, "its owner wants it shut down instead of moved");
        return FALSE;
    }
    if (!facts->wishes.never_move || *omen_job_get_data(self)->source_uri)
        return TRUE;
    omen_job_tell(self, OMEN_JOB_STUCK, "its owner does not allow a move (metadata never-move)");
    return FALSE;
}

static void
on_examined(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;

    if (take_examination(self, result))
        omen_job_tell(self, OMEN_JOB_EXAMINED, NULL);
}

void
omen_job_examine(OmenJob *self)
{
    omen_workers_run_async(self->evacuator->questions, NULL, examine_work,
                           omen_job_make_question(self), omen_question_free,
                           (GDestroyNotify) omen_domain_facts_free, QUESTION_DEADLINE_S,
                           on_examined, omen_job_ref(self));
}

/* ---- while it waits ---- */

static gpointer
rate_work(gpointer data, GError **error)
{
    Question *question = data;
    g_autoptr(OmenVirConnect) connection = virConnectOpen(question->source_uri);
    g_autoptr(OmenVirDomain) domain =
        connection ? virDomainLookupByUUIDString(connection, question->uuid) : NULL;
    double *rate = g_new(double, 1);

    *rate = -1;
    if (domain && omen_domain_start_dirty_rate(domain, 1)) {
        g_usleep(G_USEC_PER_SEC + G_USEC_PER_SEC / 5);
        *rate = omen_domain_read_dirty_rate(domain);
    }
    if (*rate >= 0)
        return rate;
    g_free(rate);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "QEMU does not tell the dirty rate");
    return NULL;
}

static void
on_rated(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;
    g_autofree double *rate = omen_workers_run_finish(result, NULL);

    if (self->evacuator && self->facts && rate)
        self->facts->dirty_bytes_per_second = *rate;
}

/* Nobody waits for this: what goes first goes by its size. */
static void
ask_dirty_rate(OmenJob *self)
{
    self->is_rated = TRUE;
    omen_workers_run_async(self->evacuator->surveys, NULL, rate_work, omen_job_make_question(self),
                           omen_question_free, g_free, RATE_DEADLINE_S, on_rated,
                           omen_job_ref(self));
}

static void
on_surveyed(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;

    if (omen_job_get_data(self)->phase != OMEN_PHASE_QUEUED || !take_examination(self, result))
        return;
    omen_job_tell(self, OMEN_JOB_SURVEYED, NULL);
    if (omen_job_get_data(self)->phase == OMEN_PHASE_QUEUED && !self->is_rated)
        ask_dirty_rate(self);
}

void
omen_job_survey(OmenJob *self)
{
    self->asked_us = g_get_monotonic_time();
    omen_workers_run_async(self->evacuator->surveys, NULL, examine_work,
                           omen_job_make_question(self), omen_question_free,
                           (GDestroyNotify) omen_domain_facts_free, QUESTION_DEADLINE_S,
                           on_surveyed, omen_job_ref(self));
}

gboolean
omen_job_is_fresh(const OmenJob *self)
{
    return self->facts && g_get_monotonic_time() - self->examined_us < FRESH_US;
}

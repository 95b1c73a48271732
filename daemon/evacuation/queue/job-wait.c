/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For how long it waits for a place at destinations that are full by what others send there. What
 * is told of them is others' word: it may delay a move, and never forbid it.
 */
#include "evacuation/queue/evacuator-private.h"

#include <math.h>

/* A place whose keeper is dead ends in that time; whoever holds it longer keeps nobody alive from
 * leaving. libvirt refuses what does not fit. */
#define PATIENCE_S 300
/* Whoever wants a move of a healthy host is told, and decides anew. */
#define LIMIT_S 900
/* Until it is tried again, and until the destination has answered. */
#define MARGIN_S 10.0

/* Of the move alone, once it begins. */
static double
foresee_s(OmenJob *self)
{
    const OmenEvacuatorLimits *limits = &self->evacuator->limits;
    OmenPlanLimits plan = omen_plan_make_limits(limits, 0);
    const OmenDomainFacts *facts = self->facts;
    OmenMigrationLoad load = {.bytes_per_second = plan.move_bytes_per_second};
    OmenMigrationEstimate estimate;

    if (!facts)
        return 0;
    if (load.bytes_per_second <= 0)
        load.bytes_per_second = plan.link_bytes_per_second;
    load.memory_bytes = facts->transfer_bytes > 0 ? facts->transfer_bytes : facts->memory_bytes;
    load.disk_bytes = facts->disk_bytes;
    load.dirty_bytes_per_second = MAX(facts->dirty_bytes_per_second, 0);
    load.downtime_limit_ms = limits->max_downtime_ms;
    omen_technique_choose(&load, omen_job_may_post_copy(self), INFINITY, &estimate);
    /* One that does not converge is forced, late in its move. */
    return isfinite(estimate.seconds)
               ? estimate.seconds
               : (double) (load.memory_bytes + load.disk_bytes) / load.bytes_per_second;
}

static gboolean
is_for_omen(const OmenJob *self)
{
    const OmenEvacuationData *data = omen_job_get_data(self);

    return (data->omen_id != 0 || self->host_may_die) && !*data->source_uri;
}

static gboolean
is_time_short(OmenJob *self)
{
    double left_s = (double) (self->deadline_us - g_get_real_time()) / G_USEC_PER_SEC;

    return self->deadline_us > 0 && left_s < foresee_s(self) + MARGIN_S;
}

void
omen_job_begin_wait(OmenJob *self)
{
    if (self->crowded_since_us == 0)
        self->crowded_since_us = g_get_monotonic_time();
}

/* While others of this host find a place, there is a queue, and it moves. */
static gboolean
has_waited(const OmenJob *self, guint seconds)
{
    gint64 since_us = MAX(self->crowded_since_us, self->evacuator->placed_us);

    return g_get_monotonic_time() - since_us >= (gint64) seconds * G_USEC_PER_SEC;
}

OmenJobWait
omen_job_get_wait(OmenJob *self)
{
    const OmenEvacuatorLimits *limits = &self->evacuator->limits;
    guint patience_s = limits->place_patience_s > 0 ? limits->place_patience_s : PATIENCE_S;
    guint limit_s = limits->place_limit_s > 0 ? limits->place_limit_s : LIMIT_S;

    if (self->crowded_since_us == 0)
        return OMEN_JOB_WAIT_GOES_ON;
    if (is_for_omen(self))
        return is_time_short(self) || has_waited(self, patience_s) ? OMEN_JOB_WAIT_TO_GO
                                                                   : OMEN_JOB_WAIT_GOES_ON;
    return has_waited(self, limit_s) ? OMEN_JOB_WAIT_TO_END : OMEN_JOB_WAIT_GOES_ON;
}

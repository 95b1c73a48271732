/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTM with NAB's parameters: encoders, spatial pooler, temporal memory, anomaly likelihood, and the
 * rule that a value far out of the range so far is an anomaly.
 */
#include "detectors.h"
#include "htm-likelihood.h"
#include "htm-memory.h"
#include "scorer.h"

#define SEED      1956
#define TOLERANCE 0.05 /* of the range so far, that a value may lie outside it */

typedef struct {
    const Series *series;
    guint n;
    HtmEncoder *encoder;
    HtmPooler *pooler;
    HtmMemory *memory;
    HtmLikelihood *likelihood;
    double lowest, highest;
} Htm;

gpointer
htm_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    Htm *state = g_new0(Htm, 1);
    SeriesRange range = series_range(series);
    guint64 seed = self->seed ? self->seed : SEED;

    state->series = series;
    state->encoder = htm_encoder_new(range.first, range.lowest, range.highest, seed);
    state->pooler = htm_pooler_new(seed);
    state->memory = htm_memory_new(seed);
    state->likelihood = htm_likelihood_new(EVALUATION_PROBATION);
    return state;
}

static gboolean
is_far_out(Htm *self, double value)
{
    double slack = (self->highest - self->lowest) * TOLERANCE;
    gboolean far_out = self->n > 0 && self->highest > self->lowest &&
                       (value > self->highest + slack || value < self->lowest - slack);

    if (self->n == 0 || value > self->highest)
        self->highest = value;
    if (self->n == 0 || value < self->lowest)
        self->lowest = value;
    return far_out;
}

double
htm_feed(gpointer state, guint32 key)
{
    Htm *self = state;
    guint16 on[HTM_ON], winners[HTM_WINNERS];
    double time_s = g_array_index(self->series->times, double, self->n), score = 0;
    gboolean far_out = is_far_out(self, key);

    htm_encoder_encode(self->encoder, key, time_s, on);
    htm_pooler_step(self->pooler, on, winners);
    score = htm_likelihood_feed(self->likelihood, key, htm_memory_step(self->memory, winners));
    self->n++;
    return far_out ? 1 : CLAMP(score, 0, 1);
}

void
htm_free(gpointer state)
{
    Htm *self = state;

    htm_encoder_free(self->encoder);
    htm_pooler_free(self->pooler);
    htm_memory_free(self->memory);
    htm_likelihood_free(self->likelihood);
    g_free(self);
}

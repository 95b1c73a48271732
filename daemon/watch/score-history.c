/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/score-history.h"

static const double score_bounds[] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};

/* The latest steps, of which @last is the number of the newest that holds a value. */
typedef struct {
    gint64 last;
    float *steps;
    guint n_steps;
    gint64 step_us;
} Ring;

struct _OmenScoreHistory {
    Ring fine;
    Ring coarse;
    float fine_steps[OMEN_SCORE_FINE];
    float coarse_steps[OMEN_SCORE_COARSE];
    OmenHistogram histogram;
};

void
omen_score_history_init_histogram(OmenHistogram *histogram)
{
    omen_histogram_init(histogram, score_bounds, G_N_ELEMENTS(score_bounds));
}

OmenScoreHistory *
omen_score_history_new(void)
{
    OmenScoreHistory *self = g_new0(OmenScoreHistory, 1);

    self->fine = (Ring){.last = -1,
                        .steps = self->fine_steps,
                        .n_steps = OMEN_SCORE_FINE,
                        .step_us = OMEN_SCORE_FINE_S * G_USEC_PER_SEC};
    self->coarse = (Ring){.last = -1,
                          .steps = self->coarse_steps,
                          .n_steps = OMEN_SCORE_COARSE,
                          .step_us = OMEN_SCORE_COARSE_S * G_USEC_PER_SEC};
    omen_score_history_init_histogram(&self->histogram);
    return self;
}

void
omen_score_history_free(OmenScoreHistory *self)
{
    g_free(self);
}

static void
add_to_ring(Ring *ring, gint64 now_us, double score)
{
    gint64 step = now_us / ring->step_us;

    /* What lies between was silent; a clock that goes back adds to the newest. */
    if (ring->last < 0 || step - ring->last > ring->n_steps)
        ring->last = MAX(step - ring->n_steps, -1);
    while (ring->last < step)
        ring->steps[++ring->last % ring->n_steps] = 0;
    float *at = &ring->steps[ring->last % ring->n_steps];
    *at = MAX(*at, (float) score);
}

void
omen_score_history_add(OmenScoreHistory *self, gint64 now_us, double score)
{
    add_to_ring(&self->fine, now_us, score);
    add_to_ring(&self->coarse, now_us, score);
    omen_histogram_add(&self->histogram, score);
}

static void
list_ring(const Ring *ring, gint64 now_us, double *out)
{
    gint64 newest = MAX(now_us / ring->step_us, ring->last);

    for (guint i = 0; i < ring->n_steps; i++) {
        gint64 step = newest - (ring->n_steps - 1) + i;
        gboolean is_kept = step >= 0 && step <= ring->last && step > ring->last - ring->n_steps;
        out[i] = is_kept ? (double) ring->steps[step % ring->n_steps] : 0;
    }
}

void
omen_score_history_list_fine(const OmenScoreHistory *self, gint64 now_us, double *out)
{
    list_ring(&self->fine, now_us, out);
}

void
omen_score_history_list_coarse(const OmenScoreHistory *self, gint64 now_us, double *out)
{
    list_ring(&self->coarse, now_us, out);
}

const OmenHistogram *
omen_score_history_get_histogram(const OmenScoreHistory *self)
{
    return &self->histogram;
}

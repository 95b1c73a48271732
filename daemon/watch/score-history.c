/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/score-history.h"

#include "source/peaks.h"

static const double score_bounds[] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};

struct _OmenScoreHistory {
    OmenPeaks *fine;
    OmenPeaks *coarse;
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

    self->fine = omen_peaks_new(OMEN_SCORE_FINE, OMEN_SCORE_FINE_S, 0);
    self->coarse = omen_peaks_new(OMEN_SCORE_COARSE, OMEN_SCORE_COARSE_S, 0);
    omen_score_history_init_histogram(&self->histogram);
    return self;
}

void
omen_score_history_free(OmenScoreHistory *self)
{
    omen_peaks_free(self->fine);
    omen_peaks_free(self->coarse);
    g_free(self);
}

void
omen_score_history_add(OmenScoreHistory *self, gint64 now_us, double score)
{
    omen_peaks_add(self->fine, now_us, score);
    omen_peaks_add(self->coarse, now_us, score);
    omen_histogram_add(&self->histogram, score);
}

void
omen_score_history_list_fine(const OmenScoreHistory *self, gint64 now_us, double *out)
{
    omen_peaks_list(self->fine, now_us, out);
}

void
omen_score_history_list_coarse(const OmenScoreHistory *self, gint64 now_us, double *out)
{
    omen_peaks_list(self->coarse, now_us, out);
}

const OmenHistogram *
omen_score_history_get_histogram(const OmenScoreHistory *self)
{
    return &self->histogram;
}

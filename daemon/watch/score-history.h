/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scores of one stream over time: the highest of each step, for the latest steps, finely and
 * coarsely. Pure: the clock is the caller's.
 */
#pragma once

#include "metrics/histogram.h"

G_BEGIN_DECLS

#define OMEN_SCORE_FINE_S   1
#define OMEN_SCORE_FINE     120 /* steps: two minutes */
#define OMEN_SCORE_COARSE_S 300
#define OMEN_SCORE_COARSE   288 /* steps: a day */

typedef struct _OmenScoreHistory OmenScoreHistory;

OmenScoreHistory *omen_score_history_new(void);
void omen_score_history_free(OmenScoreHistory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenScoreHistory, omen_score_history_free)

/* A record was given @score (0..1) at @now_us, monotonic. */
void omen_score_history_add(OmenScoreHistory *self, gint64 now_us, double score);

/* The highest scores of the latest steps until @now_us, oldest first, 0 where nothing was read, in
 * OMEN_SCORE_FINE or OMEN_SCORE_COARSE places of @out. */
void omen_score_history_list_fine(const OmenScoreHistory *self, gint64 now_us, double *out);
void omen_score_history_list_coarse(const OmenScoreHistory *self, gint64 now_us, double *out);

/* All scores so far. Borrowed. */
const OmenHistogram *omen_score_history_get_histogram(const OmenScoreHistory *self);

/* The bounds of that histogram, for one to merge several into. */
void omen_score_history_init_histogram(OmenHistogram *histogram);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A histogram: how often a value fell below each of some bounds. Pure, of fixed size. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OMEN_HISTOGRAM_MAX_BOUNDS 16

typedef struct {
    const double *bounds;                          /* rising; borrowed */
    guint n_bounds;                                /* <= OMEN_HISTOGRAM_MAX_BOUNDS */
    guint64 counts[OMEN_HISTOGRAM_MAX_BOUNDS + 1]; /* the last: above all bounds */
    guint64 n_values;
    double sum;
} OmenHistogram;

void omen_histogram_init(OmenHistogram *self, const double *bounds, guint n_bounds);

/* Counts @value in the first bucket whose bound is not below it. */
void omen_histogram_add(OmenHistogram *self, double value);

/* Adds the counts of @other, which has the same bounds. */
void omen_histogram_merge(OmenHistogram *self, const OmenHistogram *other);

G_END_DECLS

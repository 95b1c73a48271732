/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/histogram.h"

void
omen_histogram_init(OmenHistogram *self, const double *bounds, guint n_bounds)
{
    *self = (OmenHistogram){.bounds = bounds, .n_bounds = MIN(n_bounds, OMEN_HISTOGRAM_MAX_BOUNDS)};
}

void
omen_histogram_add(OmenHistogram *self, double value)
{
    guint i = 0;

    while (i < self->n_bounds && value > self->bounds[i])
        i++;
    self->counts[i]++;
    self->n_values++;
    self->sum += value;
}

void
omen_histogram_merge(OmenHistogram *self, const OmenHistogram *other)
{
    for (guint i = 0; i <= self->n_bounds; i++)
        self->counts[i] += other->counts[i];
    self->n_values += other->n_values;
    self->sum += other->sum;
}

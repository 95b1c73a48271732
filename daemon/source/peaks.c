/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/peaks.h"

struct _OmenPeaks {
    gint64 last; /* the number of the newest step that holds a value; -1: none does */
    gint64 step_us;
    float nothing;
    guint n_steps;
    float steps[];
};

OmenPeaks *
omen_peaks_new(guint n_steps, guint step_s, double nothing)
{
    OmenPeaks *self = g_malloc0(sizeof *self + n_steps * sizeof *self->steps);

    self->last = -1;
    self->step_us = (gint64) step_s * G_USEC_PER_SEC;
    self->nothing = (float) nothing;
    self->n_steps = n_steps;
    return self;
}

void
omen_peaks_free(OmenPeaks *self)
{
    g_free(self);
}

void
omen_peaks_add(OmenPeaks *self, gint64 now_us, double value)
{
    gint64 step = now_us / self->step_us;

    if (self->last < 0 || step - self->last > self->n_steps)
        self->last = MAX(step - self->n_steps, -1);
    while (self->last < step)
        self->steps[++self->last % self->n_steps] = self->nothing;
    float *at = &self->steps[self->last % self->n_steps];
    *at = MAX(*at, (float) value);
}

void
omen_peaks_list(const OmenPeaks *self, gint64 now_us, double *out)
{
    gint64 newest = MAX(now_us / self->step_us, self->last);

    for (guint i = 0; i < self->n_steps; i++) {
        gint64 step = newest - (self->n_steps - 1) + i;
        gboolean is_kept = step >= 0 && step <= self->last && step > self->last - self->n_steps;
        out[i] = (double) (is_kept ? self->steps[step % self->n_steps] : self->nothing);
    }
}

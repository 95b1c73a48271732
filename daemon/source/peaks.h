/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The highest value of each step of time, for the latest steps. Pure: the clock is the caller's. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _OmenPeaks OmenPeaks;

/* @nothing: what is told of a step without a value; below or equal to all values. */
OmenPeaks *omen_peaks_new(guint n_steps, guint step_s, double nothing);
void omen_peaks_free(OmenPeaks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenPeaks, omen_peaks_free)

/* @now_us: monotonic; a clock that goes back adds to the newest step. */
void omen_peaks_add(OmenPeaks *self, gint64 now_us, double value);

/* Those of the latest steps until @now_us, oldest first, in as many places of @out. */
void omen_peaks_list(const OmenPeaks *self, gint64 now_us, double *out);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stalls of the last day: for memory, CPUs and storage, the highest share of ten seconds in
 * which some task waited (PSI's "some avg10"), of each five minutes. It belongs to the thread that
 * measures and to whoever shows it: all may be called from any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OMEN_PRESSURE_HISTORY_STEP_S 300
#define OMEN_PRESSURE_HISTORY_STEPS  288 /* a day */

typedef struct {
    double memory; /* percent, each */
    double cpu;
    double io;
} OmenStalls;

typedef struct _OmenPressureHistory OmenPressureHistory;

OmenPressureHistory *omen_pressure_history_new(void);
OmenPressureHistory *omen_pressure_history_ref(OmenPressureHistory *self);
void omen_pressure_history_unref(OmenPressureHistory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenPressureHistory, omen_pressure_history_unref)

/* @now_us: monotonic. */
void omen_pressure_history_add(OmenPressureHistory *self, gint64 now_us, const OmenStalls *stalls);

/* Percent of "memory", "cpu" or "io" in the steps until @now_us, oldest first; -1 where nothing was
 * measured. (transfer full): OMEN_PRESSURE_HISTORY_STEPS values; NULL: no such resource. */
double *omen_pressure_history_list(OmenPressureHistory *self, const char *resource, gint64 now_us);

G_END_DECLS

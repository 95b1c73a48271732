/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples of pressure in, a line out when the level changes. Pure.
 *
 * Memory is told of by two signs: tasks that stall for want of it (PSI,
 * https://docs.kernel.org/accounting/psi.html), which comes late and without swap hardly at all;
 * and, minutes earlier, that what is left falls so steadily that the time when nothing is left can
 * be told, by a straight line through the samples of the last two minutes. Beside it: swap that
 * fills, writes that pile up, and memory that domains were promised and may no longer get.
 */
#pragma once

#include <glib.h>
#include <virt-omen/record.h>

G_BEGIN_DECLS

#define OMEN_PRESSURE_SAMPLES 64

typedef struct {
    gint64 time_us;    /* of a monotonic clock */
    double some_avg10; /* percent of the last 10 s in which some task stalled for memory */
    double full_avg10; /* in which all did */
    guint64 available; /* bytes that can still be had, swap included */
    guint64 total;     /* bytes; 0: not limited, and not foretold */
    double cpu_avg10;  /* percent of the last 10 s in which some task waited for a CPU */
    double steal;      /* percent of the CPUs' time that went to others of the hypervisor below */
    double run_queue;  /* tasks that run or would, a CPU */
    double io_some_avg10;
    double io_full_avg10;
    gboolean has_stalls;      /* the kernel tells of them (PSI) */
    guint64 memory_available; /* without swap */
    guint64 memory_total;
    guint64 swap_used;
    guint64 swap_total;
    guint64 dirty;      /* bytes that wait to be written, or are */
    double dirty_share; /* percent of what may, before writers are made to wait */
    guint64 claims;     /* bytes that domains may still take */
} OmenPressureSample;

typedef enum {
    OMEN_PRESSURE_CALM,
    OMEN_PRESSURE_HIGH,
    OMEN_PRESSURE_CRITICAL,
} OmenPressureLevel;

typedef enum {
    OMEN_PRESSURE_MEMORY,
    OMEN_PRESSURE_CPU,
    OMEN_PRESSURE_IO,
    OMEN_PRESSURE_SWAP,
    OMEN_PRESSURE_DIRTY,
    OMEN_PRESSURE_CLAIMS,
    OMEN_PRESSURE_N_KINDS,
} OmenPressureKind;

typedef struct {
    gint64 time_us[OMEN_PRESSURE_SAMPLES];
    double available[OMEN_PRESSURE_SAMPLES];
    double swap_used[OMEN_PRESSURE_SAMPLES];
    guint n_samples; /* ever taken */
    OmenPressureLevel levels[OMEN_PRESSURE_N_KINDS];
    gint64 calm_since_us[OMEN_PRESSURE_N_KINDS]; /* 0: it is not calm */
} OmenPressureGauge;

/* @message is one line, valid during the call. */
typedef void (*OmenPressureFunc)(OmenPriority priority, const char *message, gpointer user_data);

/* Takes a sample; calls @function for each kind whose level changed. */
void omen_pressure_gauge_push(OmenPressureGauge *self,
                              const OmenPressureSample *sample,
                              OmenPressureFunc function,
                              gpointer user_data);

G_END_DECLS

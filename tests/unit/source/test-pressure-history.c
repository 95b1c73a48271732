/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/pressure-history.h"
#include "source/peaks.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define STEP   ((gint64) OMEN_PRESSURE_HISTORY_STEP_S * G_USEC_PER_SEC)
#define STEPS  OMEN_PRESSURE_HISTORY_STEPS

static void
test_peaks(void)
{
    g_autoptr(OmenPeaks) peaks = omen_peaks_new(4, 10, -1);
    double out[4];

    omen_peaks_list(peaks, 95 * SECOND, out);
    for (guint i = 0; i < 4; i++)
        g_assert_cmpfloat(out[i], ==, -1);

    omen_peaks_add(peaks, 100 * SECOND, 0);
    omen_peaks_add(peaks, 119 * SECOND, 2);
    omen_peaks_add(peaks, 112 * SECOND, 1); /* the clock went back: the higher one stays */
    omen_peaks_list(peaks, 125 * SECOND, out);
    g_assert_cmpfloat(out[0], ==, -1); /* not measured is not calm */
    g_assert_cmpfloat(out[1], ==, 0);
    g_assert_cmpfloat(out[2], ==, 2);
    g_assert_cmpfloat(out[3], ==, -1);

    omen_peaks_add(peaks, 145 * SECOND, 3);
    omen_peaks_list(peaks, 145 * SECOND, out);
    g_assert_cmpfloat(out[0], ==, 2);
    g_assert_cmpfloat(out[1], ==, -1);
    g_assert_cmpfloat(out[2], ==, -1);
    g_assert_cmpfloat(out[3], ==, 3);

    omen_peaks_add(peaks, 10000 * SECOND, 4);
    omen_peaks_list(peaks, 10000 * SECOND, out);
    g_assert_cmpfloat(out[2], ==, -1);
    g_assert_cmpfloat(out[3], ==, 4);
}

static void
test_resources(void)
{
    g_autoptr(OmenPressureHistory) history = omen_pressure_history_new();
    const OmenStalls calm = {.memory = 0, .cpu = 3, .io = 1};
    const OmenStalls bad = {.memory = 40, .cpu = 2, .io = 60};
    g_autofree double *memory = NULL;
    g_autofree double *cpu = NULL;
    g_autofree double *io = NULL;

    omen_pressure_history_add(history, 1000 * STEP, &calm);
    omen_pressure_history_add(history, 1000 * STEP + SECOND, &bad);
    omen_pressure_history_add(history, 1001 * STEP, &calm);
    memory = omen_pressure_history_list(history, "memory", 1001 * STEP);
    cpu = omen_pressure_history_list(history, "cpu", 1001 * STEP);
    io = omen_pressure_history_list(history, "io", 1001 * STEP);
    g_assert_cmpfloat(memory[0], ==, -1);
    g_assert_cmpfloat(memory[STEPS - 2], ==, 40);
    g_assert_cmpfloat(memory[STEPS - 1], ==, 0);
    g_assert_cmpfloat(cpu[STEPS - 2], ==, 3);
    g_assert_cmpfloat(io[STEPS - 2], ==, 60);
    g_assert_cmpfloat(io[STEPS - 1], ==, 1);
    g_assert_null(omen_pressure_history_list(history, "gpu", 1001 * STEP));
}

/* More than a day is not kept. */
static void
test_day(void)
{
    g_autoptr(OmenPressureHistory) history = omen_pressure_history_new();
    g_autofree double *values = NULL;

    for (gint64 step = 0; step < 2 * STEPS; step++) {
        const OmenStalls stalls = {.memory = (double) step / 10};
        omen_pressure_history_add(history, step * STEP, &stalls);
    }
    values = omen_pressure_history_list(history, "memory", (2 * STEPS - 1) * STEP);
    g_assert_cmpfloat_with_epsilon(values[0], (double) STEPS / 10, 0.001);
    g_assert_cmpfloat_with_epsilon(values[STEPS - 1], (double) (2 * STEPS - 1) / 10, 0.001);
}

static gpointer
add_many(gpointer data)
{
    for (gint64 i = 0; i < 10000; i++) {
        const OmenStalls stalls = {.memory = 1, .cpu = 1, .io = 1};
        omen_pressure_history_add(data, i * STEP / 10, &stalls);
    }
    omen_pressure_history_unref(data);
    return NULL;
}

/* One thread measures while another looks, and whoever is last frees it. */
static void
test_threads(void)
{
    OmenPressureHistory *history = omen_pressure_history_new();
    GThread *thread = g_thread_new("measures", add_many, omen_pressure_history_ref(history));

    for (guint i = 0; i < 1000; i++)
        g_free(omen_pressure_history_list(history, "cpu", (gint64) i * STEP));
    omen_pressure_history_unref(history);
    g_thread_join(thread);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pressure-history/peaks", test_peaks);
    g_test_add_func("/pressure-history/resources", test_resources);
    g_test_add_func("/pressure-history/day", test_day);
    g_test_add_func("/pressure-history/threads", test_threads);
    return g_test_run();
}

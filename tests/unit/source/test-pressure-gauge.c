/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/pressure-gauge.h"

#include <string.h>

#define MIB (G_GUINT64_CONSTANT(1) << 20)

typedef struct {
    OmenPressureGauge gauge;
    OmenPressureSample sample;
    GString *told;
    double first_s; /* when something was first told */
} Fixture;

static void
set_up(Fixture *self, gconstpointer data)
{
    self->sample = (OmenPressureSample){.time_us = G_USEC_PER_SEC, .total = 1000 * MIB};
    self->told = g_string_new(NULL);
}

static void
tear_down(Fixture *self, gconstpointer data)
{
    g_string_free(self->told, TRUE);
}

static void
tell(OmenPriority priority, const char *message, gpointer user_data)
{
    Fixture *self = user_data;

    if (self->told->len == 0)
        self->first_s = (double) self->sample.time_us / G_USEC_PER_SEC;
    g_string_append_printf(self->told, "%d %s\n", (int) priority, message);
}

static void
push(Fixture *self, double available_mib)
{
    self->sample.time_us += 4 * G_USEC_PER_SEC;
    self->sample.available = (guint64) (MAX(available_mib, 0) * MIB);
    omen_pressure_gauge_push(&self->gauge, &self->sample, tell, self);
}

/* Memory falls by 10% a minute, with some noise: told well over a minute before it is gone. */
static void
test_growth(Fixture *self, gconstpointer data)
{
    double gone_s = 0;

    for (double available = 700; available > 0; available -= 1000 * 0.1 / 60 * 4) {
        push(self, available + g_test_rand_double_range(-3, 3));
        gone_s = (double) self->sample.time_us / G_USEC_PER_SEC;
    }
    g_assert_true(g_str_has_prefix(self->told->str, "4 memory pressure: some avg10=0.00"));
    g_assert_nonnull(strstr(self->told->str, "\n2 memory pressure:"));
    g_assert_cmpfloat(gone_s - self->first_s, >, 60);
    g_assert_cmpfloat(gone_s - self->first_s, <, 300);
}

/* A jump, a saw, a slow drift, and plenty of memory: nothing to tell. */
static void
test_calm(Fixture *self, gconstpointer data)
{
    for (guint i = 0; i < 200; i++)
        push(self, i < 100 ? 700 : 300);
    for (guint i = 0; i < 200; i++)
        push(self, 300 - 100 * (i % 10) / 10.0);
    for (guint i = 0; i < 200; i++)
        push(self, 300 - i * 0.3);
    self->gauge = (OmenPressureGauge){0};
    for (guint i = 0; i < 20; i++)
        push(self, 1000 - i * 20);
    g_assert_cmpstr(self->told->str, ==, "");
}

static void
test_stall(Fixture *self, gconstpointer data)
{
    self->sample.some_avg10 = 50;
    push(self, 500);
    push(self, 500);
    self->sample.full_avg10 = 50;
    push(self, 500);
    self->sample.some_avg10 = self->sample.full_avg10 = 0;
    for (guint i = 0; i < 20; i++)
        push(self, 500);
    g_assert_cmpstr(self->told->str, ==,
                    "4 memory pressure: some avg10=50.00 full avg10=0.00, 50% of 1000 MiB left\n"
                    "2 memory pressure: some avg10=50.00 full avg10=50.00, 50% of 1000 MiB left\n"
                    "6 memory is not under pressure any more\n");
}

static void
test_cpu(Fixture *self, gconstpointer data)
{
    self->sample.steal = 30;
    push(self, 500);
    push(self, 500);
    g_assert_cmpstr(self->told->str, ==,
                    "4 cpu pressure: some avg10=0.00, steal 30%, run queue 0.0 a CPU\n");
}

static void
test_run_queue(Fixture *self, gconstpointer data)
{
    self->sample.run_queue = 3.5;
    push(self, 500);
    g_assert_cmpstr(self->told->str, ==, "");
    self->sample.run_queue = 6;
    push(self, 500);
    self->sample.run_queue = 1;
    for (guint i = 0; i < 20; i++)
        push(self, 500);
    g_assert_cmpstr(self->told->str, ==,
                    "4 cpu pressure: some avg10=0.00, steal 0%, run queue 6.0 a CPU\n"
                    "6 cpu is no longer waited for much\n");
}

/* Swap that is used is no sign; swap that fills is. */
static void
test_swap(Fixture *self, gconstpointer data)
{
    self->sample.swap_total = 1000 * MIB;
    self->sample.swap_used = 500 * MIB;
    for (guint i = 0; i < 20; i++)
        push(self, 500);
    g_assert_cmpstr(self->told->str, ==, "");
    for (guint i = 0; i < 15; i++) {
        self->sample.swap_used += 10 * MIB;
        push(self, 500);
    }
    for (guint i = 0; i < 60; i++)
        push(self, 500);
    g_assert_cmpstr(self->told->str, ==,
                    "4 swap pressure: 100 MiB more in 2 minutes, 60% of 1000 MiB used\n"
                    "6 swap does not grow any more\n");
}

static void
test_dirty(Fixture *self, gconstpointer data)
{
    self->sample.dirty = 900 * MIB;
    self->sample.dirty_share = 95;
    push(self, 500);
    self->sample.dirty_share = 10;
    for (guint i = 0; i < 20; i++)
        push(self, 500);
    g_assert_cmpstr(self->told->str, ==,
                    "4 dirty pressure: 900 MiB wait to be written, 95% of what may\n"
                    "6 what is dirty is written again\n");
}

/* More is promised than there is: told once, and again when memory is short. */
static void
test_claims(Fixture *self, gconstpointer data)
{
    self->sample.memory_total = 1000 * MIB;
    self->sample.memory_available = 500 * MIB;
    self->sample.claims = 900 * MIB;
    push(self, 500);
    push(self, 500);
    self->sample.memory_available = 120 * MIB;
    push(self, 120);
    self->sample.claims = 0;
    for (guint i = 0; i < 20; i++)
        push(self, 120);
    g_assert_cmpstr(
        self->told->str, ==,
        "6 memory is overcommitted: domains may still claim 900 MiB, 500 MiB is available\n"
        "4 memory commitment can not be met: domains may still claim 900 MiB, 120 MiB is "
        "available\n"
        "6 memory commitment can be met\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/pressure/growth", Fixture, NULL, set_up, test_growth, tear_down);
    g_test_add("/pressure/calm", Fixture, NULL, set_up, test_calm, tear_down);
    g_test_add("/pressure/stall", Fixture, NULL, set_up, test_stall, tear_down);
    g_test_add("/pressure/cpu", Fixture, NULL, set_up, test_cpu, tear_down);
    g_test_add("/pressure/run-queue", Fixture, NULL, set_up, test_run_queue, tear_down);
    g_test_add("/pressure/swap", Fixture, NULL, set_up, test_swap, tear_down);
    g_test_add("/pressure/dirty", Fixture, NULL, set_up, test_dirty, tear_down);
    g_test_add("/pressure/claims", Fixture, NULL, set_up, test_claims, tear_down);
    return g_test_run();
}

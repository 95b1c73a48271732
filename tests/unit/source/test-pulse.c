/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/pulse.h"
#include "source/log/budget.h"

#define S ((gint64) G_USEC_PER_SEC)

static void
test_stages(void)
{
    OmenPulse pulse = {.limit_us = 18 * S};

    g_assert_false(omen_pulse_miss(&pulse, 100 * S)); /* it never answered */
    g_assert_false(omen_pulse_beat(&pulse, 100 * S));
    g_assert_false(omen_pulse_miss(&pulse, 106 * S));
    g_assert_true(omen_pulse_miss(&pulse, 110 * S));
    g_assert_cmpint(pulse.stage, ==, OMEN_PULSE_SLOW);
    g_assert_true(omen_pulse_miss(&pulse, 114 * S));
    g_assert_cmpint(pulse.stage, ==, OMEN_PULSE_SILENT);
    g_assert_true(omen_pulse_miss(&pulse, 118 * S));
    g_assert_cmpint(pulse.stage, ==, OMEN_PULSE_FAILED);
    g_assert_false(omen_pulse_miss(&pulse, 124 * S));
    g_assert_true(omen_pulse_beat(&pulse, 130 * S));
    g_assert_cmpint(pulse.stage, ==, OMEN_PULSE_ALIVE);
    omen_pulse_forget(&pulse); /* paused */
    g_assert_false(omen_pulse_miss(&pulse, 1000 * S));
}

static void
test_budget(void)
{
    OmenBudget budget = {.rate = 10};
    guint taken = 0;

    for (guint i = 0; i < 1000; i++)
        taken += omen_budget_take(&budget, 1, 1 * S) ? 1 : 0;
    g_assert_cmpuint(taken, ==, 10 * OMEN_BUDGET_BURST_S);
    for (guint i = 0; i < 1000; i++)
        taken += omen_budget_take(&budget, 1, 3 * S) ? 1 : 0;
    g_assert_cmpuint(taken, ==, 10 * OMEN_BUDGET_BURST_S + 20);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pulse/stages", test_stages);
    g_test_add_func("/pulse/budget", test_budget);
    return g_test_run();
}

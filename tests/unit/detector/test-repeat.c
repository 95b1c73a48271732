/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Corrected errors, counted by their place. */
#include "detector/repeat.h"

#include <string.h>

#define MINUTE_US ((gint64) 60 * G_USEC_PER_SEC)
#define START_US  ((gint64) 1700000000 * G_USEC_PER_SEC)

static gboolean
add(OmenRepeat *repeat, OmenFailureClass failure_class, const char *line, gint64 time_us)
{
    return omen_repeat_add(repeat, failure_class, 7, line, strlen(line), time_us);
}

static void
test_one_dimm(void)
{
    static const char line[] =
        "EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Chan#1_DIMM#0 (page:0x%x)";
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();

    for (guint i = 0; i < 9; i++)
        g_assert_false(add(repeat, OMEN_FAILURE_MEMORY, line, START_US + i * MINUTE_US));
    g_assert_true(add(repeat, OMEN_FAILURE_MEMORY, line, START_US + 9 * MINUTE_US));
}

/* As many, of as many places: nothing. */
static void
test_many_places(void)
{
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();

    for (guint i = 0; i < 40; i++) {
        g_autofree char *line = g_strdup_printf(
            "EDAC MC%u: 1 CE memory read error on CPU_SrcID#%u_Chan#1_DIMM#0", i / 8, i % 8);
        g_assert_false(add(repeat, OMEN_FAILURE_MEMORY, line, START_US + i * MINUTE_US));
    }
}

/* One in three hours leaks away. */
static void
test_slow(void)
{
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();

    for (guint i = 0; i < 200; i++)
        g_assert_false(add(repeat, OMEN_FAILURE_MEMORY, "EDAC MC0: 1 CE on DIMM#0",
                           START_US + i * 180 * MINUTE_US));
}

/* A line that counts them itself. */
static void
test_counted(void)
{
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();

    g_assert_false(add(repeat, OMEN_FAILURE_MEMORY, "EDAC MC0: 3 CE on DIMM#0", START_US));
    g_assert_true(add(repeat, OMEN_FAILURE_MEMORY, "EDAC MC1: 8000 CE on DIMM#0", START_US));
    g_assert_false(
        add(repeat, OMEN_FAILURE_MEMORY, "EDAC MC2: 99999999999999999999999 C", START_US));
}

/* A link bears more. */
static void
test_link(void)
{
    static const char line[] = "pcieport 0000:00:1c.5: AER: Corrected error received: 0000:00:1c.5";
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();
    guint n = 0;

    for (guint i = 0; i < 60; i++)
        g_assert_false(add(repeat, OMEN_FAILURE_PCIE, line, START_US + i * MINUTE_US));
    while (n < 200 && !add(repeat, OMEN_FAILURE_PCIE, line, START_US + 60 * MINUTE_US + n))
        n++;
    g_assert_cmpuint(n, <, 110);
}

static void
test_bounded(void)
{
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();

    for (guint i = 0; i < 3 * OMEN_REPEAT_MAX_PLACES; i++)
        omen_repeat_add(repeat, OMEN_FAILURE_MEMORY, i, "x", 1, START_US + i);
    g_assert_false(add(repeat, OMEN_FAILURE_MEMORY, "", START_US - 1));
}

/* One task that hung may have waited for a slow disk once; two within minutes wait for something
 * else. */
static void
test_hung_task(void)
{
    static const char line[] = "INFO: task qemu-system-x86:4711 blocked for more than 120 seconds.";
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();

    g_assert_false(add(repeat, OMEN_FAILURE_HUNG_TASK, line, START_US));
    g_assert_false(add(repeat, OMEN_FAILURE_HUNG_TASK, line, START_US + 60 * MINUTE_US));
    g_assert_true(add(repeat, OMEN_FAILURE_HUNG_TASK, line, START_US + 62 * MINUTE_US));
    g_assert_false(add(repeat, OMEN_FAILURE_HUNG_TASK, line, START_US + 180 * MINUTE_US));
}

/* All processors tell of the same heat. */
static void
test_heat(void)
{
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();

    for (guint i = 0; i < 64; i++) {
        g_autofree char *line =
            g_strdup_printf("CPU%u: Package temperature above threshold, cpu clock throttled", i);
        g_assert_false(add(repeat, OMEN_FAILURE_THERMAL, line, START_US + i * 1000));
    }
    g_assert_false(add(repeat, OMEN_FAILURE_THERMAL, "CPU1: Package", START_US + 60 * MINUTE_US));
    g_assert_true(add(repeat, OMEN_FAILURE_THERMAL, "CPU1: Package", START_US + 66 * MINUTE_US));
}

/* Where no time is told nothing is forgotten. */
static void
test_no_time(void)
{
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();

    g_assert_false(add(repeat, OMEN_FAILURE_HUNG_TASK, "blocked", 0));
    g_assert_true(add(repeat, OMEN_FAILURE_HUNG_TASK, "blocked", 0));
}

/* What was counted counts after a restart. */
static void
test_kept(void)
{
    static const char line[] = "EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Chan#1_DIMM#0";
    g_autoptr(OmenRepeat) repeat = omen_repeat_new();
    g_autoptr(OmenRepeat) restored = omen_repeat_new();
    g_autoptr(GVariant) state = NULL;

    for (guint i = 0; i < 9; i++)
        g_assert_false(add(repeat, OMEN_FAILURE_MEMORY, line, START_US + i * MINUTE_US));
    state = g_variant_ref_sink(omen_repeat_save(repeat));
    g_assert_true(g_variant_is_of_type(state, G_VARIANT_TYPE(OMEN_REPEAT_TYPE)));
    omen_repeat_restore(restored, state);
    g_assert_true(add(restored, OMEN_FAILURE_MEMORY, line, START_US + 9 * MINUTE_US));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/repeat/one-dimm", test_one_dimm);
    g_test_add_func("/repeat/many-places", test_many_places);
    g_test_add_func("/repeat/slow", test_slow);
    g_test_add_func("/repeat/counted", test_counted);
    g_test_add_func("/repeat/link", test_link);
    g_test_add_func("/repeat/bounded", test_bounded);
    g_test_add_func("/repeat/kept", test_kept);
    g_test_add_func("/repeat/hung-task", test_hung_task);
    g_test_add_func("/repeat/heat", test_heat);
    g_test_add_func("/repeat/no-time", test_no_time);
    return g_test_run();
}

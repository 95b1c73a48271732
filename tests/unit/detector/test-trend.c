/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/trend.h"

#include <string.h>

#define MINUTE ((gint64) 60 * G_USEC_PER_SEC)
#define DAY    (24 * 60 * MINUTE)
#define BEGIN  (20000 * DAY)

/* @n lines at that time; whether the last of them was a sign. */
static gboolean
add(OmenTrend *trend, guint32 id, gint64 time_us, guint n)
{
    gboolean rises = FALSE;

    for (guint i = 0; i < n; i++)
        rises = omen_trend_add(trend, id, time_us);
    return rises;
}

static void
test_steady(void)
{
    g_autoptr(OmenTrend) trend = omen_trend_new();

    /* A corrected error an hour for a year, and a burst once: that is life. */
    for (guint hour = 0; hour < 365 * 24; hour++)
        g_assert_false(add(trend, 1, BEGIN + hour * 60 * MINUTE, 1));
    g_assert_false(add(trend, 2, BEGIN, 1000));
    /* What becomes less, or comes and goes. */
    for (guint day = 0; day < 300; day++)
        g_assert_false(add(trend, 3, BEGIN + day * DAY, day % 2 ? 3 : 9));
}

static void
test_rising(void)
{
    g_autoptr(OmenTrend) trend = omen_trend_new();

    g_assert_false(add(trend, 1, BEGIN, 2));
    g_assert_false(add(trend, 1, BEGIN + 10 * MINUTE, 6));
    g_assert_true(add(trend, 1, BEGIN + 20 * MINUTE, 13));
    /* Over days, where each is but a few. */
    g_assert_false(add(trend, 2, BEGIN, 1));
    g_assert_false(add(trend, 2, BEGIN + DAY, 2));
    g_assert_true(add(trend, 2, BEGIN + 2 * DAY, 4));
    /* A gap: it did not rise all the time. */
    g_assert_false(add(trend, 3, BEGIN, 1));
    g_assert_false(add(trend, 3, BEGIN + 2 * DAY, 2));
    g_assert_false(add(trend, 3, BEGIN + 4 * DAY, 40));
    /* A clock that is set back starts nothing anew, and ends. */
    g_assert_true(add(trend, 2, BEGIN - 400 * DAY, 1));
    g_assert_false(add(trend, 4, G_MAXINT64, 1));
    g_assert_false(add(trend, 4, 1, 1));
}

static void
test_bounded(void)
{
    g_autoptr(OmenTrend) trend = omen_trend_new();

    for (guint i = 0; i < 10 * OMEN_TREND_MAX_TEMPLATES; i++)
        add(trend, i, BEGIN + i, 1);
    g_assert_cmpuint(omen_trend_get_n_templates(trend), ==, OMEN_TREND_MAX_TEMPLATES);
}

/* A state that does not hold to the form. */
static void
test_damaged(void)
{
    static const char text[] =
        "[(uint32 1, int64 -9223372036854775808, [uint32 1, 2, 3, 4, 5, 6]),"
        " (2, 9223372036854775807, [4294967295, 4294967295, 4294967295, 1, 2, 3]), (3, 5, [1, 2])]";
    g_autoptr(GVariant) state =
        g_variant_parse(G_VARIANT_TYPE(OMEN_TREND_TYPE), text, NULL, NULL, NULL);
    g_autoptr(OmenTrend) trend = omen_trend_new();

    g_assert_nonnull(state);
    omen_trend_restore(trend, state);
    g_assert_cmpuint(omen_trend_get_n_templates(trend), ==, 1);
    add(trend, 2, BEGIN, 3);
    g_assert_false(add(trend, 1, BEGIN, 3));
}

static void
test_kinds(void)
{
    static const char smart[] =
        "Device: /dev/sda, SMART Prefailure Attribute: 5 Reallocated_Sector_Ct changed from 100 to 99";
    static const char login[] = "Failed password for root from 192.0.2.1 port 22 ssh2";

    g_assert_cmpint(omen_trend_find_kind(smart, strlen(smart))->failure_class, ==,
                    OMEN_FAILURE_DISK);
    g_assert_null(omen_trend_find_kind(login, strlen(login)));
    g_assert_null(omen_trend_find_kind("", 0));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trend/steady", test_steady);
    g_test_add_func("/trend/rising", test_rising);
    g_test_add_func("/trend/bounded", test_bounded);
    g_test_add_func("/trend/damaged", test_damaged);
    g_test_add_func("/trend/kinds", test_kinds);
    return g_test_run();
}

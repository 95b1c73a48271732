/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/floods.h"

#include <string.h>

static gboolean
admit(OmenFloods *floods, const char *writer, gint64 now_us)
{
    OmenRecord record = {
        .origin = OMEN_ORIGIN_USER, .writer = writer, .writer_length = strlen(writer)};

    return omen_floods_admit(floods, &record, "journal", now_us);
}

/* Whoever floods loses its own lines, and nobody else's; it is told once a flood. */
static void
test_flood(void)
{
    OmenFloods *floods = omen_floods_new();
    g_autofree char *told = NULL;
    guint n = 0;

    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*uid 1 writes more than*");
    for (guint i = 0; i < 100000; i++) { /* in ten seconds */
        n += admit(floods, "uid 1", 1 + i * 100) ? 1 : 0;
        if (i % 1000 == 0)
            g_assert_true(admit(floods, "uid 2", 1 + i * 100));
    }
    g_test_assert_expected_messages();
    g_assert_cmpuint(n, >=, OMEN_FLOODS_BURST);
    g_assert_cmpuint(n, <=, OMEN_FLOODS_BURST + 10 * OMEN_FLOODS_LINES_A_SECOND + 1);
    told = omen_floods_describe(floods, 10 * G_USEC_PER_SEC);
    g_assert_nonnull(told);
    g_assert_nonnull(strstr(told, "uid 1 floods"));
    g_assert_null(omen_floods_describe(floods, 100 * G_USEC_PER_SEC));
    omen_floods_free(floods);
}

/* Nor does it help to be many. */
static void
test_many(void)
{
    OmenFloods *floods = omen_floods_new();
    guint n = 0;

    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*writes more than*");
    for (guint i = 0; i < 50000; i++) {
        g_autofree char *name = g_strdup_printf("uid %u", i);
        n += admit(floods, name, 1) ? 1 : 0;
    }
    g_test_assert_expected_messages();
    g_assert_cmpuint(n, ==, OMEN_FLOODS_MAX_WRITERS + OMEN_FLOODS_BURST);
    omen_floods_free(floods);
}

/* A service is its unit, a file is itself. */
static void
test_names(void)
{
    OmenFloods *floods = omen_floods_new();
    OmenRecord record = {.origin = OMEN_ORIGIN_UNPROVEN};

    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "file:/x writes more than*");
    for (guint i = 0; i <= OMEN_FLOODS_BURST; i++)
        omen_floods_admit(floods, &record, "file:/x", 1);
    g_test_assert_expected_messages();
    g_assert_false(omen_floods_admit(floods, &record, "file:/x", 1));
    g_assert_true(omen_floods_admit(floods, &record, "file:/y", 1));
    omen_floods_free(floods);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/floods/flood", test_flood);
    g_test_add_func("/floods/many", test_many);
    g_test_add_func("/floods/names", test_names);
    return g_test_run();
}

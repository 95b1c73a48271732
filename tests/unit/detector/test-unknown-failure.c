/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/unknown-failure.h"

#include <string.h>

static OmenRecord
make_record(const char *identifier, const char *message)
{
    return (OmenRecord){.identifier = identifier,
                        .identifier_length = strlen(identifier),
                        .message = message,
                        .message_length = strlen(message)};
}

/* The weight of the last of @times such lines in a row. */
static double
say(OmenUnknownFailure *self, const char *identifier, const char *message, guint times)
{
    OmenRecord record = make_record(identifier, message);
    double weight = 0;

    for (guint i = 0; i < times; i++) {
        omen_unknown_failure_watch(self, &record, i == 0);
        weight = omen_unknown_failure_weigh(self, &record, 7, i);
    }
    return weight;
}

static void
test_rule(void)
{
    g_autoptr(OmenUnknownFailure) once = omen_unknown_failure_new();
    g_autoptr(OmenUnknownFailure) twice = omen_unknown_failure_new();
    g_autoptr(OmenUnknownFailure) other = omen_unknown_failure_new();
    double first = say(once, "kernel", "zorb 3: transfer failed", 1);

    g_assert_cmpfloat(first, >, 0);
    g_assert_cmpfloat(first, <, 0.5);
    g_assert_cmpfloat(say(twice, "kernel", "zorb 3: transfer failed", 2), >=, 0.5);
    g_assert_cmpfloat(say(other, "sshd", "zorb 3: transfer failed", 9), ==, 0);
    g_assert_cmpfloat(say(other, "kernel", "zorb 3: transfer done", 9), ==, 0);
}

/* Kinds of trouble that come once each, and what came long ago, are no outbreak. */
static void
test_window(void)
{
    g_autoptr(OmenUnknownFailure) self = omen_unknown_failure_new();
    OmenRecord record = make_record("kernel", "zorb: transfer failed");
    OmenRecord calm = make_record("cron", "job done");

    for (guint i = 0; i < 9; i++) {
        omen_unknown_failure_watch(self, &record, FALSE);
        g_assert_cmpfloat(omen_unknown_failure_weigh(self, &record, i, 0), <, 0.5);
    }
    for (guint i = 0; i < 3; i++) {
        for (guint j = 0; j < 400; j++)
            omen_unknown_failure_watch(self, &calm, FALSE);
        omen_unknown_failure_watch(self, &record, FALSE);
        g_assert_cmpfloat(omen_unknown_failure_weigh(self, &record, 20, 0), <, 0.5);
    }
    /* It has been heard for so long that it is part of life. */
    omen_unknown_failure_watch(self, &record, FALSE);
    g_assert_cmpfloat(omen_unknown_failure_weigh(self, &record, 21, 5000), ==, 0);
}

static void
test_start(void)
{
    g_autoptr(OmenUnknownFailure) self = omen_unknown_failure_new();
    g_autoptr(OmenUnknownFailure) young = omen_unknown_failure_new();

    say(self, "kernel", "Linux version 6.1.0-18-amd64", 1);
    g_assert_cmpfloat(say(self, "kernel", "zorb: transfer failed", 9), ==, 0);
    g_assert_cmpfloat(say(young, "kernel", "[   12.345678] zorb: transfer failed", 9), ==, 0);
    g_assert_cmpfloat(say(young, "", "[ 1212.345678] zorb: transfer failed", 9), >=, 0.5);
}

/* Where everything is new, one thing more is no news. */
static void
test_novelty(void)
{
    g_autoptr(OmenUnknownFailure) self = omen_unknown_failure_new();
    OmenRecord record = make_record("app", "something else");

    for (guint i = 0; i < 200; i++)
        omen_unknown_failure_watch(self, &record, TRUE);
    g_assert_cmpfloat(say(self, "kernel", "zorb: transfer failed", 9), ==, 0);
}

static void
test_words(void)
{
    static const char *const trouble[] = {"it Failed", "took too long", "timed out", "I/O error",
                                          "task blocked for 120 s"};
    static const char *const calm[] = {"__do_fault+0x40",
                                       "max_errors 3",
                                       "toolbox",
                                       "started",
                                       "",
                                       "br0: port 1 entered blocking state"};

    for (gsize i = 0; i < G_N_ELEMENTS(trouble); i++)
        g_assert_true(omen_unknown_failure_is_trouble(trouble[i], strlen(trouble[i])));
    for (gsize i = 0; i < G_N_ELEMENTS(calm); i++)
        g_assert_false(omen_unknown_failure_is_trouble(calm[i], strlen(calm[i])));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/unknown-failure/rule", test_rule);
    g_test_add_func("/unknown-failure/window", test_window);
    g_test_add_func("/unknown-failure/start", test_start);
    g_test_add_func("/unknown-failure/novelty", test_novelty);
    g_test_add_func("/unknown-failure/words", test_words);
    return g_test_run();
}

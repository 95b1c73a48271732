/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is counted, and how it is written. */
#include "metrics/openmetrics.h"
#include "watch/metered-judge.h"
#include "watch/score-history.h"

static const double bounds[] = {0.5, 1, 2};

static void
test_page(void)
{
    static const char expected[] = "# TYPE a_seconds gauge\n"
                                   "# UNIT a_seconds seconds\n"
                                   "# HELP a_seconds one \\\\ two\n"
                                   "a_seconds 1.5\n"
                                   "# TYPE b counter\n"
                                   "# HELP b counted\n"
                                   "b_total{k=\"x\\\"y\\\\z\\\\x0a\",l=\"\"} 3\n"
                                   "# TYPE c histogram\n"
                                   "# HELP c spread\n"
                                   "c_bucket{le=\"0.5\"} 1\n"
                                   "c_bucket{le=\"1.0\"} 2\n"
                                   "c_bucket{le=\"2.0\"} 2\n"
                                   "c_bucket{le=\"+Inf\"} 3\n"
                                   "c_count 3\n"
                                   "c_sum 9.5\n"
                                   "# EOF\n";
    g_autoptr(OmenOpenMetrics) page = omen_open_metrics_new();
    g_autofree char *text = NULL;
    OmenHistogram histogram;
    gsize length;

    omen_histogram_init(&histogram, bounds, G_N_ELEMENTS(bounds));
    omen_histogram_add(&histogram, 0.5);
    omen_histogram_add(&histogram, 1);
    omen_histogram_add(&histogram, 8);
    omen_open_metrics_family(page, "a_seconds", OMEN_METRIC_TYPE_GAUGE, "one \\ two");
    omen_open_metrics_sample(page, OMEN_NO_LABELS, 1.5);
    omen_open_metrics_family(page, "b", OMEN_METRIC_TYPE_COUNTER, "counted");
    omen_open_metrics_sample(page, (const OmenLabel[]){{"k", "x\"y\\z\n"}, {"l", ""}, {NULL, NULL}},
                             3);
    omen_open_metrics_family(page, "c", OMEN_METRIC_TYPE_HISTOGRAM, "spread");
    omen_open_metrics_histogram(page, OMEN_NO_LABELS, &histogram);
    text = omen_open_metrics_finish(page, &length);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpuint(length, ==, strlen(expected));
}

static void
test_merge(void)
{
    OmenHistogram one;
    OmenHistogram other;

    omen_histogram_init(&one, bounds, G_N_ELEMENTS(bounds));
    omen_histogram_init(&other, bounds, G_N_ELEMENTS(bounds));
    omen_histogram_add(&one, 0.1);
    omen_histogram_add(&other, 0.2);
    omen_histogram_add(&other, 100);
    omen_histogram_merge(&one, &other);
    g_assert_cmpuint(one.counts[0], ==, 2);
    g_assert_cmpuint(one.counts[3], ==, 1);
    g_assert_cmpuint(one.n_values, ==, 3);
}

static void
test_history(void)
{
    g_autoptr(OmenScoreHistory) history = omen_score_history_new();
    const gint64 second = G_USEC_PER_SEC;
    double fine[OMEN_SCORE_FINE];
    double coarse[OMEN_SCORE_COARSE];

    omen_score_history_list_fine(history, 1000 * second, fine);
    g_assert_cmpfloat(fine[OMEN_SCORE_FINE - 1], ==, 0);
    omen_score_history_add(history, 1000 * second, 0.25);
    omen_score_history_add(history, 1000 * second + 1, 0.5);
    omen_score_history_add(history, 1000 * second + 2, 0.125);
    omen_score_history_add(history, 1003 * second, 0.75);
    omen_score_history_list_fine(history, 1004 * second, fine);
    g_assert_cmpfloat(fine[OMEN_SCORE_FINE - 1], ==, 0);
    g_assert_cmpfloat(fine[OMEN_SCORE_FINE - 2], ==, 0.75);
    g_assert_cmpfloat(fine[OMEN_SCORE_FINE - 3], ==, 0);
    g_assert_cmpfloat(fine[OMEN_SCORE_FINE - 5], ==, 0.5);
    omen_score_history_list_coarse(history, 1004 * second, coarse);
    g_assert_cmpfloat(coarse[OMEN_SCORE_COARSE - 1], ==, 0.75);

    /* After a long silence what was is gone. */
    omen_score_history_list_fine(history, 2000 * second, fine);
    for (guint i = 0; i < OMEN_SCORE_FINE; i++)
        g_assert_cmpfloat(fine[i], ==, 0);
    omen_score_history_add(history, 2000 * second, 1);
    omen_score_history_list_fine(history, 2000 * second, fine);
    for (guint i = 0; i + 1 < OMEN_SCORE_FINE; i++)
        g_assert_cmpfloat(fine[i], ==, 0);
    g_assert_cmpfloat(fine[OMEN_SCORE_FINE - 1], ==, 1);
    g_assert_cmpuint(omen_score_history_get_histogram(history)->n_values, ==, 5);
}

static void
test_judge(void)
{
    g_autoptr(OmenJudge) inner = omen_judge_new("always", NULL, NULL);
    g_autoptr(OmenMeteredJudge) metered = omen_metered_judge_new(inner);
    OmenEvidence evidence = {.identifier = "kernel", .message = "x"};
    OmenVerdict verdict = {0};

    for (guint i = 0; i < 3; i++)
        omen_judge_judge(OMEN_JUDGE(metered), &evidence, &verdict);
    g_assert_cmpfloat(verdict.probability, >=, 0.5);
    g_assert_cmpstr(omen_judge_get_name(OMEN_JUDGE(metered)), ==, "always");
    g_assert_cmpuint(omen_metered_judge_get_latency(metered)->n_values, ==, 3);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/metrics/page", test_page);
    g_test_add_func("/metrics/merge", test_merge);
    g_test_add_func("/metrics/history", test_history);
    g_test_add_func("/metrics/judge", test_judge);
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The evaluation's scorer against values worked out by hand. */
#include "../../evaluation/scorer.h"

#define N 1000

static double
nab_of(gsize first, gsize second)
{
    g_autoptr(GArray) keys = g_array_sized_new(FALSE, TRUE, sizeof(guint32), N);
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(Run));
    g_autofree double *scores = g_new0(double, N);
    Series series = {.scenario = (char *) "hdd", .keys = keys, .label = 500, .failure = 600};
    Run run = {&series, scores};

    g_array_set_size(keys, N);
    scores[first] = scores[second] = 1;
    g_array_append_val(runs, run);
    NabCurve curve = scorer_nab_curve(runs, NULL, CRITERION_STRICT, &nab_profiles[0]);
    g_autoptr(GArray) points G_GNUC_UNUSED = curve.points;
    return scorer_nab_score(&curve, scorer_nab_raw(&curve, scorer_nab_best(&curve)));
}

static void
test_nab(void)
{
    g_assert_cmpfloat_with_epsilon(nab_of(500, 500), 100, 1e-9);
    g_assert_cmpfloat_with_epsilon(nab_of(400, 500), 94.5, 1e-9);
    g_assert_cmpfloat_with_epsilon(nab_of(599, 599), 100 * 1.0253339 / 2, 1e-4);
    g_assert_cmpfloat_with_epsilon(nab_of(499, 499), 0, 1e-9); /* better never to fire */
    g_assert_cmpfloat_with_epsilon(nab_of(100, 100), 0, 1e-9); /* probation */
    g_assert_cmpfloat_with_epsilon(nab_of(700, 700), 0, 1e-9); /* after the failure */
}

static void
test_auc(void)
{
    g_autoptr(GArray) keys = g_array_sized_new(FALSE, TRUE, sizeof(guint32), N);
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(Run));
    g_autofree double *scores = g_new0(double, N);
    Series series = {.scenario = (char *) "hdd", .keys = keys, .label = 500, .failure = 600};
    Run run = {&series, scores};

    g_array_set_size(keys, N);
    scores[700] = 0.4; /* late: a hit of the relaxed criterion alone */
    g_array_append_val(runs, run);
    g_assert_cmpfloat_with_epsilon(scorer_auc(runs, NULL, CRITERION_RELAXED, 1), 1, 1e-9);
    g_assert_cmpfloat_with_epsilon(scorer_auc(runs, "hdd", CRITERION_STRICT, 1), 0.5, 1e-9);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evaluation/nab", test_nab);
    g_test_add_func("/evaluation/auc", test_auc);
    return g_test_run();
}

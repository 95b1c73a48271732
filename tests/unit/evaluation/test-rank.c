/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spearman's rank correlation against values worked out by hand. */
#include "../../evaluation/rank.h"

#include <math.h>

static void
test_order(void)
{
    const double rising[] = {0.1, 0.2, 0.3, 0.4, 0.5};
    const double curved[] = {1, 8, 27, 64, 125};
    const double falling[] = {5, 4, 3, 2, 1};
    const double mixed[] = {2, 1, 4, 3, 5};

    g_assert_cmpfloat_with_epsilon(rank_correlation(rising, curved, 5), 1, 1e-12);
    g_assert_cmpfloat_with_epsilon(rank_correlation(rising, falling, 5), -1, 1e-12);
    g_assert_cmpfloat_with_epsilon(rank_correlation(rising, mixed, 5), 0.8, 1e-12);
}

static void
test_ties(void)
{
    const double rising[] = {1, 2, 3, 4};
    const double tied[] = {1, 2, 2, 3}; /* ranks 1, 2.5, 2.5, 4 */
    const double constant[] = {7, 7, 7, 7};

    g_assert_cmpfloat_with_epsilon(rank_correlation(rising, tied, 4), 4.5 / sqrt(5 * 4.5), 1e-12);
    g_assert_true(isnan(rank_correlation(rising, constant, 4)));
    g_assert_true(isnan(rank_correlation(rising, tied, 0)));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evaluation/rank/order", test_order);
    g_test_add_func("/evaluation/rank/ties", test_ties);
    return g_test_run();
}

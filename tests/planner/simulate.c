/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans the evacuation of random hosts, beside first-come order and, for small hosts, beside the
 * optimum. Usage: simulate [HOSTS [SMALL-HOSTS [SEED]]]
 */
#include "random-host.h"

#include <stdlib.h>

typedef struct {
    double planned;
    double other;
    double worst; /* planned over other */
    guint better;
    guint worse;
    double longest_ms;
} Comparison;

static double
plan(const RandomHost *host, Comparison *into)
{
    gint64 began_us = g_get_monotonic_time();
    g_autoptr(GPtrArray) moves = omen_planner_plan(
        host->domains, host->n_domains, host->destinations, host->n_destinations, &host->limits);

    into->longest_ms = MAX(into->longest_ms, (double) (g_get_monotonic_time() - began_us) / 1000);
    return omen_plan_value(moves, host->domains);
}

static void
compare(const RandomHost *host, double other, Comparison *into)
{
    double planned = plan(host, into);

    into->planned += planned;
    into->other += other;
    into->better += planned > other + 1e-9;
    into->worse += planned < other - 1e-9;
    if (other > 0)
        into->worst = MIN(into->worst, planned / other);
}

static guint
argument(int argc, char **argv, int i, guint fallback)
{
    return argc > i ? (guint) strtoul(argv[i], NULL, 10) : fallback;
}

int
main(int argc, char **argv)
{
    guint n_hosts = argument(argc, argv, 1, 1000);
    guint n_small = argument(argc, argv, 2, 200);
    guint seed = argument(argc, argv, 3, 1);
    Comparison first_come = {.worst = 1e9};
    Comparison exact = {.worst = 1e9};
    RandomHost host;

    for (guint i = 0; i < n_hosts; i++) {
        random_host_make(&host, seed + i, 4, 40);
        compare(&host, random_host_first_come(&host), &first_come);
    }
    for (guint i = 0; i < n_small; i++) {
        random_host_make(&host, seed + 1000000 + i, 4, 14);
        compare(&host, random_host_exact(&host), &exact);
    }
    g_print("%u hosts of 4 to 40 domains: importance away by the deadline %.0f, first come %.0f "
            "(%+.1f %%); better on %u hosts, worse on %u; longest plan %.1f ms\n",
            n_hosts, first_come.planned, first_come.other,
            100 * (first_come.planned / first_come.other - 1), first_come.better, first_come.worse,
            first_come.longest_ms);
    if (n_small > 0)
        g_print("%u hosts of 4 to 14 domains: %.2f %% of the optimum, the worst host %.2f %%\n",
                n_small, 100 * exact.planned / exact.other, 100 * exact.worst);
    return EXIT_SUCCESS;
}

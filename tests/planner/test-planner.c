/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-host.h"

#include <math.h>

#define MIB ((guint64) 1024 * 1024)

static const OmenPlannedMove *
move_at(GPtrArray *plan, guint i)
{
    return g_ptr_array_index(plan, i);
}

static const OmenPlannedMove *
move_of(GPtrArray *plan, gsize domain)
{
    for (guint i = 0; i < plan->len; i++) {
        if (move_at(plan, i)->domain == domain)
            return move_at(plan, i);
    }
    g_assert_not_reached();
}

static void
test_estimates(void)
{
    OmenMigrationLoad load = {.memory_bytes = 1024 * MIB,
                              .bytes_per_second = 100.0 * (double) MIB,
                              .downtime_limit_ms = 300};
    OmenMigrationEstimate estimate = omen_technique_estimate(OMEN_TECHNIQUE_PRE_COPY, &load);
    double idle_s = estimate.seconds;

    /* Idle: once over the link. */
    g_assert_cmpfloat_with_epsilon(idle_s, 10.24 + 0.5, 0.01);
    /* Half the link: a pass of all, then half, then a quarter ... */
    load.dirty_bytes_per_second = 50.0 * (double) MIB;
    estimate = omen_technique_estimate(OMEN_TECHNIQUE_PRE_COPY, &load);
    g_assert_cmpfloat(estimate.seconds, >, idle_s * 1.8);
    g_assert_cmpfloat(estimate.seconds, <, idle_s * 2.1);
    g_assert_cmpuint(estimate.downtime_ms, <=, 330);
    /* Faster than the link: pre-copy never ends, the others do. */
    load.dirty_bytes_per_second = 200.0 * (double) MIB;
    g_assert_true(isinf(omen_technique_estimate(OMEN_TECHNIQUE_PRE_COPY, &load).seconds));
    g_assert_true(isfinite(omen_technique_estimate(OMEN_TECHNIQUE_AUTO_CONVERGE, &load).seconds));
    g_assert_cmpfloat(omen_technique_estimate(OMEN_TECHNIQUE_HYBRID, &load).seconds, <,
                      omen_technique_estimate(OMEN_TECHNIQUE_AUTO_CONVERGE, &load).seconds);
    g_assert_cmpfloat(omen_technique_estimate(OMEN_TECHNIQUE_POST_COPY, &load).seconds, <,
                      omen_technique_estimate(OMEN_TECHNIQUE_HYBRID, &load).seconds);
    /* Local disks come first. */
    load.disk_bytes = 1000 * MIB;
    g_assert_cmpfloat_with_epsilon(omen_technique_estimate(OMEN_TECHNIQUE_POST_COPY, &load).seconds,
                                   1.05 * 10.24 + 0.5 + 10, 0.01);
}

static void
test_choice(void)
{
    OmenMigrationLoad load = {.memory_bytes = 1024 * MIB,
                              .bytes_per_second = 100.0 * (double) MIB,
                              .downtime_limit_ms = 300};
    OmenMigrationEstimate estimate;

    g_assert_cmpint(omen_technique_choose(&load, TRUE, INFINITY, &estimate), ==,
                    OMEN_TECHNIQUE_PRE_COPY);
    load.dirty_bytes_per_second = 150.0 * (double) MIB;
    g_assert_cmpint(omen_technique_choose(&load, TRUE, INFINITY, &estimate), ==,
                    OMEN_TECHNIQUE_AUTO_CONVERGE);
    g_assert_cmpint(omen_technique_choose(&load, TRUE, 30, &estimate), ==, OMEN_TECHNIQUE_HYBRID);
    /* Not allowed: what is quickest of the rest, though late. */
    g_assert_cmpint(omen_technique_choose(&load, FALSE, 30, &estimate), ==,
                    OMEN_TECHNIQUE_AUTO_CONVERGE);
    g_assert_cmpfloat(estimate.seconds, >, 30);
    for (guint i = 0; i < OMEN_N_TECHNIQUES; i++) {
        OmenTechnique technique;
        g_assert_true(
            omen_technique_from_string(omen_technique_to_string((OmenTechnique) i), &technique));
        g_assert_cmpint(technique, ==, i);
    }
}

static void
test_plan(void)
{
    const OmenPlanDomain domains[] = {
        {.name = "large", .memory_bytes = 400 * MIB},
        {.name = "small", .memory_bytes = 100 * MIB},
        {.name = "stuck", .memory_bytes = 50 * MIB, .immovable = "hostdev"},
        {.name = "huge", .memory_bytes = 5000 * MIB},
    };
    const OmenPlanDestination destinations[] = {
        {.name = "dead", .unusable = "dead: cannot be reached"},
        {.name = "beta", .room_bytes = 450 * MIB, .reserved_bytes = 70 * MIB},
        {.name = "gamma", .room_bytes = 450 * MIB},
    };
    const OmenPlanLimits limits = {.concurrency = 1, .link_bytes_per_second = 100.0 * (double) MIB};
    g_autoptr(GPtrArray) plan = omen_planner_plan(domains, 4, destinations, 3, &limits);

    g_assert_cmpuint(plan->len, ==, 4);
    g_assert_cmpuint(move_at(plan, 0)->domain, ==, 1);
    g_assert_cmpfloat_with_epsilon(move_at(plan, 0)->end_s, 1.5, 1e-6);
    g_assert_cmpuint(move_at(plan, 1)->domain, ==, 0);
    g_assert_cmpint(move_at(plan, 1)->destination, !=, move_at(plan, 0)->destination);
    g_assert_cmpfloat_with_epsilon(move_at(plan, 1)->start_s, 1.5, 1e-6);
    g_assert_cmpstr(move_of(plan, 2)->reason, ==, "hostdev");
    g_assert_nonnull(g_strstr_len(move_of(plan, 3)->reason, -1, "dead: cannot be reached"));
    g_assert_nonnull(
        g_strstr_len(move_of(plan, 3)->reason, -1, "beta: no room left (70 MiB are reserved"));
    g_assert_true(g_str_has_suffix(move_of(plan, 3)->reason, "gamma: no room left"));
}

/* What stays only for what others reserved, and what would stay without that. */
static void
test_reserved(void)
{
    const OmenPlanDomain domains[] = {
        {.name = "first", .memory_bytes = 300 * MIB, .importance = 9},
        {.name = "later", .memory_bytes = 200 * MIB},
        {.name = "large", .memory_bytes = 900 * MIB},
        {.name = "barred", .memory_bytes = 200 * MIB, .barred = 1},
        {.name = "never", .memory_bytes = 200 * MIB, .immovable = "hostdev"},
    };
    /* More is reserved there than is free: what is on its way is counted twice. */
    const OmenPlanDestination beta = {.name = "beta",
                                      .room_bytes = 300 * MIB,
                                      .reserved_bytes = 900 * MIB,
                                      .later_bytes = 600 * MIB};
    OmenPlanLimits limits = {.concurrency = 1, .link_bytes_per_second = 100.0 * (double) MIB};
    g_autoptr(GPtrArray) plan = omen_planner_plan(domains, 5, &beta, 1, &limits);
    g_autoptr(GPtrArray) elsewhere = NULL;

    g_assert_cmpint(move_of(plan, 0)->destination, ==, 0);
    g_assert_false(move_of(plan, 0)->may_fit_later);
    g_assert_cmpint(move_of(plan, 1)->destination, ==, -1);
    g_assert_true(move_of(plan, 1)->may_fit_later);
    g_assert_false(move_of(plan, 2)->may_fit_later);
    g_assert_false(move_of(plan, 3)->may_fit_later);
    g_assert_false(move_of(plan, 4)->may_fit_later);
    limits.destination = "gamma";
    elsewhere = omen_planner_plan(domains, 5, &beta, 1, &limits);
    g_assert_false(move_of(elsewhere, 1)->may_fit_later);
}

static void
test_deadline(void)
{
    /* 10 s for 10.5 s of work: the one of most importance over time, not the shortest. */
    const OmenPlanDomain domains[] = {
        {.name = "heavy", .memory_bytes = 700 * MIB, .importance = 10},
        {.name = "light", .memory_bytes = 200 * MIB},
        {.name = "other", .memory_bytes = 250 * MIB},
    };
    const OmenPlanDestination beta = {.name = "beta", .room_bytes = 4096 * MIB};
    const OmenPlanLimits limits = {
        .concurrency = 1, .link_bytes_per_second = 100.0 * (double) MIB, .deadline_s = 10};
    g_autoptr(GPtrArray) plan = omen_planner_plan(domains, 3, &beta, 1, &limits);

    g_assert_cmpfloat_with_epsilon(omen_plan_value(plan, domains), 11, 1e-6);
    g_assert_cmpuint(move_at(plan, 0)->domain, ==, 0);
    g_assert_cmpuint(move_at(plan, 2)->domain, ==, 2);
    g_assert_true(move_at(plan, 2)->is_late);
}

static void
test_wishes(void)
{
    const OmenPlanDomain domains[] = {
        {.name = "db1", .memory_bytes = 100 * MIB, .group = "db"},
        {.name = "db2", .memory_bytes = 100 * MIB, .group = "db"},
        {.name = "db3", .memory_bytes = 100 * MIB, .group = "db"},
        {.name = "gentle", .memory_bytes = 100 * MIB, .technique = OMEN_TECHNIQUE_POST_COPY},
        {.name = "picky", .memory_bytes = 100 * MIB, .barred = 1},
    };
    const OmenPlanDestination destinations[] = {{.name = "beta", .room_bytes = 4096 * MIB},
                                                {.name = "gamma", .room_bytes = 4096 * MIB}};
    OmenPlanLimits limits = {
        .concurrency = 2, .link_bytes_per_second = 100.0 * (double) MIB, .post_copy = TRUE};
    g_autoptr(GPtrArray) plan = omen_planner_plan(domains, 5, destinations, 2, &limits);
    guint n_stay = 0;

    for (gsize i = 0; i < 3; i++)
        n_stay += move_of(plan, i)->destination < 0;
    g_assert_cmpuint(n_stay, ==, 1);
    g_assert_nonnull(g_strstr_len(move_at(plan, 4)->reason, -1, "anti-affinity"));
    g_assert_cmpint(move_of(plan, 3)->technique, ==, OMEN_TECHNIQUE_POST_COPY);
    g_assert_cmpint(move_of(plan, 4)->destination, ==, 1);

    /* The wish for post-copy does not overrule the policy; one destination that is wanted does all.
     */
    limits.post_copy = FALSE;
    limits.destination = "beta";
    g_autoptr(GPtrArray) strict = omen_planner_plan(domains, 5, destinations, 2, &limits);
    g_assert_cmpint(move_of(strict, 3)->technique, ==, OMEN_TECHNIQUE_PRE_COPY);
    g_assert_nonnull(g_strstr_len(move_of(strict, 4)->reason, -1, "beta: cannot run it"));
}

static void
test_none(void)
{
    const OmenPlanDomain domain = {.name = "g1", .memory_bytes = MIB};
    OmenPlanLimits limits = {.concurrency = 1, .link_bytes_per_second = 1};
    g_autoptr(GPtrArray) empty = omen_planner_plan(&domain, 0, NULL, 0, &limits);
    g_autoptr(GPtrArray) nowhere = omen_planner_plan(&domain, 1, NULL, 0, &limits);

    g_assert_cmpuint(empty->len, ==, 0);
    g_assert_nonnull(g_strstr_len(move_at(nowhere, 0)->reason, -1, "[destination NAME]"));
}

static void
check_room(const RandomHost *host, GPtrArray *plan)
{
    guint64 used[RANDOM_HOST_MAX_DESTINATIONS] = {0};

    for (guint i = 0; i < plan->len; i++) {
        const OmenPlannedMove *move = move_at(plan, i);
        if (move->destination >= 0)
            used[move->destination] += host->domains[move->domain].memory_bytes;
    }
    for (gsize i = 0; i < host->n_destinations; i++)
        g_assert_cmpuint(used[i], <=, host->destinations[i].room_bytes);
}

/* How many run at the moment that @move starts, all in all and to its destination. */
static void
check_at_once(const RandomHost *host, GPtrArray *plan, const OmenPlannedMove *move)
{
    guint at_once = 0;
    guint there = 0;

    for (guint i = 0; i < plan->len; i++) {
        const OmenPlannedMove *other = move_at(plan, i);
        gboolean runs = other->destination >= 0 && other->start_s <= move->start_s &&
                        other->end_s > move->start_s;
        at_once += runs;
        there += runs && other->destination == move->destination;
        if (other != move && move->destination == other->destination &&
            host->domains[move->domain].group)
            g_assert_cmpstr(host->domains[move->domain].group, !=,
                            host->domains[other->domain].group);
    }
    g_assert_cmpuint(at_once, <=, host->limits.concurrency);
    if (host->limits.concurrency_a_destination > 0)
        g_assert_cmpuint(there, <=, host->limits.concurrency_a_destination);
}

/* Whatever the host: no destination gets more than it has room for, each domain is in the plan
 * once, what can't move stays with a reason, no more move at once than allowed, none of a group
 * meet. */
static void
test_properties(void)
{
    for (guint32 seed = 0; seed < 300; seed++) {
        RandomHost host;
        gboolean seen[RANDOM_HOST_MAX_DOMAINS] = {0};
        random_host_make(&host, seed, 0, 24);
        host.limits.concurrency_a_destination = seed % 3;
        if (seed % 4 == 0)
            host.limits.deadline_s = 0;
        g_autoptr(GPtrArray) plan = omen_planner_plan(
            host.domains, host.n_domains, host.destinations, host.n_destinations, &host.limits);
        g_assert_cmpuint(plan->len, ==, host.n_domains);
        for (guint i = 0; i < plan->len; i++) {
            const OmenPlannedMove *move = move_at(plan, i);
            g_assert_false(seen[move->domain]);
            seen[move->domain] = TRUE;
            g_assert_cmpint(move->destination < 0, ==, move->reason != NULL);
            if (move->destination < 0)
                continue;
            g_assert_null(host.domains[move->domain].immovable);
            g_assert_cmpfloat(move->end_s, >=, move->start_s);
            if (!host.limits.post_copy)
                g_assert_false(omen_technique_is_post_copy(move->technique));
            check_at_once(&host, plan, move);
        }
        check_room(&host, plan);
    }
}

/* Never worse than a script; near the optimum on each host where that can be known. */
static void
test_quality(void)
{
    for (guint32 seed = 0; seed < 150; seed++) {
        RandomHost host;
        random_host_make(&host, 5000 + seed, 4, 30);
        g_autoptr(GPtrArray) plan = omen_planner_plan(
            host.domains, host.n_domains, host.destinations, host.n_destinations, &host.limits);
        g_assert_cmpfloat(omen_plan_value(plan, host.domains), >=,
                          0.97 * random_host_first_come(&host));
    }
    for (guint32 seed = 0; seed < 40; seed++) {
        RandomHost host;
        random_host_make(&host, 9000 + seed, 4, seed % 8 == 0 ? 14 : 11);
        g_autoptr(GPtrArray) plan = omen_planner_plan(
            host.domains, host.n_domains, host.destinations, host.n_destinations, &host.limits);
        double best = random_host_exact(&host);
        g_assert_cmpfloat(omen_plan_value(plan, host.domains), <=, best + 1e-6);
        g_assert_cmpfloat(omen_plan_value(plan, host.domains), >=, 0.97 * best);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/planner/estimates", test_estimates);
    g_test_add_func("/planner/choice", test_choice);
    g_test_add_func("/planner/plan", test_plan);
    g_test_add_func("/planner/reserved", test_reserved);
    g_test_add_func("/planner/deadline", test_deadline);
    g_test_add_func("/planner/wishes", test_wishes);
    g_test_add_func("/planner/none", test_none);
    g_test_add_func("/planner/properties", test_properties);
    g_test_add_func("/planner/quality", test_quality);
    return g_test_run();
}

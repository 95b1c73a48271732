/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/domain-facts.h"
#include "evacuation/evacuation.h"
#include "evacuation/planner.h"
#include "evacuation/whereabouts.h"

static void
test_plan(void)
{
    const OmenPlanDomain domains[] = {{"u1", "large", 400, NULL},
                                      {"u2", "small", 100, NULL},
                                      {"u3", "stuck", 50, "hostdev"},
                                      {"u4", "huge", 5000, NULL}};
    const OmenPlanDestination destinations[] = {
        {"dead", 0, "dead: cannot be reached"}, {"beta", 450, NULL}, {"gamma", 450, NULL}};
    const OmenPlanLimits limits = {1, 100, NULL};
    g_autoptr(GPtrArray) plan = omen_planner_plan(domains, 4, destinations, 3, &limits);
    const OmenPlannedMove *move;

    g_assert_cmpuint(plan->len, ==, 4);
    move = g_ptr_array_index(plan, 0);
    g_assert_cmpuint(move->domain, ==, 1);
    g_assert_cmpint(move->destination, ==, 1);
    g_assert_cmpfloat(move->end_s, ==, 1);
    move = g_ptr_array_index(plan, 1);
    g_assert_cmpuint(move->domain, ==, 0);
    g_assert_cmpint(move->destination, ==, 2);
    g_assert_cmpfloat(move->start_s, ==, 1);
    g_assert_cmpfloat(move->end_s, ==, 5);
    move = g_ptr_array_index(plan, 2);
    g_assert_cmpstr(move->reason, ==, "hostdev");
    move = g_ptr_array_index(plan, 3);
    g_assert_cmpint(move->destination, ==, -1);
    g_assert_nonnull(g_strstr_len(move->reason, -1, "dead: cannot be reached"));
    g_assert_nonnull(g_strstr_len(move->reason, -1, "beta: no room left"));
}

/* No destination gets more than it has room for; each domain is in the plan once; no more moves at
 * once than allowed. */
static void
test_plan_random(void)
{
    for (guint round = 0; round < 2000; round++) {
        OmenPlanDomain domains[12];
        OmenPlanDestination destinations[4];
        guint64 used[4] = {0};
        gboolean seen[12] = {0};
        gsize n = (gsize) g_test_rand_int_range(0, 13);
        gsize m = (gsize) g_test_rand_int_range(0, 5);
        OmenPlanLimits limits = {(guint) g_test_rand_int_range(1, 4), 10, NULL};

        for (gsize i = 0; i < n; i++)
            domains[i] = (OmenPlanDomain){"u", "d", (guint64) g_test_rand_int_range(1, 100), NULL};
        for (gsize i = 0; i < m; i++)
            destinations[i] = (OmenPlanDestination){"x", (guint64) g_test_rand_int_range(0, 300),
                                                    g_test_rand_bit() ? "no" : NULL};
        g_autoptr(GPtrArray) plan = omen_planner_plan(domains, n, destinations, m, &limits);
        g_assert_cmpuint(plan->len, ==, n);
        for (guint i = 0; i < plan->len; i++) {
            const OmenPlannedMove *move = g_ptr_array_index(plan, i);
            guint at_once = 0;
            g_assert_false(seen[move->domain]);
            seen[move->domain] = TRUE;
            g_assert_cmpint(move->destination < 0, ==, move->reason != NULL);
            if (move->destination < 0)
                continue;
            g_assert_null(destinations[move->destination].unusable);
            used[move->destination] += domains[move->domain].memory_bytes;
            for (guint j = 0; j < plan->len; j++) {
                const OmenPlannedMove *other = g_ptr_array_index(plan, j);
                at_once += other->destination >= 0 && other->start_s <= move->start_s &&
                           other->end_s > move->start_s;
            }
            g_assert_cmpuint(at_once, <=, limits.concurrency);
        }
        for (gsize i = 0; i < m; i++)
            g_assert_cmpuint(used[i], <=, destinations[i].room_bytes);
    }
}

typedef struct {
    OmenPresence here;
    OmenPresence there;
    OmenOutcome soon;
    OmenOutcome finally;
} Whereabouts;

static const Whereabouts whereabouts[] = {
    {OMEN_PRESENCE_ABSENT, OMEN_PRESENCE_RUNNING, OMEN_OUTCOME_ARRIVED, OMEN_OUTCOME_ARRIVED},
    {OMEN_PRESENCE_RUNNING, OMEN_PRESENCE_ABSENT, OMEN_OUTCOME_STAYED, OMEN_OUTCOME_STAYED},
    {OMEN_PRESENCE_RUNNING, OMEN_PRESENCE_UNKNOWN, OMEN_OUTCOME_STAYED, OMEN_OUTCOME_STAYED},
    {OMEN_PRESENCE_RUNNING, OMEN_PRESENCE_PAUSED, OMEN_OUTCOME_STAYED, OMEN_OUTCOME_STAYED},
    {OMEN_PRESENCE_RUNNING, OMEN_PRESENCE_RUNNING, OMEN_OUTCOME_TWICE, OMEN_OUTCOME_TWICE},
    {OMEN_PRESENCE_IN_JOB, OMEN_PRESENCE_IN_JOB, OMEN_OUTCOME_OPEN, OMEN_OUTCOME_OPEN},
    {OMEN_PRESENCE_PAUSED, OMEN_PRESENCE_PAUSED, OMEN_OUTCOME_OPEN, OMEN_OUTCOME_PAUSED_HERE},
    {OMEN_PRESENCE_PAUSED, OMEN_PRESENCE_UNKNOWN, OMEN_OUTCOME_OPEN, OMEN_OUTCOME_PAUSED_HERE},
    {OMEN_PRESENCE_ABSENT, OMEN_PRESENCE_PAUSED, OMEN_OUTCOME_OPEN, OMEN_OUTCOME_PAUSED_THERE},
    {OMEN_PRESENCE_ABSENT, OMEN_PRESENCE_ABSENT, OMEN_OUTCOME_OPEN, OMEN_OUTCOME_NOWHERE},
    {OMEN_PRESENCE_ABSENT, OMEN_PRESENCE_UNKNOWN, OMEN_OUTCOME_OPEN, OMEN_OUTCOME_OPEN},
    {OMEN_PRESENCE_UNKNOWN, OMEN_PRESENCE_RUNNING, OMEN_OUTCOME_OPEN, OMEN_OUTCOME_OPEN},
    {OMEN_PRESENCE_UNKNOWN, OMEN_PRESENCE_UNKNOWN, OMEN_OUTCOME_OPEN, OMEN_OUTCOME_OPEN},
};

static void
test_whereabouts(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(whereabouts); i++) {
        OmenWhereabouts at = {whereabouts[i].here, whereabouts[i].there};
        g_assert_cmpint(omen_whereabouts_judge(at), ==, whereabouts[i].soon);
        g_assert_cmpint(omen_whereabouts_judge_finally(at), ==, whereabouts[i].finally);
    }
}

static void
test_facts(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenDomainFacts) facts = omen_domain_facts_new_from_xml(
        "<domain type='kvm'><name>g&amp;1</name><uuid>u</uuid><memory unit='KiB'>1024</memory>"
        "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
        "<cpu mode='custom'><model>qemu64</model></cpu>"
        "<devices><hostdev type='usb'/></devices></domain>",
        &error);

    g_assert_no_error(error);
    g_assert_cmpstr(facts->name, ==, "g&1");
    g_assert_cmpstr(facts->virt_type, ==, "kvm");
    g_assert_cmpstr(facts->machine, ==, "pc-q35-7.2");
    g_assert_cmpstr(facts->cpu_xml, ==, "<cpu mode=\"custom\"><model>qemu64</model></cpu>");
    g_assert_cmpuint(facts->memory_bytes, ==, 1024 * 1024);
    g_assert_false(facts->has_host_devices);
    g_assert_false(facts->host_passthrough);
    g_assert_null(omen_domain_facts_new_from_xml("<domain", &error));
    g_assert_error(error, OMEN_DOMAIN_FACTS_ERROR, OMEN_DOMAIN_FACTS_ERROR_BAD_XML);
}

static void
test_phases(void)
{
    OmenPhase phase;

    for (int i = OMEN_PHASE_QUEUED; i <= OMEN_PHASE_CANCELLED; i++) {
        g_assert_true(omen_phase_from_string(omen_phase_to_string((OmenPhase) i), &phase));
        g_assert_cmpint(phase, ==, i);
        g_assert_cmpint(omen_phase_is_final(phase), ==, i >= OMEN_PHASE_SUCCEEDED);
    }
    g_assert_false(omen_phase_from_string("nowhere", &phase));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evacuation/plan", test_plan);
    g_test_add_func("/evacuation/plan-random", test_plan_random);
    g_test_add_func("/evacuation/whereabouts", test_whereabouts);
    g_test_add_func("/evacuation/facts", test_facts);
    g_test_add_func("/evacuation/phases", test_phases);
    return g_test_run();
}

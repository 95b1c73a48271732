/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/policy.h"

typedef struct {
    const char *what;
    OmenMode mode;
    OmenScope scope;
    gboolean of_domain;
    gboolean helps;
    OmenEndangers endangers;
    OmenAction action;
} Case;

static const Case cases[] = {
    {"a failing host, enforce", OMEN_MODE_ENFORCE, OMEN_SCOPE_HOST, FALSE, TRUE,
     OMEN_ENDANGERS_HOST, OMEN_ACTION_EVACUATING},
    {"a failing host, advise", OMEN_MODE_ADVISE, OMEN_SCOPE_HOST, FALSE, TRUE, OMEN_ENDANGERS_HOST,
     OMEN_ACTION_PROPOSED},
    {"a failing host, observe", OMEN_MODE_OBSERVE, OMEN_SCOPE_HOST, FALSE, TRUE,
     OMEN_ENDANGERS_HOST, OMEN_ACTION_RECORDED},
    {"a failing disk", OMEN_MODE_ENFORCE, OMEN_SCOPE_DEVICE, FALSE, TRUE, OMEN_ENDANGERS_HOST,
     OMEN_ACTION_EVACUATING},
    {"a failing switch", OMEN_MODE_ENFORCE, OMEN_SCOPE_HOST, FALSE, FALSE, OMEN_ENDANGERS_HOST,
     OMEN_ACTION_RECORDED},
    {"a domain's disk, by QEMU", OMEN_MODE_ENFORCE, OMEN_SCOPE_DOMAIN, TRUE, TRUE,
     OMEN_ENDANGERS_DOMAIN, OMEN_ACTION_EVACUATING},
    {"a guest's word, enforce", OMEN_MODE_ENFORCE, OMEN_SCOPE_GUEST, TRUE, TRUE,
     OMEN_ENDANGERS_DOMAIN, OMEN_ACTION_PROPOSED},
    {"a guest's word, observe", OMEN_MODE_OBSERVE, OMEN_SCOPE_GUEST, TRUE, TRUE,
     OMEN_ENDANGERS_DOMAIN, OMEN_ACTION_RECORDED},
    {"a host-like word of a domain's stream", OMEN_MODE_ENFORCE, OMEN_SCOPE_HOST, TRUE, TRUE,
     OMEN_ENDANGERS_DOMAIN, OMEN_ACTION_EVACUATING},
    {"no space on shared storage", OMEN_MODE_ENFORCE, OMEN_SCOPE_DOMAIN, TRUE, FALSE,
     OMEN_ENDANGERS_DOMAIN, OMEN_ACTION_RECORDED},
    {"nobody", OMEN_MODE_ENFORCE, OMEN_SCOPE_NONE, FALSE, TRUE, OMEN_ENDANGERS_NOBODY,
     OMEN_ACTION_RECORDED},
    {"a guest's word without a guest", OMEN_MODE_ENFORCE, OMEN_SCOPE_GUEST, FALSE, TRUE,
     OMEN_ENDANGERS_NOBODY, OMEN_ACTION_RECORDED},
};

static void
test_case(gconstpointer data)
{
    const Case *one = data;
    char *nobody = (char *) "";
    char *somebody = (char *) "600d0000-0000-4000-8000-000000000001";
    OmenData omen = {
        .scope = one->scope,
        .probability = 0.9,
        .domain_uuid = one->of_domain ? somebody : nobody,
        .migration_helps = one->helps,
        .is_proven = TRUE,
    };
    OmenPolicyDecision decision = omen_policy_decide(one->mode, &omen);

    g_assert_cmpint(decision.endangers, ==, one->endangers);
    g_assert_cmpint(decision.action, ==, one->action);
    if (decision.action == OMEN_ACTION_EVACUATING)
        g_assert_cmpstr(decision.explanation, ==, "");
    else
        g_assert_cmpstr(decision.explanation, !=, "");
}

/* Another host would have the same trouble: nobody is moved in any mode, and it is said why. */
static void
test_shared(void)
{
    g_autoptr(OmenDeviceReach) reach = omen_device_reach_new(OMEN_REACH_DOMAINS, "it is shared");
    OmenData of_device = {.scope = OMEN_SCOPE_DEVICE,
                          .failure_class = OMEN_FAILURE_DISK,
                          .probability = 0.97,
                          .domain_uuid = (char *) "",
                          .device_reach = reach,
                          .migration_helps = TRUE,
                          .is_proven = TRUE};
    OmenData of_domain = of_device;

    of_domain.scope = OMEN_SCOPE_DOMAIN;
    of_domain.domain_uuid = (char *) "600d0000-0000-4000-8000-000000000001";
    g_assert_cmpint(omen_policy_decide(OMEN_MODE_ENFORCE, &of_device).action, ==,
                    OMEN_ACTION_EVACUATING);
    reach->is_shared = TRUE;
    for (guint mode = 0; mode <= OMEN_MODE_ENFORCE; mode++) {
        OmenPolicyDecision decision = omen_policy_decide((OmenMode) mode, &of_device);
        g_assert_cmpint(decision.action, ==, OMEN_ACTION_RECORDED);
        g_assert_cmpstr(decision.explanation, ==, "it is shared");
        g_assert_cmpint(omen_policy_decide((OmenMode) mode, &of_domain).action, ==,
                        OMEN_ACTION_RECORDED);
    }
    /* While that is being found out nothing is done. */
    of_domain.device_reach = NULL;
    of_domain.is_reach_sought = TRUE;
    g_assert_cmpint(omen_policy_decide(OMEN_MODE_ENFORCE, &of_domain).action, ==,
                    OMEN_ACTION_RECORDED);
}

/* Never more than a proposal, whatever the mode; in advise and observe as any other. */
static void
test_unknown(void)
{
    static const OmenAction actions[] = {
        [OMEN_MODE_OBSERVE] = OMEN_ACTION_RECORDED,
        [OMEN_MODE_ADVISE] = OMEN_ACTION_PROPOSED,
        [OMEN_MODE_ENFORCE] = OMEN_ACTION_PROPOSED,
    };
    OmenData omen = {.scope = OMEN_SCOPE_HOST,
                     .failure_class = OMEN_FAILURE_UNKNOWN,
                     .domain_uuid = (char *) "",
                     .migration_helps = TRUE,
                     .is_proven = TRUE};

    for (guint mode = 0; mode < G_N_ELEMENTS(actions); mode++) {
        OmenPolicyDecision decision = omen_policy_decide((OmenMode) mode, &omen);
        g_assert_cmpint(decision.action, ==, actions[mode]);
        g_assert_cmpint(decision.endangers, ==, OMEN_ENDANGERS_HOST);
        g_assert_cmpint(decision.needs_backing, ==, mode == OMEN_MODE_ENFORCE);
    }
}

/* Who wrote it is not one whose word counts: in no mode is it acted upon, whatever it says. */
static void
test_not_proven(void)
{
    for (OmenScope scope = OMEN_SCOPE_HOST; scope <= OMEN_SCOPE_GUEST; scope++) {
        for (OmenMode mode = OMEN_MODE_OBSERVE; mode <= OMEN_MODE_ENFORCE; mode++) {
            OmenData omen = {.scope = scope,
                             .domain_uuid = (char *) "",
                             .probability = 1,
                             .migration_helps = TRUE};
            OmenPolicyDecision decision = omen_policy_decide(mode, &omen);
            g_assert_cmpint(decision.action, !=, OMEN_ACTION_EVACUATING);
            if (scope <= OMEN_SCOPE_DEVICE && mode != OMEN_MODE_OBSERVE) {
                g_assert_cmpint(decision.action, ==, OMEN_ACTION_PROPOSED);
                g_assert_cmpstr(decision.explanation, ==, OMEN_POLICY_NOT_PROVEN);
            }
        }
    }
}

static void
test_device(void)
{
    static const struct {
        OmenReach reach;
        OmenEndangers endangers;
        OmenAction action;
    } reaches[] = {
        {OMEN_REACH_HOST, OMEN_ENDANGERS_HOST, OMEN_ACTION_EVACUATING},
        {OMEN_REACH_DOMAINS, OMEN_ENDANGERS_USERS, OMEN_ACTION_EVACUATING},
        {OMEN_REACH_NOBODY, OMEN_ENDANGERS_NOBODY, OMEN_ACTION_RECORDED},
    };
    OmenPolicyDecision decision;

    for (guint i = 0; i < G_N_ELEMENTS(reaches); i++) {
        g_autoptr(OmenDeviceReach) reach = omen_device_reach_new(reaches[i].reach, "why");
        OmenData omen = {.scope = OMEN_SCOPE_DEVICE,
                         .probability = 0.9,
                         .domain_uuid = (char *) "",
                         .migration_helps = TRUE,
                         .is_proven = TRUE,
                         .device_reach = reach};
        decision = omen_policy_decide(OMEN_MODE_ENFORCE, &omen);
        g_assert_cmpint(decision.endangers, ==, reaches[i].endangers);
        g_assert_cmpint(decision.action, ==, reaches[i].action);
        g_assert_cmpstr(decision.explanation, ==,
                        decision.action == OMEN_ACTION_RECORDED ? "why" : "");
    }
    OmenData sought = {.scope = OMEN_SCOPE_DEVICE,
                       .probability = 0.9,
                       .domain_uuid = (char *) "",
                       .migration_helps = TRUE,
                       .is_proven = TRUE,
                       .is_reach_sought = TRUE};
    decision = omen_policy_decide(OMEN_MODE_ENFORCE, &sought);
    g_assert_cmpint(decision.action, ==, OMEN_ACTION_RECORDED);
    g_assert_cmpint(decision.endangers, ==, OMEN_ENDANGERS_NOBODY);
}

/* The judge's word first, the class's figures where it says nothing, and the earliest of several
 * signs. */
static void
test_deadline(void)
{
    g_autoptr(OmenData) data = omen_data_new();
    g_autoptr(OmenData) later = omen_data_new();
    g_autoptr(Omen) omen = NULL;

    data->time_us = 1000 * G_USEC_PER_SEC;
    data->failure_class = OMEN_FAILURE_DISK;
    g_assert_cmpint(omen_policy_deadline_us(data), ==, 1596 * G_USEC_PER_SEC);
    data->urgency_s = 300;
    g_assert_cmpint(omen_policy_deadline_us(data), ==, 1150 * G_USEC_PER_SEC);
    data->urgency_s = 0;
    data->failure_class = OMEN_FAILURE_BENIGN;
    g_assert_cmpint(omen_policy_deadline_us(data), ==, 0);

    data->urgency_s = 1000;
    omen = omen_new(omen_data_copy(data));
    later->time_us = 1100 * G_USEC_PER_SEC;
    later->urgency_s = 950;
    omen_join(omen, later);
    g_assert_cmpuint(omen_get_data(omen)->urgency_s, ==, 1000);
    later->urgency_s = 60;
    omen_join(omen, later);
    g_assert_cmpuint(omen_get_data(omen)->urgency_s, ==, 160);
}

/* One corrected error is told, and nobody leaves for it. */
static void
test_noted(void)
{
    OmenData omen = {.scope = OMEN_SCOPE_HOST,
                     .failure_class = OMEN_FAILURE_MEMORY,
                     .domain_uuid = (char *) "",
                     .migration_helps = TRUE,
                     .is_proven = TRUE,
                     .probability = 0.6};

    g_assert_cmpint(omen_policy_decide(OMEN_MODE_ENFORCE, &omen).action, ==, OMEN_ACTION_RECORDED);
    g_assert_true(omen_data_is_noted(&omen));
    omen.probability = 0.85;
    g_assert_cmpint(omen_policy_decide(OMEN_MODE_ENFORCE, &omen).action, ==,
                    OMEN_ACTION_EVACUATING);
    g_assert_false(omen_data_is_noted(&omen));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/", cases[i].what, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/policy/deadline", test_deadline);
    g_test_add_func("/policy/device", test_device);
    g_test_add_func("/policy/shared", test_shared);
    g_test_add_func("/policy/unknown", test_unknown);
    g_test_add_func("/policy/noted", test_noted);
    g_test_add_func("/policy/not-proven", test_not_proven);
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/limiter.h"

#define SECONDS(n) ((gint64) (n) *G_USEC_PER_SEC)

static const OmenLimiterSettings limits = {.certain_percent = 90,
                                           .lasting_s = 30,
                                           .pause_s = 300,
                                           .domain_budget = 4,
                                           .host_budget = 10,
                                           .storm_domains = 3,
                                           .ask_in_storm = TRUE};

typedef struct {
    const char *what;
    OmenLimiterFacts facts;
    OmenHold hold;
} Case;

static const Case cases[] = {
    {"certain", {.probability = 0.95}, OMEN_HOLD_NONE},
    {"not certain", {.probability = 0.7}, OMEN_HOLD_WAITING},
    {"not certain, lasts", {.probability = 0.7, .last_us = SECONDS(31)}, OMEN_HOLD_NONE},
    {"not certain, lasts not yet", {.probability = 0.7, .last_us = SECONDS(29)}, OMEN_HOLD_WAITING},
    {"not certain, backed", {.probability = 0.7, .n_independent = 1}, OMEN_HOLD_NONE},
    {"just after an action",
     {.probability = 0.99, .now_us = SECONDS(1000), .last_action_us = SECONDS(900)},
     OMEN_HOLD_WAITING},
    {"during one",
     {.probability = 0.99,
      .now_us = SECONDS(1000),
      .last_action_us = SECONDS(900),
      .is_under_way = TRUE},
     OMEN_HOLD_NONE},
    {"long after one",
     {.probability = 0.99, .now_us = SECONDS(1000), .last_action_us = SECONDS(600)},
     OMEN_HOLD_NONE},
    {"a domain's budget", {.probability = 0.99, .n_moves_of_domain = 4}, OMEN_HOLD_ASKING},
    {"the host's budget", {.probability = 0.99, .n_moves = 10}, OMEN_HOLD_ASKING},
    {"libvirt is away", {.probability = 0.99, .is_disconnected = TRUE}, OMEN_HOLD_WAITING},
    {"most domains alarmed",
     {.probability = 0.99, .is_of_domain = TRUE, .n_alarmed_domains = 3, .n_domains = 5},
     OMEN_HOLD_ASKING},
    {"some domains alarmed",
     {.probability = 0.99, .is_of_domain = TRUE, .n_alarmed_domains = 3, .n_domains = 6},
     OMEN_HOLD_NONE},
    {"few domains, all alarmed",
     {.probability = 0.99, .is_of_domain = TRUE, .n_alarmed_domains = 2, .n_domains = 2},
     OMEN_HOLD_NONE},
    {"the host itself, and its domains",
     {.probability = 0.99, .n_alarmed_domains = 5, .n_domains = 5},
     OMEN_HOLD_NONE},
    {"most hosts endangered",
     {.probability = 0.99, .n_endangered_destinations = 2, .n_destinations = 3},
     OMEN_HOLD_ASKING},
    {"another host endangered",
     {.probability = 0.99, .n_endangered_destinations = 1, .n_destinations = 2},
     OMEN_HOLD_NONE},
};

static void
test_case(gconstpointer data)
{
    const Case *one = data;
    const char *explanation = NULL;

    g_assert_cmpint(omen_limiter_weigh(&limits, &one->facts, &explanation), ==, one->hold);
    g_assert_cmpint(*explanation == '\0', ==, one->hold == OMEN_HOLD_NONE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/limiter/", cases[i].what, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}

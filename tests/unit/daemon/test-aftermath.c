/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "aftermath.h"

#define UUID  "600d0000-0000-4000-8000-000000000001"
#define OTHER "600d0000-0000-4000-8000-000000000002"

static OmenOmen *
raise_omen(OmenOmenRegistry *omens, const char *uuid)
{
    OmenOmenData *sign = omen_omen_data_new();

    sign->time_us = g_get_real_time() - 100 * G_USEC_PER_SEC;
    sign->last_us = sign->time_us;
    sign->expires_us = g_get_real_time() + 100 * G_USEC_PER_SEC;
    g_free(sign->domain_uuid);
    sign->domain_uuid = g_strdup(uuid);
    return omen_omen_registry_raise(omens, sign, NULL);
}

static void
test_outcome(void)
{
    g_autoptr(OmenOmenRegistry) omens = omen_omen_registry_new(10);
    OmenOmen *omen = raise_omen(omens, UUID);
    OmenOmen *other = raise_omen(omens, OTHER);
    g_autoptr(OmenDomainEvent) asked = omen_domain_event_new_lifecycle(
        UUID, "g1", VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
    g_autoptr(OmenDomainEvent) crashed = omen_domain_event_new_lifecycle(
        UUID, "g1", VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED);

    omen_omen_set_outcome(omen, "mode observe: only recorded");
    omen_aftermath_take_event(omens, asked);
    g_assert_cmpstr(omen_omen_get_data(omen)->outcome, ==, "mode observe: only recorded");
    omen_aftermath_take_event(omens, crashed);
    g_autofree char *outcome = g_strdup(omen_omen_get_data(omen)->outcome);
    g_assert_true(g_str_has_prefix(outcome, "mode observe: only recorded; then the domain failed"));
    g_assert_nonnull(strstr(outcome, "100 s after the first sign"));
    omen_aftermath_take_event(omens, crashed);
    g_assert_cmpstr(omen_omen_get_data(omen)->outcome, ==, outcome);
    g_assert_cmpstr(omen_omen_get_data(other)->outcome, ==, "");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aftermath/outcome", test_outcome);
    return g_test_run();
}

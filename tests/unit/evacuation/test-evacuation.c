/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/domain-facts.h"
#include "evacuation/evacuation.h"
#include "evacuation/whereabouts.h"

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
    g_test_add_func("/evacuation/whereabouts", test_whereabouts);
    g_test_add_func("/evacuation/facts", test_facts);
    g_test_add_func("/evacuation/phases", test_phases);
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/evacuation.h"
#include "evacuation/libvirt/domain-facts.h"
#include "evacuation/libvirt/domain-location.h"
#include "evacuation/plan/pace.h"

#include <math.h>

typedef struct {
    OmenPresence here;
    OmenPresence there;
    OmenMigrationOutcome soon;
    OmenMigrationOutcome finally;
} LocationAnswer;

static const LocationAnswer answers[] = {
    {OMEN_PRESENCE_ABSENT, OMEN_PRESENCE_RUNNING, OMEN_MIGRATION_OUTCOME_ARRIVED,
     OMEN_MIGRATION_OUTCOME_ARRIVED},
    {OMEN_PRESENCE_RUNNING, OMEN_PRESENCE_ABSENT, OMEN_MIGRATION_OUTCOME_STAYED,
     OMEN_MIGRATION_OUTCOME_STAYED},
    {OMEN_PRESENCE_RUNNING, OMEN_PRESENCE_UNKNOWN, OMEN_MIGRATION_OUTCOME_STAYED,
     OMEN_MIGRATION_OUTCOME_STAYED},
    {OMEN_PRESENCE_RUNNING, OMEN_PRESENCE_PAUSED, OMEN_MIGRATION_OUTCOME_STAYED,
     OMEN_MIGRATION_OUTCOME_STAYED},
    {OMEN_PRESENCE_RUNNING, OMEN_PRESENCE_RUNNING, OMEN_MIGRATION_OUTCOME_TWICE,
     OMEN_MIGRATION_OUTCOME_TWICE},
    {OMEN_PRESENCE_IN_JOB, OMEN_PRESENCE_IN_JOB, OMEN_MIGRATION_OUTCOME_OPEN,
     OMEN_MIGRATION_OUTCOME_OPEN},
    {OMEN_PRESENCE_PAUSED, OMEN_PRESENCE_PAUSED, OMEN_MIGRATION_OUTCOME_OPEN,
     OMEN_MIGRATION_OUTCOME_PAUSED_HERE},
    {OMEN_PRESENCE_PAUSED, OMEN_PRESENCE_UNKNOWN, OMEN_MIGRATION_OUTCOME_OPEN,
     OMEN_MIGRATION_OUTCOME_PAUSED_HERE},
    {OMEN_PRESENCE_ABSENT, OMEN_PRESENCE_PAUSED, OMEN_MIGRATION_OUTCOME_OPEN,
     OMEN_MIGRATION_OUTCOME_PAUSED_THERE},
    {OMEN_PRESENCE_ABSENT, OMEN_PRESENCE_ABSENT, OMEN_MIGRATION_OUTCOME_OPEN,
     OMEN_MIGRATION_OUTCOME_NOWHERE},
    {OMEN_PRESENCE_ABSENT, OMEN_PRESENCE_UNKNOWN, OMEN_MIGRATION_OUTCOME_OPEN,
     OMEN_MIGRATION_OUTCOME_OPEN},
    {OMEN_PRESENCE_UNKNOWN, OMEN_PRESENCE_RUNNING, OMEN_MIGRATION_OUTCOME_OPEN,
     OMEN_MIGRATION_OUTCOME_OPEN},
    {OMEN_PRESENCE_BROKEN, OMEN_PRESENCE_BROKEN, OMEN_MIGRATION_OUTCOME_BROKEN,
     OMEN_MIGRATION_OUTCOME_BROKEN},
    {OMEN_PRESENCE_BROKEN, OMEN_PRESENCE_PAUSED, OMEN_MIGRATION_OUTCOME_BROKEN,
     OMEN_MIGRATION_OUTCOME_BROKEN},
    {OMEN_PRESENCE_BROKEN, OMEN_PRESENCE_UNKNOWN, OMEN_MIGRATION_OUTCOME_OPEN,
     OMEN_MIGRATION_OUTCOME_OPEN},
    {OMEN_PRESENCE_UNKNOWN, OMEN_PRESENCE_UNKNOWN, OMEN_MIGRATION_OUTCOME_OPEN,
     OMEN_MIGRATION_OUTCOME_OPEN},
};

static void
test_domain_location(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
        OmenDomainLocation at = {answers[i].here, answers[i].there};
        g_assert_cmpint(omen_domain_location_judge(at), ==, answers[i].soon);
        g_assert_cmpint(omen_domain_location_judge_finally(at), ==, answers[i].finally);
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

#define XML(attributes)                                                                            \
    "<domain type='kvm'><name>g1</name><uuid>u</uuid><memory unit='KiB'>1024</memory>"             \
    "<vcpu>3</vcpu><metadata><o:evacuation xmlns:o='" OMEN_WISHES_NAMESPACE "' " attributes        \
    "/></metadata><os><type arch='x86_64' machine='q'>hvm</type></os><devices>"                    \
    "<interface type='network'><source network='lan'/></interface>"                                \
    "<interface type='bridge'><source bridge='br7'/></interface>"                                  \
    "<disk type='volume'><source pool='fast' volume='v'/></disk>"                                  \
    "<disk type='file'><source file='/a.img'/></disk>"                                             \
    "<disk type='file'><source file='/b.iso'/><readonly/></disk></devices></domain>"

static void
test_wishes(void)
{
    g_autoptr(OmenDomainFacts) facts = omen_domain_facts_new_from_xml(
        XML("priority='7' never-move='yes' technique='post-copy' group='db' needs='ssd;rack-2' shrink-to='64'"),
        NULL);
    g_autoptr(OmenDomainFacts) copy = omen_domain_facts_copy(facts);
    g_autoptr(OmenDomainFacts) wrong = omen_domain_facts_new_from_xml(
        XML("priority='0' never-move='perhaps' technique='carry' shrink-to='-1'"), NULL);

    g_assert_cmpuint(copy->wishes.priority, ==, 7);
    g_assert_true(copy->wishes.never_move);
    g_assert_false(copy->wishes.shutdown_instead);
    g_assert_cmpint(copy->wishes.technique, ==, OMEN_TECHNIQUE_POST_COPY);
    g_assert_cmpstr(copy->wishes.group, ==, "db");
    g_assert_cmpuint(copy->wishes.shrink_to_bytes, ==, 64 * 1024 * 1024);
    g_assert_cmpstr(copy->wishes.needs[1], ==, "rack-2");
    g_assert_cmpstr(copy->wishes.problem, ==, "");
    g_assert_cmpuint(copy->vcpus, ==, 3);
    g_assert_cmpstr(copy->networks[0], ==, "lan");
    g_assert_cmpstr(copy->bridges[0], ==, "br7");
    g_assert_cmpstr(copy->pools[0], ==, "fast");
    g_assert_cmpstr(copy->local_files[0], ==, "/a.img");
    g_assert_null(copy->local_files[1]);
    /* What makes no sense is told, and changes nothing. */
    g_assert_cmpuint(wrong->wishes.priority, ==, 1);
    g_assert_false(wrong->wishes.never_move);
    g_assert_cmpint(wrong->wishes.technique, ==, OMEN_TECHNIQUE_AUTO);
    g_assert_nonnull(strstr(wrong->wishes.problem, "priority"));
    g_assert_nonnull(strstr(wrong->wishes.problem, "never-move"));
    g_assert_nonnull(strstr(wrong->wishes.problem, "technique"));
    g_assert_nonnull(strstr(wrong->wishes.problem, "shrink-to"));
    g_assert_cmpuint(wrong->wishes.shrink_to_bytes, ==, 0);
}

static OmenPaceAction
pace(OmenMigrationProgress progress, OmenPaceTerms terms)
{
    return omen_pace_decide(&progress, &terms).action;
}

static void
test_pace(void)
{
    OmenMigrationProgress progress = {.remaining_bytes = 1000,
                                      .bytes_per_second = 100,
                                      .dirty_bytes_per_second = 20,
                                      .passes = 3,
                                      .downtime_limit_ms = 300};
    OmenPaceTerms terms = {OMEN_TECHNIQUE_AUTO_CONVERGE, TRUE, INFINITY, 2000};

    /* In time: 12.5 s. */
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_KEEP);
    terms.left_s = 20;
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_KEEP);
    /* Late; a pause would be 12.5 s long. */
    terms.left_s = 10;
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_SWITCH_TO_POST_COPY);
    terms.post_copy = FALSE;
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_KEEP);
    /* A short one does it. */
    progress.remaining_bytes = 100;
    progress.dirty_bytes_per_second = 200;
    terms.post_copy = TRUE;
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_RAISE_DOWNTIME);
    g_assert_cmpuint(omen_pace_decide(&progress, &terms).downtime_ms, ==, 1250);
    /* It was given that already. */
    progress.downtime_limit_ms = 1250;
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_SWITCH_TO_POST_COPY);
    progress.is_after = TRUE;
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_KEEP);
    /* Planned: after the first pass, or at once. */
    progress =
        (OmenMigrationProgress){.remaining_bytes = 1000, .bytes_per_second = 100, .passes = 1};
    terms = (OmenPaceTerms){OMEN_TECHNIQUE_HYBRID, TRUE, INFINITY, 0};
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_KEEP);
    progress.passes = 2;
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_SWITCH_TO_POST_COPY);
    terms.technique = OMEN_TECHNIQUE_POST_COPY;
    progress.passes = 1;
    g_assert_cmpint(pace(progress, terms), ==, OMEN_PACE_SWITCH_TO_POST_COPY);
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
    g_test_add_func("/evacuation/domain-location", test_domain_location);
    g_test_add_func("/evacuation/facts", test_facts);
    g_test_add_func("/evacuation/wishes", test_wishes);
    g_test_add_func("/evacuation/pace", test_pace);
    g_test_add_func("/evacuation/phases", test_phases);
    return g_test_run();
}

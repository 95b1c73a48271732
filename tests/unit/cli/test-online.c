/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real tool against the real bus objects of a fake daemon: what programs and people get. */
#include <json-glib/json-glib.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "private-bus.h"
#include "tool-run.h"

static JsonNode *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    JsonNode *root = json_from_string(text, &error);

    g_assert_no_error(error);
    return root;
}

static void
assert_members(JsonObject *object, const char *names)
{
    g_auto(GStrv) words = g_strsplit(names, " ", -1);

    for (guint i = 0; words[i]; i++) {
        if (!json_object_has_member(object, words[i]))
            g_error("\"%s\" is missing", words[i]);
    }
}

static gboolean
needs_root(void)
{
    if (geteuid() == 0)
        return FALSE;
    g_test_skip("asks as root");
    return TRUE;
}

static void
test_status(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) run = {0};

    run_tool(bus, &run, "status --json");
    g_assert_cmpint(run.status, ==, 0);
    g_autoptr(JsonNode) root = parse(run.out);
    JsonObject *status = json_node_get_object(root);
    assert_members(status, "mode host domains");
    JsonObject *host = json_object_get_object_member(status, "host");
    assert_members(host, "endangered streams");
    JsonArray *streams = json_object_get_array_member(host, "streams");
    assert_members(json_array_get_object_element(streams, 0),
                   "source trusted records anomalies dropped");
    JsonArray *domains = json_object_get_array_member(status, "domains");
    g_assert_cmpuint(json_array_get_length(domains), ==, 2);
    assert_members(json_array_get_object_element(domains, 0), "name uuid endangered streams");

    g_auto(Run) plain = {0};
    run_tool(bus, &plain, "status");
    /* What is wrong comes first. */
    g_assert_true(g_str_has_prefix(plain.out, "problem: the state database is full\n"));
    g_assert_nonnull(strstr(plain.out, ", learning, 12 of 150\n"));
    g_assert_cmpint(plain.status, ==, 0);
    g_assert_nonnull(strstr(plain.out, "g2"));
    g_assert_null(strchr(plain.out, '\033'));
}

static void
test_omens(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) run = {0};

    raise_omens(bus, 1);
    run_tool(bus, &run, "omens --json");
    g_assert_cmpint(run.status, ==, 0);
    g_autoptr(JsonNode) root = parse(run.out);
    JsonArray *omens = json_node_get_array(root);
    g_assert_cmpuint(json_array_get_length(omens), ==, 1);
    assert_members(json_array_get_object_element(omens, 0),
                   "id time scope class probability reason records action outcome");
    g_assert_cmpstr(json_object_get_string_member(json_array_get_object_element(omens, 0), "class"),
                    ==, "disk");

    g_auto(Run) none = {0};
    run_tool(bus, &none, "approve 4711");
    g_assert_cmpint(none.status, ==, 1);
    g_assert_nonnull(strstr(none.err, "4711"));
}

/* As many as the daemon keeps by default. */
static void
test_many_omens(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) run = {0};

    raise_omens(bus, 1000);
    run_tool(bus, &run, "omens --json");
    g_assert_cmpint(run.status, ==, 0);
    g_autoptr(JsonNode) root = parse(run.out);
    g_assert_cmpuint(json_array_get_length(json_node_get_array(root)), ==, 1000);
}

/* Who may not read the lines sees the rest, and is asked for his password once. */
static void
test_omens_as_nobody(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) run = {0};

    raise_omens(bus, 5);
    private_bus_start_polkit(bus);
    bus->answer = POLKIT_NO;
    run_tool_as(bus, &run, "omens --verbose", become_nobody);
    g_assert_cmpint(run.status, ==, 0);
    g_assert_nonnull(strstr(run.out, "sd4"));
    g_assert_null(strstr(run.out, "critical medium error"));
    g_assert_cmpuint(bus->n_asked, ==, 1);
    g_assert_cmpuint(bus->asked_flags, ==, 1);

    g_auto(Run) refused = {0};
    run_tool_as(bus, &refused, "mode enforce", become_nobody);
    g_assert_cmpint(refused.status, ==, 1);
    g_assert_nonnull(strstr(refused.err, "polkit does not allow it"));
    g_assert_cmpstr(bus->controller->mode, ==, "advise");
}

static gboolean
answer_plans(gpointer user_data)
{
    fake_controller_answer_plans(user_data);
    return G_SOURCE_CONTINUE;
}

static void
test_plan(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) run = {0};
    guint source = g_timeout_add(20, answer_plans, bus->controller);

    run_tool(bus, &run, "plan --json");
    g_source_remove(source);
    g_assert_cmpint(run.status, ==, 0);
    g_autoptr(JsonNode) root = parse(run.out);
    JsonObject *plan = json_node_get_object(root);
    assert_members(plan, "deadline moves stays");
    assert_members(json_array_get_object_element(json_object_get_array_member(plan, "moves"), 0),
                   "domain destination technique start_s end_s downtime_ms");
    assert_members(json_array_get_object_element(json_object_get_array_member(plan, "stays"), 0),
                   "domain reason");
}

typedef struct {
    PrivateBus *bus;
    OmenPhase phase;
} Ending;

static gboolean
end_evacuations(gpointer user_data)
{
    Ending *ending = user_data;
    GPtrArray *evacuations = ending->bus->controller->evacuations;

    for (guint i = 0; i < evacuations->len; i++) {
        OmenEvacuation *evacuation = g_ptr_array_index(evacuations, i);
        OmenEvacuationData *after = omen_evacuation_data_copy(omen_evacuation_get_data(evacuation));
        after->phase = ending->phase;
        omen_evacuation_update(evacuation, after);
    }
    return G_SOURCE_CONTINUE;
}

static void
test_evacuate(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        OmenPhase phase;
        int status;
    } cases[] = {{OMEN_PHASE_SUCCEEDED, 0}, {OMEN_PHASE_FAILED, 1}, {OMEN_PHASE_CANCELLED, 1}};

    if (needs_root())
        return;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Ending ending = {bus, cases[i].phase};
        g_auto(Run) run = {0};
        guint source = g_timeout_add(300, end_evacuations, &ending);
        run_tool(bus, &run, "evacuate g1 g2 --wait");
        g_source_remove(source);
        g_assert_cmpint(run.status, ==, cases[i].status);
    }
    g_auto(Run) told = {0};
    run_tool(bus, &told, "evacuate g1 g2 --json");
    g_assert_cmpint(told.status, ==, 0);
    g_autoptr(JsonNode) root = parse(told.out);
    g_assert_cmpuint(json_array_get_length(json_node_get_array(root)), ==, 2);
    g_auto(Run) usage = {0};
    run_tool(bus, &usage, "evacuate");
    g_assert_cmpint(usage.status, ==, 2);
    g_auto(Run) both = {0};
    run_tool(bus, &both, "evacuate --all g1");
    g_assert_cmpint(both.status, ==, 2);
}

static gboolean
forget_evacuations(gpointer user_data)
{
    PrivateBus *bus = user_data;

    for (guint i = 0; i < 1100; i++)
        fake_controller_add_evacuation(bus->controller, OMEN_PHASE_SUCCEEDED);
    return G_SOURCE_REMOVE;
}

/* An evacuation that the daemon forgot is no reason to wait for ever. */
static void
test_forgotten(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    Ending ending = {bus, OMEN_PHASE_SUCCEEDED};
    g_auto(Run) run = {0};

    if (needs_root())
        return;
    /* Both ends come between two looks of the tool at the first one. */
    guint end = g_timeout_add(300, end_evacuations, &ending);
    guint forget = g_timeout_add(305, forget_evacuations, bus);
    run_tool(bus, &run, "evacuate g1 --wait");
    g_source_remove(end);
    if (g_main_context_find_source_by_id(NULL, forget))
        g_source_remove(forget);
    g_assert_true(run.status == 0 || strstr(run.err, "no longer knows") != NULL);
}

static void
test_explain(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) shown = {0};
    g_auto(Run) json = {0};
    g_auto(Run) missing = {0};
    g_auto(Run) wrong = {0};
    g_autoptr(JsonNode) root = NULL;

    raise_omens(bus, 1);
    run_tool(bus, &shown, "explain 1");
    g_assert_cmpint(shown.status, ==, 0);
    g_assert_true(g_str_has_prefix(shown.out, "Omen 1: "));
    g_assert_nonnull(strstr(shown.out, "virt-omen dismiss 1"));
    g_assert_nonnull(strstr(shown.out, "means        a disk loses sectors"));
    g_assert_nonnull(strstr(shown.out, "how sure     not measured"));
    g_assert_nonnull(strstr(shown.out, "how long     median 1060 s"));
    g_assert_nonnull(strstr(shown.out, "do first     read the drive's own counters"));
    run_tool(bus, &json, "explain --json 1");
    root = parse(json.out);
    assert_members(json_node_get_object(root), "id time scope class reason records action outcome");
    run_tool(bus, &missing, "explain 77");
    g_assert_cmpint(missing.status, ==, 1);
    g_assert_nonnull(strstr(missing.err, "virt-omen omens lists them"));
    run_tool(bus, &wrong, "explain one");
    g_assert_cmpint(wrong.status, ==, 2);
}

/* What changes in an omen is told on the bus every second or so. */
static void
run_until(PrivateBus *bus, Run *shown, const char *arguments, const char *wanted)
{
    for (guint i = 0; i < 20 && !(shown->out && strstr(shown->out, wanted)); i++) {
        run_clear(shown);
        *shown = (Run){0};
        private_bus_run_for(250);
        run_tool(bus, shown, arguments);
    }
    g_assert_nonnull(strstr(shown->out, wanted));
}

/* No percentage of few: of three, one is confirmed, one dismissed, and of one nothing is known. */
static void
test_precision(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    static const char few[] = "too few known outcomes for a percentage (2 of 10 needed): of 2";
    static const char known[] = "Precision so far: 90 %: of 10 with a known outcome";
    g_auto(Run) before = {0};
    g_auto(Run) shown = {0};
    g_auto(Run) json = {0};
    g_autoptr(JsonNode) root = NULL;
    OmenRegistry *omens = omen_controller_get_omens(OMEN_CONTROLLER(bus->controller));

    raise_omens(bus, 12);
    run_tool(bus, &before, "omens --precision");
    g_assert_nonnull(strstr(before.out, "not known yet"));
    omen_set_fate(omen_registry_lookup(omens, 1), OMEN_FATE_CONFIRMED, 1);
    omen_set_fate(omen_registry_lookup(omens, 2), OMEN_FATE_DISMISSED, 1);
    run_until(bus, &shown, "omens", few);
    for (guint i = 3; i <= 10; i++)
        omen_set_fate(omen_registry_lookup(omens, i), OMEN_FATE_FAILED, 1);
    run_until(bus, &shown, "omens", known);
    run_tool(bus, &json, "omens --precision --json");
    root = parse(json.out);
    g_assert_cmpfloat(json_object_get_double_member(json_node_get_object(root), "precision"), ==,
                      0.9);
    assert_members(json_node_get_object(root),
                   "precision known failed repaired confirmed dismissed nothing unknown");
}

static void
test_normal(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) shown = {0};
    g_auto(Run) json = {0};
    g_auto(Run) forgotten = {0};
    g_auto(Run) taken_back = {0};
    g_auto(Run) wrong = {0};
    g_autoptr(JsonNode) root = NULL;

    if (needs_root())
        return;
    run_tool(bus, &shown, "normal --limit 3");
    g_assert_cmpint(shown.status, ==, 0);
    g_assert_nonnull(strstr(shown.out, "1,2  7 times\n"));
    g_assert_null(strchr(shown.out, '\033'));
    g_assert_nonnull(strstr(bus->controller->calls->str, "list-normal host 3;"));
    run_tool(bus, &json, "normal --json");
    root = parse(json.out);
    assert_members(json_array_get_object_element(json_node_get_array(root), 0),
                   "word time class templates texts");
    assert_members(json_array_get_object_element(json_node_get_array(root), 1),
                   "uses templates texts");
    g_assert_nonnull(strstr(shown.out, "17  confirmed as pcie by an operator"));
    run_tool(bus, &taken_back, "normal forget host 17");
    g_assert_cmpint(taken_back.status, ==, 0);
    g_assert_nonnull(strstr(bus->controller->calls->str, "forget-word host 17;"));
    run_tool(bus, &forgotten, "normal forget host 1,2");
    g_assert_cmpint(forgotten.status, ==, 0);
    g_assert_nonnull(strstr(bus->controller->calls->str, "forget-normal host 1 of 2;"));
    run_tool(bus, &wrong, "normal forget host 1,x");
    g_assert_cmpint(wrong.status, ==, 2);
}

static void
test_complete(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) omens = {0};
    g_auto(Run) without = {0};

    raise_omens(bus, 2);
    run_tool(bus, &omens, "complete omens");
    g_assert_cmpstr(omens.out, ==, "1\n2\n");
    g_clear_object(&bus->bus);
    private_bus_run_for(50);
    run_tool(bus, &without, "complete omens");
    g_assert_cmpint(without.status, ==, 0);
    g_assert_cmpstr(without.err, ==, "");
}

/* Tables: headers unless they are not wanted, no blank at a line's end. */
static void
test_tables(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const lines[] = {"status",          "status --verbose", "omens",
                                        "omens --verbose", "destinations",     "evacuations"};
    g_auto(Run) bare = {0};

    raise_omens(bus, 2);
    fake_controller_add_evacuation(bus->controller, OMEN_PHASE_SUCCEEDED);
    private_bus_run_for(50);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(Run) run = {0};
        run_tool(bus, &run, lines[i]);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_null(strstr(run.out, " \n"));
    }
    run_tool(bus, &bare, "omens --no-headers");
    g_assert_null(strstr(bare.out, "OMEN"));
    g_assert_null(strstr(bare.out, "Precision"));
    g_assert_cmpstr(bare.out, !=, "");
}

static guint
count_omens(PrivateBus *bus, const char *line)
{
    g_auto(Run) run = {0};

    run_tool(bus, &run, line);
    g_assert_cmpint(run.status, ==, 0);
    g_autoptr(JsonNode) root = parse(run.out);
    return json_array_get_length(json_node_get_array(root));
}

static void
test_filters(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    OmenRegistry *omens = omen_controller_get_omens(OMEN_CONTROLLER(bus->controller));
    g_auto(Run) wrong_class = {0};
    g_auto(Run) wrong_time = {0};

    raise_omens(bus, 3);
    omen_set_action(omen_registry_lookup(omens, 2), OMEN_ACTION_CLEARED);
    private_bus_run_for(50);
    g_assert_cmpuint(count_omens(bus, "omens --json"), ==, 3);
    g_assert_cmpuint(count_omens(bus, "omens --json --open"), ==, 2);
    g_assert_cmpuint(count_omens(bus, "omens --json --class disk"), ==, 3);
    g_assert_cmpuint(count_omens(bus, "omens --json --class nvme"), ==, 0);
    g_assert_cmpuint(count_omens(bus, "omens --json --domain g1"), ==, 0);
    g_assert_cmpuint(count_omens(bus, "omens --json --since 1h"), ==, 3);
    g_assert_cmpuint(count_omens(bus, "omens --json --since 2999-01-01"), ==, 0);
    run_tool(bus, &wrong_class, "omens --class dsk");
    g_assert_cmpint(wrong_class.status, ==, 2);
    g_assert_nonnull(strstr(wrong_class.err, "did you mean \"disk\"?"));
    run_tool(bus, &wrong_time, "omens --since yesterday");
    g_assert_cmpint(wrong_time.status, ==, 2);
}

/* What is shown as 0.90 is 0.9 for programs, not what json-glib makes of it. */
static void
test_rounded(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) run = {0};

    raise_omens(bus, 1);
    run_tool(bus, &run, "omens --json");
    g_assert_nonnull(strstr(run.out, "\"probability\" : 0.9,"));
}

/* Each decision says what was done, and to what. */
static void
test_decisions(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        const char *line;
        const char *says;
    } cases[] = {
        {"dismiss 1", "Dismissed omen 1 (disk sd0)"},
        {"confirm 2", "Confirmed omen 2 (disk sd1)"},
        {"clear 3", "Cleared omen 3 (disk sd2)"},
        {"accept 1", "Accepted omen 1 (disk sd0)"},
        {"accepted", "smartd: Device: /dev/sdc, 24 "},
        {"accepted --json", "\"device\" : \"sdc\""},
        {"accepted --forget 3", "Forgot the accepted value 3"},
        {"mode enforce", "The mode is now enforce; it was advise."},
        {"mode enforce", "The mode is already enforce."},
        {"approve 4", "Approved omen 4 (disk sd3). Nothing moves"},
    };

    if (needs_root())
        return;
    raise_omens(bus, 4);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Run) run = {0};
        private_bus_run_for(50);
        run_tool(bus, &run, cases[i].line);
        g_assert_cmpint(run.status, ==, 0);
        if (!strstr(run.out, cases[i].says))
            g_error("\"%s\" says: %s", cases[i].line, run.out);
    }
}

static void
test_wrong_usage(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        const char *line;
        int status;
        const char *says;
    } cases[] = {
        {"mode bogus", 2, "observe, advise or enforce"},
        {"mode enforse", 2, "did you mean \"enforce\"?"},
        {"statsu", 2, "did you mean \"status\"?"},
        {"omens --bogus", 2, "--help"},
        {"evacuate --all --to nowhere --dry-run", 1, "there is no destination nowhere"},
        {"evacuate --all --to nowhere", 1, "there is no destination nowhere"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Run) run = {0};
        run_tool(bus, &run, cases[i].line);
        g_assert_cmpint(run.status, ==, cases[i].status);
        g_assert_nonnull(strstr(run.err, cases[i].says));
    }
}

static const char *
result_of(JsonArray *findings, const char *check)
{
    for (guint i = 0; i < json_array_get_length(findings); i++) {
        JsonObject *finding = json_array_get_object_element(findings, i);
        assert_members(finding, "check result what_to_do");
        if (g_str_equal(json_object_get_string_member(finding, "check"), check))
            return json_object_get_string_member(finding, "result");
    }
    return NULL;
}

static void
test_doctor(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) run = {0};
    g_auto(Run) without = {0};
    guint source = g_timeout_add(20, answer_plans, bus->controller);

    run_tool(bus, &run, "doctor --json");
    g_source_remove(source);
    g_autoptr(JsonNode) root = parse(run.out);
    JsonArray *findings = json_node_get_array(root);
    g_assert_cmpstr(result_of(findings, "daemon"), ==, "ok");
    g_assert_cmpstr(result_of(findings, "libvirt"), ==, "ok");
    g_assert_nonnull(result_of(findings, "destination"));
    g_assert_nonnull(result_of(findings, "plan"));
    g_assert_nonnull(result_of(findings, "clock"));

    g_clear_object(&bus->bus);
    private_bus_run_for(50);
    run_tool(bus, &without, "doctor --json");
    g_assert_cmpint(without.status, ==, 1);
    g_autoptr(JsonNode) none = parse(without.out);
    g_assert_cmpstr(result_of(json_node_get_array(none), "daemon"), ==, "failed");
}

static void
test_fleet(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) run = {0};
    g_auto(Run) plain = {0};
    g_auto(Run) live = {0};
    g_auto(Run) set = {0};
    g_auto(Run) wrong = {0};

    if (needs_root())
        return;
    run_tool(bus, &run, "fleet --json");
    g_assert_cmpint(run.status, ==, 0);
    g_autoptr(JsonNode) root = parse(run.out);
    JsonArray *hosts = json_node_get_array(root);
    g_assert_cmpuint(json_array_get_length(hosts), ==, 2);
    assert_members(json_array_get_object_element(hosts, 0),
                   "host health maintenance running free_mib reserved_mib omens seen held_by_brake "
                   "in_common");
    g_assert_true(
        json_object_get_boolean_member(json_array_get_object_element(hosts, 0), "held_by_brake"));
    g_assert_false(
        json_object_get_boolean_member(json_array_get_object_element(hosts, 1), "held_by_brake"));
    run_tool(bus, &plain, "fleet");
    g_assert_nonnull(
        strstr(plain.out, "beta   green   yes          0      4096       768      0  -"));
    g_assert_nonnull(strstr(plain.out, "it dies"));
    g_assert_true(g_str_has_prefix(plain.out, "Brake on alpha, for what it has in common with "
                                              "other hosts: the rack a4\n"));
    run_tool(bus, &set, "fleet --maintenance beta");
    g_assert_cmpint(set.status, ==, 0);
    g_assert_nonnull(strstr(set.out, "beta is in maintenance"));
    run_tool(bus, &live, "fleet --watch --json");
    g_assert_cmpint(live.status, ==, 2);
    run_tool(bus, &wrong, "fleet --maintenance beta --no-maintenance alpha");
    g_assert_cmpint(wrong.status, ==, 2);
}

static void
test_drain(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Run) asked = {0};
    g_auto(Run) waited = {0};
    g_auto(Run) failed = {0};
    g_auto(Run) refused = {0};
    g_auto(Run) rolling = {0};
    g_auto(Run) none = {0};
    g_auto(Run) wrong = {0};

    if (needs_root())
        return;
    run_tool(bus, &asked, "drain alpha --timeout 7");
    g_assert_cmpint(asked.status, ==, 0);
    g_assert_nonnull(strstr(asked.out, "alpha: in maintenance"));
    run_tool(bus, &waited, "drain alpha --wait --json");
    g_assert_cmpint(waited.status, ==, 0);
    g_autoptr(JsonNode) root = parse(waited.out);
    assert_members(json_array_get_object_element(json_node_get_array(root), 0),
                   "host state reason total away domains");
    run_tool(bus, &failed, "drain delta --wait");
    g_assert_cmpint(failed.status, ==, 1);
    g_assert_nonnull(strstr(failed.out, "delta: failed: 1 of 2 domains cannot leave"));
    g_assert_nonnull(strstr(failed.out, "g1 stays: never-move"));
    run_tool(bus, &refused, "drain gamma --wait");
    g_assert_cmpint(refused.status, ==, 1);
    g_assert_nonnull(strstr(refused.err, "gamma does not take drains from other hosts"));
    /* The fleet's brake holds alpha. */
    run_tool(bus, &rolling, "drain beta delta --at-most 1");
    g_assert_cmpint(rolling.status, ==, 1);
    g_assert_nonnull(strstr(rolling.err, "the fleet's brake holds alpha"));
    g_assert_nonnull(strstr(rolling.err, "beta: not started"));
    run_tool(bus, &none, "drain");
    g_assert_cmpint(none.status, ==, 2);
    run_tool(bus, &wrong, "drain alpha --abort --wait");
    g_assert_cmpint(wrong.status, ==, 2);
}

/* What Nagios gets to see: a line with figures, and its own exit statuses. */
static void
test_check(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    const char *words[] = {
        "env", "", "python3", g_getenv("OMEN_TEST_CHECK"), "--tool", g_getenv("OMEN_TEST_TOOL"),
        NULL};
    g_autofree char *address = g_strconcat("OMEN_BUS_ADDRESS=", bus->address, NULL);
    g_auto(Run) problem = {0};
    g_auto(Run) open = {0};
    g_auto(Run) without = {0};

    words[1] = address;
    run_words(&problem, (char **) words, NULL);
    /* The fake daemon always has a problem. */
    g_assert_cmpint(problem.status, ==, 1);
    g_assert_nonnull(
        strstr(problem.out, "VIRT-OMEN WARNING: the state database is full | open_omens=0;0 "));
    raise_omens(bus, 2);
    private_bus_run_for(50);
    run_words(&open, (char **) words, NULL);
    g_assert_cmpint(open.status, ==, 1);
    g_assert_nonnull(strstr(open.out, "open_omens=2;0 "));
    g_clear_object(&bus->bus);
    private_bus_run_for(50);
    run_words(&without, (char **) words, NULL);
    g_assert_cmpint(without.status, ==, 3);
    g_assert_nonnull(strstr(without.out, "UNKNOWN"));
}

static void
test_no_daemon(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const lines[] = {"status", "omens --json", "evacuate --all", "mode",
                                        "watch"};

    g_clear_object(&bus->bus);
    private_bus_run_for(50);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(Run) run = {0};
        run_tool(bus, &run, lines[i]);
        g_assert_cmpint(run.status, ==, 1);
        g_assert_nonnull(strstr(run.err, "virt-omend is not running: systemctl start virt-omend"));
    }
}

#define ADD(name, function)                                                                        \
    g_test_add(name, PrivateBus, NULL, private_bus_set_up, function, private_bus_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/online/status", test_status);
    ADD("/online/omens", test_omens);
    ADD("/online/many-omens", test_many_omens);
    ADD("/online/omens-as-nobody", test_omens_as_nobody);
    ADD("/online/plan", test_plan);
    ADD("/online/evacuate", test_evacuate);
    ADD("/online/forgotten", test_forgotten);
    ADD("/online/explain", test_explain);
    ADD("/online/precision", test_precision);
    ADD("/online/normal", test_normal);
    ADD("/online/complete", test_complete);
    ADD("/online/tables", test_tables);
    ADD("/online/filters", test_filters);
    ADD("/online/rounded", test_rounded);
    ADD("/online/decisions", test_decisions);
    ADD("/online/wrong-usage", test_wrong_usage);
    ADD("/online/doctor", test_doctor);
    ADD("/online/fleet", test_fleet);
    ADD("/online/drain", test_drain);
    ADD("/online/check", test_check);
    ADD("/online/no-daemon", test_no_daemon);
    return g_test_run();
}

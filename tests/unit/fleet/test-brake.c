/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which hosts have one cause, and how long the brake holds for it. */
#include "fleet/brake.h"

#include <string.h>

#define NOW    (G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC)
#define SECOND ((gint64) G_USEC_PER_SEC)
#define MINUTE (60 * SECOND)

static const OmenFleetBrakeSettings settings = {
    .terms = {.hosts = 3, .percent = 20, .window_s = 600}, .release_s = 300};

static void
set(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

static GPtrArray *
make_fleet(guint n)
{
    GPtrArray *hosts = g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_host_free);

    for (guint i = 0; i < n; i++) {
        OmenFleetHost *host = omen_fleet_host_new();
        g_free(host->name);
        host->name = g_strdup_printf("host%02u", i);
        set(&host->kernel, "6.1.0-18-amd64");
        set(&host->version, "0.3.0");
        host->libvirt = 9000000;
        host->qemu = 7002000;
        host->seen_us = NOW;
        g_ptr_array_add(hosts, host);
    }
    return hosts;
}

static OmenFleetHost *
host_at(GPtrArray *hosts, guint i)
{
    return g_ptr_array_index(hosts, i);
}

static void
set_list(char ***list, const char *text)
{
    g_strfreev(*list);
    *list = g_strsplit(text, ";", -1);
}

static OmenFleetSign *
add_sign(OmenFleetHost *host, const char *failure_class, const char *line, gint64 age_us)
{
    OmenFleetSign *sign = omen_fleet_sign_new();

    set(&sign->failure_class, failure_class);
    set(&sign->reason, line);
    g_free(sign->line);
    sign->line = omen_fleet_sign_hash_line(line);
    sign->raised_us = NOW - age_us;
    g_ptr_array_add(host->signs, sign);
    return sign;
}

static OmenFleetCause *
find(GPtrArray *hosts, guint own)
{
    return omen_fleet_cause_find(&settings.terms, hosts, host_at(hosts, own), NULL, NOW);
}

/* "": none. */
static char *
find_key(GPtrArray *hosts, guint own)
{
    g_autoptr(OmenFleetCause) cause = find(hosts, own);

    return g_strdup(cause ? cause->key : "");
}

/* ---- one cause, or none: each row is a fleet of ten hosts ---- */

typedef struct {
    const char *failure_class; /* NULL: it is well */
    const char *line;
    gint64 age_us;
    const char *storage; /* of the omen; "" */
} Ill;

static const struct {
    const char *name;
    Ill ill[10];
    const char *storage; /* that each host uses */
    const char *key;     /* as host00 sees it */
} rows[] = {
    {"all well", {{NULL, NULL, 0, NULL}}, "", ""},
    {"one ill", {{"mce", "uncorrected", SECOND, ""}}, "nfs s:/a", ""},
    {"two ill", {{"mce", "uncorrected", SECOND, ""}, {"mce", "uncorrected", SECOND, ""}}, "", ""},
    {"three with one line, of an unknown kind",
     {{"unknown", "strange 1", 0, ""},
      {"unknown", "strange 22", 9 * MINUTE, ""},
      {"unknown", "strange 3", 0, ""}},
     "",
     "line "},
    {"three with different lines, of unknown kinds",
     {{"unknown", "strange", 0, ""}, {"unknown", "odd", 0, ""}, {"unknown", "weird", 0, ""}},
     "",
     ""},
    {"three of one class",
     {{"thermal", "hot", 0, ""},
      {"thermal", "fan 1 stands", 0, ""},
      {"thermal", "throttled", 0, ""}},
     "",
     "class thermal"},
    {"three with different causes",
     {{"disk", "sector 1", 0, "local"}, {"mce", "uncorrected", 0, ""}, {"thermal", "hot", 0, ""}},
     "nfs s:/a",
     ""},
    {"one storage, told in different ways",
     {{"hung-task", "task vi blocked", 0, ""},
      {"qemu-block", "I/O error", 0, "nfs s:/a"},
      {"storage-fabric", "server s not responding", 0, "nfs s:/b"}},
     "nfs s:/a",
     "storage nfs s"},
    {"disks of their own beside a storage in common",
     {{"hung-task", "task vi blocked", 0, ""},
      {"qemu-block", "I/O error", 0, "local"},
      {"disk", "sector 1", 0, "local"}},
     "nfs s:/a",
     ""},
    {"the third too long ago",
     {{"thermal", "hot", 0, ""}, {"thermal", "hot", 0, ""}, {"thermal", "hot", 11 * MINUTE, ""}},
     "",
     ""},
    {"the own one too long ago",
     {{"thermal", "hot", 3 * 60 * MINUTE, ""},
      {"thermal", "hot", 0, ""},
      {"thermal", "hot", 0, ""},
      {"thermal", "hot", 0, ""}},
     "",
     ""},
    {"not the own one",
     {{"mce", "uncorrected", 0, ""},
      {"thermal", "hot", 0, ""},
      {"thermal", "hot", 0, ""},
      {"thermal", "hot", 0, ""}},
     "",
     ""},
};

static void
test_table(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) hosts = make_fleet(10);
        g_autofree char *key = NULL;
        for (guint j = 0; j < 10; j++) {
            const Ill *ill = &rows[i].ill[j];
            OmenFleetSign *sign;
            set_list(&host_at(hosts, j)->storage, rows[i].storage);
            if (!ill->failure_class)
                continue;
            sign = add_sign(host_at(hosts, j), ill->failure_class, ill->line, ill->age_us);
            set(&sign->storage, ill->storage);
        }
        g_test_message("%s", rows[i].name);
        key = find_key(hosts, 0);
        if (g_str_has_suffix(rows[i].key, " "))
            g_assert_true(g_str_has_prefix(key, rows[i].key));
        else
            g_assert_cmpstr(key, ==, rows[i].key);
    }
}

static void
test_one_storage(void)
{
    g_autoptr(GPtrArray) hosts = make_fleet(200);
    g_autoptr(OmenFleetCause) cause = NULL;
    g_autofree char *of_other = NULL;

    /* Ten of the thirty that use it: the other hosts have nothing to say of it. */
    for (guint i = 0; i < 30; i++)
        set_list(&host_at(hosts, i)->storage, "nfs other:/b;nfs s:/a");
    for (guint i = 0; i < 10; i++)
        add_sign(host_at(hosts, i), i % 2 ? "hung-task" : "libvirt", "does not answer",
                 i * MINUTE / 2);
    add_sign(host_at(hosts, 100), "mce", "uncorrected", 0);
    cause = find(hosts, 3);
    g_assert_nonnull(cause);
    g_assert_cmpuint(cause->hosts->len, ==, 10);
    g_assert_cmpuint(cause->n_hosts, ==, 30);
    g_assert_cmpstr(g_ptr_array_index(cause->hosts, 9), ==, "host09");
    g_assert_cmpint(cause->since_us, ==, NOW - 9 * MINUTE / 2);
    of_other = find_key(hosts, 100);
    g_assert_cmpstr(of_other, ==, "");
}

static void
test_share(void)
{
    g_autoptr(GPtrArray) few = make_fleet(16);
    g_autoptr(GPtrArray) enough = make_fleet(15);
    g_autofree char *of_few = NULL;
    g_autofree char *of_enough = NULL;

    for (guint i = 0; i < 3; i++) {
        add_sign(host_at(few, i), "thermal", "hot", 0);
        add_sign(host_at(enough, i), "thermal", "hot", 0);
    }
    of_few = find_key(few, 0);
    g_assert_cmpstr(of_few, ==, "");
    of_enough = find_key(enough, 0);
    g_assert_true(g_str_has_prefix(of_enough, "line "));
}

/* What all hosts have explains nothing; what only the ill ones have does. */
static void
test_traits(void)
{
    static const char *const classes[] = {"disk", "mce", "thermal"};
    g_autoptr(GPtrArray) hosts = make_fleet(12);
    g_autofree char *before = NULL;
    g_autofree char *kernel = NULL;
    g_autofree char *rack = NULL;
    g_autofree char *spread = NULL;

    for (guint i = 0; i < 3; i++)
        add_sign(host_at(hosts, i), classes[i], classes[i], 0);
    before = find_key(hosts, 0);
    g_assert_cmpstr(before, ==, "");
    for (guint i = 0; i < 5; i++)
        set(&host_at(hosts, i)->kernel, "6.1.0-19-amd64");
    kernel = find_key(hosts, 0);
    g_assert_cmpstr(kernel, ==, "kernel 6.1.0-19-amd64");
    for (guint i = 0; i < 12; i++)
        set_list(&host_at(hosts, i)->labels, i < 4 ? "power=1;rack=a4" : "rack=b1");
    rack = find_key(hosts, 1);
    g_assert_cmpstr(rack, ==, "rack a4");
    /* As many of the others are ill. */
    for (guint i = 5; i < 11; i++)
        add_sign(host_at(hosts, i), i % 2 ? "power" : "pcie", i % 2 ? "power" : "pcie", 0);
    set_list(&host_at(hosts, 0)->labels, "rack=b1");
    set_list(&host_at(hosts, 1)->labels, "rack=b1");
    spread = find_key(hosts, 0);
    g_assert_cmpstr(spread, ==, "");
}

/* A host's clock is an hour off; its omens are as old as it says by that clock. */
static void
test_clocks(void)
{
    g_autoptr(GPtrArray) hosts = make_fleet(10);
    g_autofree char *young = NULL;
    g_autofree char *old = NULL;

    for (guint i = 0; i < 3; i++)
        add_sign(host_at(hosts, i), "thermal", "hot", 0);
    host_at(hosts, 2)->seen_us = NOW - 60 * MINUTE;
    ((OmenFleetSign *) host_at(hosts, 2)->signs->pdata[0])->raised_us = NOW - 61 * MINUTE;
    young = find_key(hosts, 0);
    g_assert_true(g_str_has_prefix(young, "line "));
    host_at(hosts, 2)->seen_us = NOW + 60 * MINUTE;
    ((OmenFleetSign *) host_at(hosts, 2)->signs->pdata[0])->raised_us = NOW + 45 * MINUTE;
    old = find_key(hosts, 0);
    g_assert_cmpstr(old, ==, "");
}

/* ---- the latch ---- */

typedef struct {
    GPtrArray *hosts;
    OmenFleetBrake *brake;
    OmenFleetMoment now;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->hosts = make_fleet(10);
    fixture->brake = omen_fleet_brake_new(&settings);
    fixture->now = (OmenFleetMoment){NOW, 5 * MINUTE};
    for (guint i = 0; i < 3; i++)
        add_sign(host_at(fixture->hosts, i), "thermal", "hot", 0);
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    omen_fleet_brake_free(fixture->brake);
    g_ptr_array_unref(fixture->hosts);
}

static void
pass(Fixture *fixture, gint64 time_us)
{
    fixture->now.real_us += time_us;
    fixture->now.steady_us += time_us;
    for (guint i = 0; i < fixture->hosts->len; i++)
        host_at(fixture->hosts, i)->seen_us = fixture->now.real_us;
}

/* Reads the rows, and says whether host @own is held. */
static gboolean
look(Fixture *fixture, guint own)
{
    omen_fleet_brake_look(fixture->brake, fixture->hosts, host_at(fixture->hosts, own),
                          &fixture->now);
    return omen_fleet_brake_holds(fixture->brake, &fixture->now);
}

static void
clear(Fixture *fixture, guint i)
{
    g_ptr_array_set_size(host_at(fixture->hosts, i)->signs, 0);
}

static void
test_release(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *text = NULL;
    g_autofree char *after = NULL;

    g_assert_false(omen_fleet_brake_holds(fixture->brake, &fixture->now));
    g_assert_true(look(fixture, 0));
    text = omen_fleet_brake_describe(fixture->brake, &fixture->now);
    g_assert_cmpstr(text, ==,
                    "3 hosts are endangered and have in common: the same line: hot (host00, "
                    "host01, host02)");
    /* As long as their omens are open, though they are older than the window. */
    for (guint i = 0; i < 5; i++) {
        pass(fixture, 5 * MINUTE);
        g_assert_true(look(fixture, 0));
    }
    g_assert_nonnull(omen_fleet_brake_get_cause(fixture->brake, &fixture->now));
    /* One is well again: for some time still. */
    clear(fixture, 2);
    g_assert_true(look(fixture, 0));
    g_assert_nonnull(omen_fleet_brake_get_cause(fixture->brake, &fixture->now));
    pass(fixture, 299 * SECOND);
    g_assert_true(look(fixture, 0));
    pass(fixture, 2 * SECOND);
    g_assert_false(omen_fleet_brake_holds(fixture->brake, &fixture->now));
    g_assert_false(look(fixture, 0));
    g_assert_null(omen_fleet_brake_get_cause(fixture->brake, &fixture->now));
    after = omen_fleet_brake_describe(fixture->brake, &fixture->now);
    g_assert_null(after);
    /* What is left does not count as new. */
    add_sign(host_at(fixture->hosts, 2), "thermal", "hot", -30 * MINUTE);
    g_assert_false(look(fixture, 0));
}

/* A host whose omen comes when those of the others are older than the window. */
static void
test_late(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    pass(fixture, 25 * MINUTE);
    add_sign(host_at(fixture->hosts, 3), "thermal", "hot", -25 * MINUTE);
    g_assert_false(look(fixture, 3));
    for (guint i = 0; i < 3; i++) {
        const OmenFleetSign *sign = host_at(fixture->hosts, i)->signs->pdata[0];
        g_autofree char *key = g_strdup_printf("line %s", sign->line);
        set(&host_at(fixture->hosts, i)->brake, key);
        host_at(fixture->hosts, i)->brake_since_us = (guint64) NOW;
    }
    g_assert_true(look(fixture, 3));
    /* Their word alone is nothing. */
    clear(fixture, 0);
    clear(fixture, 1);
    g_assert_true(look(fixture, 3));
    pass(fixture, 6 * MINUTE);
    g_assert_false(look(fixture, 3));
}

/* After the window another life of the daemon knows by the others' rows what the one before found,
 * but not where a class is all that they have in common: docs/fleet.md says so. */
static void
test_restarted(Fixture *fixture, gconstpointer data)
{
    const char *const lines[] = {"hot", "fan 1 stands", "throttled"};
    gboolean by_class = g_str_equal(data, "class");
    const OmenFleetCause *cause;

    for (guint i = 0; i < 3 && by_class; i++) {
        clear(fixture, i);
        add_sign(host_at(fixture->hosts, i), "thermal", lines[i], 0);
    }
    g_assert_true(look(fixture, 0));
    cause = omen_fleet_brake_get_cause(fixture->brake, &fixture->now);
    g_assert_true(g_str_has_prefix(cause->key, by_class ? "class " : "line "));
    for (guint i = 0; i < fixture->hosts->len; i++) {
        set(&host_at(fixture->hosts, i)->brake, i < 3 ? cause->key : "");
        host_at(fixture->hosts, i)->brake_since_us = i < 3 ? (guint64) cause->since_us : 0;
    }
    for (guint i = 0; i < 2; i++) {
        pass(fixture, 15 * MINUTE);
        g_assert_true(look(fixture, 0));
    }
    omen_fleet_brake_free(fixture->brake);
    fixture->brake = omen_fleet_brake_new(&settings);
    g_assert_cmpint(look(fixture, 0), ==, !by_class);
}

static void
test_store_gone(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_true(look(fixture, 0));
    pass(fixture, 1199 * SECOND);
    g_assert_true(omen_fleet_brake_holds(fixture->brake, &fixture->now));
    pass(fixture, SECOND);
    g_assert_false(omen_fleet_brake_holds(fixture->brake, &fixture->now));
}

static void
test_own_is_well(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_true(look(fixture, 0));
    clear(fixture, 0);
    g_assert_true(look(fixture, 0));
    pass(fixture, 5 * MINUTE);
    g_assert_false(look(fixture, 0));
    g_assert_false(look(fixture, 7));
}

/* As many hosts as are read at most, with the most omens that a row holds. */
static void
test_many(void)
{
    g_autoptr(GPtrArray) hosts = make_fleet(5000);
    g_autofree char *key = NULL;
    gint64 start_us;

    for (guint i = 0; i < hosts->len; i++) {
        set_list(&host_at(hosts, i)->storage, "nfs a:/1;nfs b:/1;nfs c:/1;nfs d:/1");
        for (guint j = 0; j < OMEN_FLEET_MAX_SIGNS && i % 10 == 0; j++) {
            g_autofree char *line = g_strdup_printf("%c%u", 'a' + (int) j, i);
            g_autofree char *own = g_strdup_printf("%s %s", line, host_at(hosts, i)->name + 6);
            add_sign(host_at(hosts, i), "unknown", i == 0 ? "own" : own, 0);
        }
    }
    start_us = g_get_monotonic_time();
    key = find_key(hosts, 0);
    g_test_message("%u hosts: %.1f ms", hosts->len,
                   (double) (g_get_monotonic_time() - start_us) / 1000);
    g_assert_cmpstr(key, ==, "");
    if (g_test_perf())
        g_assert_cmpint(g_get_monotonic_time() - start_us, <, 100000);
}

static void
test_off(void)
{
    const OmenFleetBrakeSettings off = {.terms = {.hosts = 0, .percent = 0, .window_s = 600}};
    g_autoptr(GPtrArray) hosts = make_fleet(3);
    g_autoptr(OmenFleetBrake) brake = omen_fleet_brake_new(&off);
    const OmenFleetMoment now = {NOW, MINUTE};

    for (guint i = 0; i < 3; i++)
        add_sign(host_at(hosts, i), "thermal", "hot", 0);
    omen_fleet_brake_look(brake, hosts, host_at(hosts, 0), &now);
    g_assert_false(omen_fleet_brake_holds(brake, &now));
}

#define ADD(name, test) g_test_add("/fleet/brake/" name, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fleet/brake/table", test_table);
    g_test_add_func("/fleet/brake/one-storage", test_one_storage);
    g_test_add_func("/fleet/brake/share", test_share);
    g_test_add_func("/fleet/brake/traits", test_traits);
    g_test_add_func("/fleet/brake/clocks", test_clocks);
    g_test_add_func("/fleet/brake/many", test_many);
    g_test_add_func("/fleet/brake/off", test_off);
    ADD("release", test_release);
    ADD("late", test_late);
    g_test_add("/fleet/brake/restarted", Fixture, "line", set_up, test_restarted, tear_down);
    g_test_add("/fleet/brake/restarted-class", Fixture, "class", set_up, test_restarted, tear_down);
    ADD("store-gone", test_store_gone);
    ADD("own-is-well", test_own_is_well);
    return g_test_run();
}

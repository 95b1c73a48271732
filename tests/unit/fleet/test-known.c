/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of other hosts while their rows come and go. */
#include "fleet/choice.h"
#include "fleet/known.h"

#define MAX_AGE_US 900
#define URI        "\"uri\":\"qemu+tls://HOST/system\""
#define WELL       "{\"health\":\"green\",\"takes\":true,\"free_mib\":500," URI "}"
#define AILING     "{\"health\":\"red\",\"takes\":false,\"free_mib\":500," URI "}"
#define STARTING   "{\"health\":\"green\",\"takes\":false,\"starting\":1," URI "}"

static GPtrArray *
list_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_host_free);
}

static OmenFleetHost *
add(GPtrArray *hosts, const char *name, const char *row)
{
    g_auto(GStrv) parts = g_strsplit(row, "HOST", -1);
    g_autofree char *json = g_strjoinv(name, parts);
    OmenFleetHost *host = omen_fleet_host_parse(json, name);

    g_assert_nonnull(host);
    g_ptr_array_add(hosts, host);
    return host;
}

/* What a store says of a host in maintenance that has no row. */
static void
add_rowless(GPtrArray *hosts, const char *name)
{
    OmenFleetHost *host = add(hosts, name, "{}");

    host->maintenance = TRUE;
    host->is_missing = TRUE;
    host->starting = 1;
}

/* The next look, of which the earlier list is done with. */
static void
look(GPtrArray **known, GPtrArray *hosts, gint64 now_us)
{
    omen_fleet_known_carry(hosts, *known, now_us, MAX_AGE_US);
    g_clear_pointer(known, g_ptr_array_unref);
    *known = hosts;
}

static char *
choose(GPtrArray *hosts)
{
    char *labels[] = {NULL};
    char *transports[] = {(char *) "tls", NULL};
    const OmenFleetSeeker seeker = {"alpha", labels, transports};
    g_autoptr(GPtrArray) chosen = omen_fleet_choose(hosts, &seeker, 8);
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < chosen->len; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? " " : "",
                               ((OmenFleetHost *) chosen->pdata[i])->name);
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static void
assert_chosen(GPtrArray *hosts, const char *expected)
{
    g_autofree char *names = choose(hosts);

    g_assert_cmpstr(names, ==, expected);
}

static gboolean
is_barred(GPtrArray *hosts, const char *name, gint64 now_us)
{
    return omen_fleet_known_is_barred(omen_fleet_known_find(hosts, name, ""), now_us, MAX_AGE_US);
}

/* A store that has lost its leases takes no destination away, for a while. */
static void
test_missing(void)
{
    g_autoptr(GPtrArray) known = list_new();

    add(known, "beta", WELL)->reserved_mib = 100;
    look(&known, g_steal_pointer(&known), 1000);
    assert_chosen(known, "beta");
    look(&known, list_new(), 1100);
    assert_chosen(known, "beta");
    g_assert_true(omen_fleet_known_find(known, "beta", "")->is_missing);
    g_assert_cmpuint(omen_fleet_known_find(known, "beta", "")->reserved_mib, ==, 0);
    look(&known, list_new(), 1899);
    assert_chosen(known, "beta");
    look(&known, list_new(), 1900);
    assert_chosen(known, "");
    g_assert_cmpuint(known->len, ==, 0);
}

/* One that has a row is better, whatever the other had. */
static void
test_there_first(void)
{
    g_autoptr(GPtrArray) known = list_new();
    GPtrArray *next = list_new();

    add(known, "beta", WELL);
    look(&known, g_steal_pointer(&known), 1000);
    add(next, "gamma",
        "{\"health\":\"yellow\",\"takes\":true,\"free_mib\":1,\"uri\":\"qemu+tls://gamma/system\"}");
    look(&known, next, 1100);
    assert_chosen(known, "gamma beta");
    next = list_new();
    add(next, "beta", WELL);
    look(&known, next, 1200);
    assert_chosen(known, "beta gamma");
}

/* A virt-omend that starts does not know yet; what it was in its last life holds. */
static void
test_starting(void)
{
    g_autoptr(GPtrArray) known = list_new();
    GPtrArray *next = list_new();

    add(known, "beta", WELL);
    look(&known, g_steal_pointer(&known), 1000);
    for (gint64 now_us = 1100; now_us <= 1200; now_us += 100) {
        next = list_new();
        add(next, "beta", STARTING);
        look(&known, next, now_us);
        assert_chosen(known, "beta");
        g_assert_false(is_barred(known, "beta", now_us));
        g_assert_cmpuint(omen_fleet_known_find(known, "beta", "")->free_mib, ==, 500);
    }
    next = list_new();
    add(next, "beta", AILING);
    look(&known, next, 1300);
    assert_chosen(known, "");
    g_assert_true(is_barred(known, "beta", 1300));
    next = list_new();
    add(next, "beta", STARTING);
    look(&known, next, 1400);
    assert_chosen(known, "");
    g_assert_true(is_barred(known, "beta", 1400));
}

/* Of which nothing is known: no destination by the fleet, but no reason against one of the files.
 */
static void
test_starting_unknown(void)
{
    g_autoptr(GPtrArray) known = list_new();

    add(known, "beta", STARTING);
    add(known, "gamma", AILING);
    look(&known, g_steal_pointer(&known), 1000);
    assert_chosen(known, "");
    g_assert_false(is_barred(known, "beta", 1000));
    g_assert_true(is_barred(known, "gamma", 1000));
    g_assert_false(is_barred(known, "gamma", 1900));
}

/* An operator's word, also on a host that has no row. */
static void
test_maintenance(void)
{
    g_autoptr(GPtrArray) known = list_new();
    GPtrArray *next = list_new();

    add(known, "beta", WELL);
    look(&known, g_steal_pointer(&known), 1000);
    add_rowless(next, "beta");
    add_rowless(next, "gamma");
    look(&known, next, 1100);
    g_assert_cmpuint(known->len, ==, 2);
    assert_chosen(known, "");
    g_assert_true(is_barred(known, "beta", 1100));
    g_assert_true(is_barred(known, "gamma", 1100));
    look(&known, list_new(), 1200);
    assert_chosen(known, "beta");
    g_assert_false(is_barred(known, "gamma", 1200));
}

/* Files may call a host otherwise than it calls itself. */
static void
test_find(void)
{
    g_autoptr(GPtrArray) hosts = list_new();
    const OmenFleetHost *beta;

    beta = add(hosts, "beta", AILING);
    add(hosts, "silent", "{}");
    g_assert_true(omen_fleet_known_find(hosts, "beta", "qemu+tls://other/system") == beta);
    g_assert_true(omen_fleet_known_find(hosts, "b", "qemu+tls://beta/system") == beta);
    g_assert_null(omen_fleet_known_find(hosts, "b", "qemu+tls://other/system"));
    g_assert_null(omen_fleet_known_find(hosts, "b", ""));
    g_assert_null(omen_fleet_known_find(NULL, "beta", ""));
    g_assert_true(omen_fleet_known_is(beta, "b", "qemu+tls://beta/system"));
    g_assert_true(omen_fleet_known_is(beta, "beta", "qemu+ssh://beta/system"));
    g_assert_false(omen_fleet_known_is(beta, "b", "qemu+ssh://beta/system"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fleet/known/missing", test_missing);
    g_test_add_func("/fleet/known/there-first", test_there_first);
    g_test_add_func("/fleet/known/starting", test_starting);
    g_test_add_func("/fleet/known/starting-unknown", test_starting_unknown);
    g_test_add_func("/fleet/known/maintenance", test_maintenance);
    g_test_add_func("/fleet/known/find", test_find);
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/choice.h"
#include "fleet/uri.h"

#include <string.h>

static OmenFleetHost *
add(GPtrArray *hosts, const char *name, const char *health, const char *rack, guint64 free_mib)
{
    g_autofree char *json = g_strdup_printf(
        "{\"health\":\"%s\",\"takes\":true,\"uri\":\"qemu+tls://%s/system\",\"free_mib\":%" G_GUINT64_FORMAT
        ",\"labels\":[\"power=1\",\"rack=%s\"]}",
        health, name, free_mib, rack);
    OmenFleetHost *host = omen_fleet_host_parse(json, name);

    g_assert_nonnull(host);
    g_ptr_array_add(hosts, host);
    return host;
}

static char *
choose(GPtrArray *hosts, const char *own_name, const char *own_label, guint max)
{
    char *labels[] = {(char *) own_label, NULL};
    char *transports[] = {(char *) "tls", NULL};
    const OmenFleetSeeker seeker = {own_name, labels, transports};
    g_autoptr(GPtrArray) chosen = omen_fleet_choose(hosts, &seeker, max);
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < chosen->len; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? " " : "",
                               ((OmenFleetHost *) chosen->pdata[i])->name);
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static void
test_order(void)
{
    g_autoptr(GPtrArray) hosts =
        g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_host_free);
    g_autofree char *all = NULL;
    g_autofree char *two = NULL;
    g_autofree char *without_rack = NULL;

    add(hosts, "alpha", "green", "a", 90000);
    add(hosts, "near", "green", "a", 80000);
    add(hosts, "small", "green", "b", 1000);
    add(hosts, "large", "green", "b", 9000);
    add(hosts, "ailing", "yellow", "b", 90000);
    all = choose(hosts, "alpha", "rack=a", 10);
    g_assert_cmpstr(all, ==, "large small near ailing");
    two = choose(hosts, "alpha", "rack=a", 2);
    g_assert_cmpstr(two, ==, "large small");
    without_rack = choose(hosts, "alpha", "power=2", 10);
    g_assert_cmpstr(without_rack, ==, "near large small ailing");
}

static void
test_none(void)
{
    g_autoptr(GPtrArray) hosts =
        g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_host_free);
    g_autofree char *names = NULL;
    OmenFleetHost *silent;

    add(hosts, "alpha", "green", "a", 1000);
    add(hosts, "dying", "red", "a", 1000);
    add(hosts, "doubtful", "green", "a", 1000)->takes = FALSE;
    add(hosts, "opened", "green", "a", 1000)->maintenance = TRUE;
    silent = add(hosts, "silent", "green", "a", 1000);
    g_free(silent->uri);
    silent->uri = g_strdup("");
    names = choose(hosts, "alpha", "rack=a", 10);
    g_assert_cmpstr(names, ==, "");
}

static void
set_uri(OmenFleetHost *host, const char *uri)
{
    g_free(host->uri);
    host->uri = g_strdup(uri);
}

/* Whoever can write a row chooses neither what is run here nor that a host need not prove itself.
 */
static void
test_hostile_uri(void)
{
    g_autoptr(GPtrArray) hosts =
        g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_host_free);
    g_autofree char *names = NULL;

    set_uri(add(hosts, "runs", "green", "b", 90000), "qemu+ext:///system?command=/usr/sbin/reboot");
    set_uri(add(hosts, "lax", "green", "b", 90000), "qemu+tls://lax/system?no_verify=1");
    set_uri(add(hosts, "clear", "green", "b", 90000), "qemu+tcp://clear/system");
    add(hosts, "good", "green", "b", 10);
    names = choose(hosts, "alpha", "rack=a", 10);
    g_assert_cmpstr(names, ==, "good");
}

static void
test_uris(void)
{
    static const struct {
        const char *uri;
        const char *fault; /* part of it; NULL: none */
    } rows[] = {
        {"qemu+tls://beta.example.org/system", NULL},
        {"qemu+tls://beta_2:16514/system", NULL},
        {"qemu+tls://192.0.2.7/session", NULL},
        {"qemu+ssh://[2001:db8::7]:22/system", NULL},
        {"qemu+ssh://root@beta/system", NULL},
        {"qemu+tls://root@beta/system", "more than a host"},
        {"qemu+tcp://beta/system", "transports"},
        {"qemu+libssh://beta/system", "transports"},
        {"qemu+unix://beta/system", "transports"},
        {"qemu+unix:///system?socket=/tmp/s", "transports"},
        {"qemu+ext:///system?command=/usr/sbin/reboot", "transports"},
        {"qemu+ext://beta/system", "transports"},
        {"qemu+TLS://beta/system", "transports"},
        {"qemu+://beta/system", "transports"},
        {"qemu+tls+ext://beta/system", "transports"},
        {"qemu:///system", "form"},
        {"qemu://beta/system", "form"},
        {"test:///default", "form"},
        {"xen+ssh://beta/system", "form"},
        {" qemu+tls://beta/system", "form"},
        {"beta", "form"},
        {"", "form"},
        {"qemu+tls:beta/system", "form"},
        {"qemu+tls://beta", "form"},
        {"qemu+tls:///system", "no host"},
        {"qemu+ssh://-oProxyCommand=reboot/system", "no host"},
        {"qemu+ssh://-x@beta/system", "no host"},
        {"qemu+ssh://root:word@beta/system", "no host"},
        {"qemu+ssh://a@b@beta/system", "no host"},
        {"qemu+ssh://@beta/system", "no host"},
        {"qemu+tls://be ta/system", "no host"},
        {"qemu+tls://b%65ta/system", "no host"},
        {"qemu+tls://beta?no_verify=1/system", "no host"},
        {"qemu+tls://beta#/system", "no host"},
        {"qemu+tls://beta:/system", "no host"},
        {"qemu+tls://beta:x/system", "no host"},
        {"qemu+tls://beta:123456/system", "no host"},
        {"qemu+tls://[::1/system", "no host"},
        {"qemu+tls://[::1]x/system", "no host"},
        {"qemu+tls://[]/system", "no host"},
        {"qemu+tls://beta/system?no_verify=1", "behind"},
        {"qemu+ssh://beta/system?command=/bin/sh", "behind"},
        {"qemu+ssh://beta/system?keyfile=/tmp/key", "behind"},
        {"qemu+tls://beta/system?pkipath=/tmp", "behind"},
        {"qemu+tls://beta/system#x", "behind"},
        {"qemu+tls://beta/system/", "behind"},
        {"qemu+tls://beta//system", "behind"},
        {"qemu+tls://beta/embed", "behind"},
    };
    static const char *const transports[] = {"tls", "ssh", NULL};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *fault = omen_fleet_uri_find_fault(rows[i].uri, transports);
        g_test_message("%s: %s", rows[i].uri, fault ? fault : "good");
        if (!rows[i].fault)
            g_assert_null(fault);
        else
            g_assert_nonnull(fault && strstr(fault, rows[i].fault) ? fault : NULL);
    }
}

/* What runs a program here, or reaches this host alone, is refused whatever the configuration says.
 */
static void
test_transports(void)
{
    static const char *const all[] = {"ext", "unix", "tcp", "libssh2", NULL};
    g_autofree char *tcp = omen_fleet_uri_find_fault("qemu+tcp://beta/system", all);
    g_autofree char *libssh = omen_fleet_uri_find_fault("qemu+libssh2://root@beta/system", all);
    g_autofree char *ext = omen_fleet_uri_find_fault("qemu+ext://beta/system", all);
    g_autofree char *local = omen_fleet_uri_find_fault("qemu+unix://beta/system", all);

    g_assert_null(tcp);
    g_assert_null(libssh);
    g_assert_nonnull(ext);
    g_assert_nonnull(local);
}

/* Fifty hosts in need do not all go to one of fifty alike. */
static void
test_spread(void)
{
    g_autoptr(GPtrArray) hosts =
        g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_host_free);
    g_autoptr(GHashTable) first = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < 50; i++) {
        g_autofree char *name = g_strdup_printf("host%u", i);
        add(hosts, name, "green", "a", 10000);
    }
    for (guint i = 0; i < 50; i++) {
        g_autofree char *own = g_strdup_printf("dying%u", i);
        g_hash_table_add(first, choose(hosts, own, "rack=a", 1));
    }
    g_assert_cmpuint(g_hash_table_size(first), >=, 10);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fleet/choice/order", test_order);
    g_test_add_func("/fleet/choice/none", test_none);
    g_test_add_func("/fleet/choice/spread", test_spread);
    g_test_add_func("/fleet/choice/hostile-uri", test_hostile_uri);
    g_test_add_func("/fleet/choice/uris", test_uris);
    g_test_add_func("/fleet/choice/transports", test_transports);
    return g_test_run();
}

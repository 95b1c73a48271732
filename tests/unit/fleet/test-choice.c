/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/choice.h"

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
    g_autoptr(GPtrArray) chosen = omen_fleet_choose(hosts, own_name, labels, max);
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
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/fleet.h"
#include "fleet/host-row.h"

#include <string.h>

static void
set(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

static OmenFleetSign *
make_sign(void)
{
    OmenFleetSign *sign = omen_fleet_sign_new();

    set(&sign->failure_class, "disk");
    g_free(sign->line);
    sign->line = omen_fleet_sign_hash_line("kernel: sda: sector 17 is bad");
    set(&sign->reason, "a disk \"dies\"");
    set(&sign->storage, "nfs server:/path");
    sign->raised_us = 123456000;
    return sign;
}

static OmenFleetHost *
make_host(void)
{
    OmenFleetHost *host = omen_fleet_host_new();
    const char *const labels[] = {"rack=a4", "power=left", NULL};

    set(&host->name, "alpha");
    set(&host->machine_id, "m1");
    set(&host->boot_id, "b1");
    set(&host->uri, "qemu+tls://alpha/system");
    set(&host->health, "yellow");
    set(&host->reason, "a \"disk\" dies");
    set(&host->mode, "enforce");
    set(&host->version, "0.2.0");
    g_strfreev(host->labels);
    host->labels = g_strdupv((char **) labels);
    host->takes = TRUE;
    host->free_mib = G_GUINT64_CONSTANT(5000000000);
    host->cpus = 64;
    host->vcpus = 100;
    host->running = 30;
    host->omens = 2;
    host->libvirt = 9000000;
    host->qemu = 7002000;
    host->seen_us = 123456789;
    set(&host->kernel, "6.1.0-18-amd64");
    set(&host->brake, "rack a4");
    host->brake_since_us = 123456000;
    g_strfreev(host->storage);
    host->storage = g_strsplit("nfs server:/path;ceph pool", ";", -1);
    g_ptr_array_add(host->signs, make_sign());
    return host;
}

static void
test_there_and_back(void)
{
    g_autoptr(OmenFleetHost) host = make_host();
    g_autofree char *json = omen_fleet_host_write(host);
    g_autoptr(OmenFleetHost) read = omen_fleet_host_parse(json, "alpha");

    g_assert_nonnull(read);
    g_assert_false(omen_fleet_host_differs(host, read));
    g_assert_cmpstr(read->name, ==, "alpha");
    g_assert_cmpstr(read->reason, ==, "a \"disk\" dies");
    g_assert_cmpstr(read->labels[1], ==, "power=left");
    g_assert_cmpuint(read->free_mib, ==, host->free_mib);
    g_assert_cmpint(read->seen_us, ==, 123456789);
    g_assert_cmpstr(read->storage[1], ==, "ceph pool");
    g_assert_cmpuint(read->brake_since_us, ==, 123456000);
    g_assert_cmpuint(read->signs->len, ==, 1);
    g_assert_cmpstr(((OmenFleetSign *) read->signs->pdata[0])->reason, ==, "a disk \"dies\"");
}

static void
test_no_row(void)
{
    static const char *const none[] = {"", "null", "[]", "{", "{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}"};
    g_autofree char *long_text = g_strnfill(40000, ' ');

    for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_null(omen_fleet_host_parse(none[i], "beta"));
    g_assert_null(omen_fleet_host_parse("{}", ""));
    g_assert_null(omen_fleet_host_parse(long_text, "beta"));
}

/* Another host wrote it, of another version, or worse. */
static void
test_hostile(void)
{
    g_autofree char *long_reason = g_strnfill(2000, 'x');
    g_autofree char *json = g_strdup_printf(
        "{\"health\":7,\"reason\":\"\\u001b[31m%s\",\"cpus\":-4,\"vcpus\":99999999999,\"takes\":1,"
        "\"free_mib\":\"many\",\"labels\":[1,\"rack=\\n\",{}],\"signs\":[3,{\"class\":7,\"line\":\"\\u001b\",\"raised_us\":-4}],\"storage\":{},\"unknown\":[]}",
        long_reason);
    g_autoptr(OmenFleetHost) host = omen_fleet_host_parse(json, "beta");

    g_assert_nonnull(host);
    g_assert_cmpstr(host->health, ==, "");
    g_assert_null(strchr(host->reason, '\033'));
    g_assert_cmpuint(strlen(host->reason), <, 400);
    g_assert_cmpuint(host->cpus, ==, 0);
    g_assert_cmpuint(host->vcpus, ==, G_MAXINT32);
    g_assert_false(host->takes);
    g_assert_cmpuint(host->free_mib, ==, 0);
    g_assert_cmpuint(g_strv_length(host->labels), ==, 1);
    g_assert_null(strchr(host->labels[0], '\n'));
    g_assert_cmpuint(host->signs->len, ==, 1);
    g_assert_cmpstr(((OmenFleetSign *) host->signs->pdata[0])->failure_class, ==, "");
    g_assert_null(strchr(((OmenFleetSign *) host->signs->pdata[0])->line, '\033'));
    g_assert_cmpint(((OmenFleetSign *) host->signs->pdata[0])->raised_us, ==, 0);
}

static void
test_differs(void)
{
    g_autoptr(OmenFleetHost) host = make_host();
    g_autoptr(OmenFleetHost) other = make_host();

    other->seen_us = 5;
    other->free_mib -= 60;
    g_assert_false(omen_fleet_host_differs(host, other));
    other->free_mib = host->free_mib / 2;
    g_assert_true(omen_fleet_host_differs(host, other));
    other->free_mib = host->free_mib;
    other->takes = FALSE;
    g_assert_true(omen_fleet_host_differs(host, other));
    other->takes = TRUE;
    set(&other->health, "red");
    g_assert_true(omen_fleet_host_differs(host, other));
    set(&other->health, "yellow");
    set(&other->labels[0], "rack=b1");
    g_assert_true(omen_fleet_host_differs(host, other));
    set(&other->labels[0], "rack=a4");
    ((OmenFleetSign *) other->signs->pdata[0])->raised_us++;
    g_assert_true(omen_fleet_host_differs(host, other));
    g_ptr_array_set_size(other->signs, 0);
    g_assert_true(omen_fleet_host_differs(host, other));
    g_ptr_array_add(other->signs, make_sign());
    g_assert_false(omen_fleet_host_differs(host, other));
    set(&other->storage[0], "nfs other:/path");
    g_assert_true(omen_fleet_host_differs(host, other));
}

/* The longest row that a host can write is read. */
static void
test_longest(void)
{
    g_autoptr(OmenFleetHost) host = make_host();
    g_autoptr(OmenFleetHost) read = NULL;
    g_autofree char *json = NULL;
    g_autofree char *text = g_strnfill(400, '"');
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();

    for (guint i = 0; i < 40; i++)
        g_strv_builder_add(list, text);
    g_strfreev(host->labels);
    host->labels = g_strv_builder_end(list);
    g_strfreev(host->storage);
    host->storage = g_strdupv(host->labels);
    set(&host->reason, text);
    set(&host->brake, text);
    for (guint i = 0; i < 20; i++) {
        OmenFleetSign *sign = make_sign();
        set(&sign->reason, text);
        set(&sign->storage, text);
        g_ptr_array_add(host->signs, sign);
    }
    json = omen_fleet_host_write(host);
    read = omen_fleet_host_parse(json, "alpha");
    g_assert_nonnull(read);
    g_assert_cmpuint(read->signs->len, ==, OMEN_FLEET_MAX_SIGNS);
    g_assert_cmpuint(g_strv_length(read->storage), ==, OMEN_FLEET_MAX_STORAGE);
}

static void
test_lines(void)
{
    g_autofree char *one = omen_fleet_sign_hash_line("nfs: server 10.0.0.5 not responding");
    g_autofree char *same = omen_fleet_sign_hash_line("nfs: server 10.0.0.17  not responding");
    g_autofree char *other = omen_fleet_sign_hash_line("nfs: server 10.0.0.5 OK");
    g_autofree char *none = omen_fleet_sign_hash_line("");

    g_assert_cmpstr(one, ==, same);
    g_assert_cmpstr(one, !=, other);
    g_assert_cmpuint(strlen(one), ==, 16);
    g_assert_cmpstr(none, ==, "");
}

static void
test_names(void)
{
    g_autofree char *long_name = g_strnfill(200, 'a');

    g_assert_true(omen_fleet_is_name("node-7.example_org"));
    g_assert_false(omen_fleet_is_name(""));
    g_assert_false(omen_fleet_is_name("a/b"));
    g_assert_false(omen_fleet_is_name("é"));
    g_assert_false(omen_fleet_is_name(long_name));
}

/* A store, or a proxy before it, that sends other keys than it was asked for. */
static void
test_keys(void)
{
    g_assert_cmpstr(omen_fleet_strip_key("/virt-omen/hosts/a", "/virt-omen/hosts/"), ==, "a");
    g_assert_null(omen_fleet_strip_key("/v", "/virt-omen/hosts/"));
    g_assert_null(omen_fleet_strip_key("/virt-omen/hostsXa", "/virt-omen/hosts/"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fleet/host-row/there-and-back", test_there_and_back);
    g_test_add_func("/fleet/host-row/no-row", test_no_row);
    g_test_add_func("/fleet/host-row/hostile", test_hostile);
    g_test_add_func("/fleet/host-row/differs", test_differs);
    g_test_add_func("/fleet/host-row/longest", test_longest);
    g_test_add_func("/fleet/host-row/lines", test_lines);
    g_test_add_func("/fleet/host-row/names", test_names);
    g_test_add_func("/fleet/host-row/keys", test_keys);
    return g_test_run();
}

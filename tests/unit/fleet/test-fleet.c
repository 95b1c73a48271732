/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts of a fleet, with a real etcd between them. */
#include "fleet/brake.h"
#include "fleet/fleet.h"
#include "fleet/member.h"
#include "real-etcd.h"

#include <signal.h>
#include <string.h>

#define LIMIT_US (20 * G_USEC_PER_SEC)

static const OmenFleetPace fast = {.ttl_s = 2, .interval_ms = 50, .refresh_ms = 60000};

typedef struct {
    RealEtcd *server;
    OmenEtcd *etcd;
} Bench;

static void
set_up(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    bench->server = real_etcd_new(NULL);
    bench->etcd = real_etcd_connect(bench->server, 2000);
}

static void
tear_down(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_object_unref(bench->etcd);
    real_etcd_free(bench->server);
}

static OmenFleetHost *
make_host(const char *name, const char *machine, const char *health)
{
    OmenFleetHost *host = omen_fleet_host_new();

    g_free(host->name);
    host->name = g_strdup(name);
    g_free(host->machine_id);
    host->machine_id = g_strdup(machine);
    g_free(host->health);
    host->health = g_strdup(health);
    return host;
}

static void
on_done(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **) user_data = g_object_ref(result);
}

static GPtrArray *
list(Bench *bench)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    GPtrArray *hosts;

    omen_fleet_list_async(bench->etcd, on_done, &result);
    while (!result)
        g_main_context_iteration(NULL, TRUE);
    hosts = omen_fleet_list_finish(result, &error);
    g_assert_no_error(error);
    return hosts;
}

static void
run_for(guint ms)
{
    gint64 end_us = g_get_monotonic_time() + ms * 1000;

    while (g_get_monotonic_time() < end_us) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
}

static void
wait_until_listed(OmenFleetMember *member, gboolean listed)
{
    gint64 end_us = g_get_monotonic_time() + LIMIT_US;

    while (omen_fleet_member_is_listed(member) != listed) {
        g_assert_cmpint(g_get_monotonic_time(), <, end_us);
        run_for(5);
    }
}

/* (nullable): the health that the others see of @name. */
static void
wait_until_seen(Bench *bench, const char *name, const char *health)
{
    gint64 end_us = g_get_monotonic_time() + LIMIT_US;

    for (;;) {
        g_autoptr(GPtrArray) hosts = list(bench);
        const char *found = NULL;
        for (guint i = 0; i < hosts->len; i++) {
            const OmenFleetHost *host = hosts->pdata[i];
            if (g_str_equal(host->name, name))
                found = host->health;
        }
        if (g_strcmp0(found, health) == 0)
            return;
        g_assert_cmpint(g_get_monotonic_time(), <, end_us);
        run_for(20);
    }
}

static void
test_row(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenFleetMember) alpha = omen_fleet_member_new(bench->etcd, &fast);
    g_autoptr(OmenFleetMember) beta = omen_fleet_member_new(bench->etcd, &fast);
    g_autoptr(GPtrArray) hosts = NULL;

    omen_fleet_member_take(alpha, make_host("alpha", "m1", "green"));
    omen_fleet_member_take(beta, make_host("beta", "m2", "green"));
    wait_until_listed(alpha, TRUE);
    wait_until_listed(beta, TRUE);
    hosts = list(bench);
    g_assert_cmpuint(hosts->len, ==, 2);
    g_assert_cmpstr(((OmenFleetHost *) hosts->pdata[0])->name, ==, "alpha");
    g_assert_cmpint(omen_fleet_member_get_alone_since_us(alpha), ==, 0);
    omen_fleet_member_take(alpha, make_host("alpha", "m1", "red"));
    wait_until_seen(bench, "alpha", "red");
    /* Who is gone is gone from the list in the time of its lease. */
    omen_fleet_member_stop(beta);
    wait_until_seen(bench, "beta", NULL);
    wait_until_seen(bench, "alpha", "red");
}

/* Many changes are few writes. */
static void
test_pace(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    const OmenFleetPace pace = {.ttl_s = 30, .interval_ms = 200, .refresh_ms = 60000};
    g_autoptr(OmenFleetMember) member = omen_fleet_member_new(bench->etcd, &pace);
    g_autofree char *after = NULL;
    const char *number;
    gint64 begin_us = g_get_monotonic_time();
    guint64 n_writes;

    omen_fleet_member_take(member, make_host("alpha", "m1", "green"));
    wait_until_listed(member, TRUE);
    for (guint i = 0; i < 40; i++) {
        OmenFleetHost *host = make_host("alpha", "m1", "green");
        host->running = i;
        omen_fleet_member_take(member, host);
        run_for(10);
    }
    run_for(250);
    after = real_etcd_post(bench->server, "/v3/kv/range",
                           "{\"key\":\"L3ZpcnQtb21lbi9ob3N0cy9hbHBoYQ==\"}");
    number = strstr(after, "\"version\":\"");
    g_assert_nonnull(number);
    n_writes = g_ascii_strtoull(number + strlen("\"version\":\""), NULL, 10);
    g_assert_cmpuint(n_writes, >=, 2);
    g_assert_cmpuint(n_writes, <=, 2 + (g_get_monotonic_time() - begin_us) / 200000);
    g_assert_cmpuint(n_writes, <, 40);
}

static void
test_same_name(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenFleetMember) first = omen_fleet_member_new(bench->etcd, &fast);
    g_autoptr(OmenFleetMember) second = omen_fleet_member_new(bench->etcd, &fast);
    g_autoptr(OmenFleetMember) again = omen_fleet_member_new(bench->etcd, &fast);

    omen_fleet_member_take(first, make_host("alpha", "m1", "green"));
    wait_until_listed(first, TRUE);
    omen_fleet_member_take(second, make_host("alpha", "m2", "red"));
    while (!omen_fleet_member_get_problem(second))
        run_for(5);
    g_assert_nonnull(strstr(omen_fleet_member_get_problem(second), "calls itself alpha"));
    g_assert_false(omen_fleet_member_is_listed(second));
    wait_until_seen(bench, "alpha", "green");
    /* Its own next life is no other host. */
    omen_fleet_member_stop(first);
    omen_fleet_member_take(again, make_host("alpha", "m1", "yellow"));
    wait_until_seen(bench, "alpha", "yellow");
}

static void
test_store_gone(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenFleetMember) member = omen_fleet_member_new(bench->etcd, &fast);
    gint64 before_us = g_get_real_time();

    omen_fleet_member_take(member, make_host("alpha", "m1", "green"));
    wait_until_listed(member, TRUE);
    real_etcd_signal(bench->server, SIGSTOP);
    wait_until_listed(member, FALSE);
    g_assert_cmpint(omen_fleet_member_get_alone_since_us(member), >=, before_us);
    g_assert_nonnull(omen_fleet_member_get_problem(member));
    omen_fleet_member_take(member, make_host("alpha", "m1", "red"));
    real_etcd_signal(bench->server, SIGCONT);
    wait_until_seen(bench, "alpha", "red");
    wait_until_listed(member, TRUE);
    g_assert_cmpint(omen_fleet_member_get_alone_since_us(member), ==, 0);
    g_assert_null(omen_fleet_member_get_problem(member));
}

/* All leases revoked at once, as an ailing leader does. */
static void
test_lease_revoked(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenFleetMember) member = omen_fleet_member_new(bench->etcd, &fast);
    g_autofree char *leases = NULL;
    g_autofree char *request = NULL;
    g_autofree char *answer = NULL;
    g_autoptr(GPtrArray) none = NULL;
    const char *id;

    omen_fleet_member_take(member, make_host("alpha", "m1", "green"));
    wait_until_listed(member, TRUE);
    leases = real_etcd_post(bench->server, "/v3/lease/leases", "{}");
    id = strstr(leases, "\"ID\":\"");
    g_assert_nonnull(id);
    request = g_strdup_printf("{\"ID\":\"%" G_GUINT64_FORMAT "\"}",
                              g_ascii_strtoull(id + strlen("\"ID\":\""), NULL, 10));
    answer = real_etcd_post(bench->server, "/v3/lease/revoke", request);
    g_assert_nonnull(answer);
    none = list(bench);
    g_assert_cmpuint(none->len, ==, 0);
    wait_until_seen(bench, "alpha", "green");
}

static void
set_maintenance(Bench *bench, const char *host, gboolean on)
{
    g_autoptr(GAsyncResult) result = NULL;

    omen_fleet_set_maintenance_async(bench->etcd, host, on, on_done, &result);
    while (!result)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(omen_fleet_set_maintenance_finish(result, NULL));
}

static void
test_maintenance(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenFleetMember) member = omen_fleet_member_new(bench->etcd, &fast);
    g_autoptr(GPtrArray) on = NULL;
    g_autoptr(GPtrArray) off = NULL;

    omen_fleet_member_take(member, make_host("alpha", "m1", "green"));
    wait_until_listed(member, TRUE);
    set_maintenance(bench, "alpha", TRUE);
    set_maintenance(bench, "not-there", TRUE);
    on = list(bench);
    g_assert_cmpuint(on->len, ==, 1);
    g_assert_true(((OmenFleetHost *) on->pdata[0])->maintenance);
    set_maintenance(bench, "alpha", FALSE);
    off = list(bench);
    g_assert_false(((OmenFleetHost *) off->pdata[0])->maintenance);
}

static OmenFleetHost *
make_ill_host(const char *name)
{
    OmenFleetHost *host = make_host(name, name, "red");
    OmenFleetSign *sign = omen_fleet_sign_new();

    g_free(sign->failure_class);
    sign->failure_class = g_strdup("thermal");
    sign->raised_us = g_get_real_time();
    g_ptr_array_add(host->signs, sign);
    return host;
}

/* What hosts have in common is known by their rows, and only while their leases last. */
static void
test_brake(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};
    const OmenFleetBrakeSettings settings = {.terms = {3, 20, 600}, .release_s = 0};
    g_autoptr(OmenFleetBrake) brake = omen_fleet_brake_new(&settings);
    g_autoptr(OmenFleetHost) own = make_ill_host("alpha");
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) left = NULL;
    OmenFleetMember *members[G_N_ELEMENTS(names)];
    OmenFleetMoment now = {g_get_real_time(), g_get_monotonic_time()};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        members[i] = omen_fleet_member_new(bench->etcd, &fast);
        omen_fleet_member_take(members[i], make_ill_host(names[i]));
        wait_until_listed(members[i], TRUE);
    }
    all = list(bench);
    omen_fleet_brake_look(brake, all, own, &now);
    g_assert_true(omen_fleet_brake_holds(brake, &now));
    g_assert_cmpuint(omen_fleet_brake_get_cause(brake, &now)->hosts->len, ==, 3);
    omen_fleet_member_stop(members[2]);
    wait_until_seen(bench, "gamma", NULL);
    left = list(bench);
    omen_fleet_brake_look(brake, left, own, &now);
    g_assert_false(omen_fleet_brake_holds(brake, &now));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        omen_fleet_member_stop(members[i]);
        g_object_unref(members[i]);
    }
}

#define ADD(name, test) g_test_add("/fleet/" name, Bench, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    const char *obstacle = real_etcd_get_obstacle();

    g_test_init(&argc, &argv, NULL);
    if (obstacle) {
        g_print("1..0 # SKIP %s\n", obstacle);
        return 0;
    }
    ADD("row", test_row);
    ADD("pace", test_pace);
    ADD("same-name", test_same_name);
    ADD("store-gone", test_store_gone);
    ADD("lease-revoked", test_lease_revoked);
    ADD("maintenance", test_maintenance);
    ADD("brake", test_brake);
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places at destinations, with a real etcd between the hosts that want them. */
#include "fleet/reservations.h"
#include "real-etcd.h"

#include <signal.h>
#include <string.h>

#define LIMIT_US (20 * G_USEC_PER_SEC)
#define MAX_N    12

static const OmenFleetReservationPace fast = {.ttl_s = 2, .deadline_ms = 1500, .tick_ms = 50};
static const OmenFleetRoom wide = {.free_mib = 100000};

typedef struct {
    RealEtcd *server;
    OmenEtcd *etcd;
    OmenFleetReservations *hosts[MAX_N];
} Bench;

static void
set_up(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    bench->server = real_etcd_new(NULL);
    bench->etcd = real_etcd_connect(bench->server, 4000);
    for (gsize i = 0; i < MAX_N; i++)
        bench->hosts[i] = omen_fleet_reservations_new(bench->etcd, &fast);
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
tear_down(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    for (gsize i = 0; i < MAX_N; i++) {
        omen_fleet_reservations_stop(bench->hosts[i]);
        g_object_unref(bench->hosts[i]);
    }
    run_for(20);
    g_object_unref(bench->etcd);
    real_etcd_free(bench->server);
}

static OmenFleetReservation *
make(guint i, guint64 mib)
{
    g_autofree char *uuid = g_strdup_printf("600d0000-0000-4000-8000-%012x", i);
    OmenFleetReservation *self = omen_fleet_reservation_new(uuid);

    g_free(self->source);
    self->source = g_strdup_printf("host%u", i);
    self->mib = mib;
    return self;
}

static void
on_done(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **) user_data = g_object_ref(result);
}

/* Host @i wants a place for its domain. */
static void
ask(Bench *bench, guint i, guint64 mib, const OmenFleetRoom *room, GAsyncResult **result)
{
    g_autoptr(OmenFleetReservation) one = make(i, mib);
    const OmenFleetWish wish = {.destination = "gamma", .reservation = one, .room = room};

    omen_fleet_reservations_take_async(bench->hosts[i], &wish, on_done, result);
}

static gboolean
answer(Bench *bench, guint i, GAsyncResult **result, OmenFleetLoad *others, GError **error)
{
    g_autoptr(GAsyncResult) got = NULL;

    while (!*result)
        g_main_context_iteration(NULL, TRUE);
    got = g_steal_pointer(result);
    return omen_fleet_reservations_take_finish(bench->hosts[i], got, others, error);
}

static gboolean
take(Bench *bench, guint i, guint64 mib, const OmenFleetRoom *room, GError **error)
{
    GAsyncResult *result = NULL;
    OmenFleetLoad others = {0};

    ask(bench, i, mib, room, &result);
    return answer(bench, i, &result, &others, error);
}

static OmenFleetLoad
look(Bench *bench)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autofree char *prefix = omen_fleet_inbound_key("gamma", NULL);
    g_auto(OmenFleetInbound) inbound = {0};
    g_autoptr(OmenEtcdRange) range = NULL;

    omen_etcd_read_async(bench->etcd, prefix, TRUE, 100, NULL, on_done, &result);
    while (!result)
        g_main_context_iteration(NULL, TRUE);
    range = omen_etcd_read_finish(bench->etcd, result, NULL);
    g_assert_nonnull(range);
    omen_fleet_inbound_read(&inbound, range, "gamma", NULL);
    return inbound.others;
}

static void
wait_for_domains(Bench *bench, guint domains)
{
    gint64 end_us = g_get_monotonic_time() + LIMIT_US;

    while (look(bench).domains != domains) {
        g_assert_cmpint(g_get_monotonic_time(), <, end_us);
        run_for(20);
    }
}

static void
assert_full(const GError *error, const char *words)
{
    g_assert_error(error, OMEN_FLEET_RESERVATION_ERROR, OMEN_FLEET_RESERVATION_ERROR_FULL);
    g_assert_nonnull(strstr(error->message, words));
}

/* How many of all hosts that ask in one moment get a place. */
static guint
race(Bench *bench, guint64 mib, const OmenFleetRoom *room, const char *words)
{
    GAsyncResult *results[MAX_N] = {NULL};
    guint n_taken = 0;

    for (guint i = 0; i < MAX_N; i++)
        ask(bench, i, mib, room, &results[i]);
    for (guint i = 0; i < MAX_N; i++) {
        g_autoptr(GError) error = NULL;
        OmenFleetLoad others = {0};
        if (answer(bench, i, &results[i], &others, &error)) {
            n_taken++;
        } else {
            assert_full(error, words);
            g_assert_cmpuint(others.domains, >, 0);
        }
    }
    return n_taken;
}

static void
test_last_place(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    const OmenFleetRoom room = {.free_mib = 5 * 512 + 100};

    g_assert_cmpuint(race(bench, 512, &room, "MiB are reserved"), ==, 5);
    g_assert_cmpuint(look(bench).domains, ==, 5);
    g_assert_cmpuint(look(bench).mib, ==, 5 * 512);
}

static void
test_limit(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    const OmenFleetRoom room = {.free_mib = 100000, .inbound_limit = 2};
    guint n_free = 0;

    g_assert_cmpuint(race(bench, 1, &room, "inbound_limit"), ==, 2);
    wait_for_domains(bench, 2);
    /* One that arrives makes way for one more. */
    for (guint i = 0; i < MAX_N && n_free == 0; i++) {
        g_autofree char *uuid = g_strdup_printf("600d0000-0000-4000-8000-%012x", i);
        n_free = omen_fleet_reservations_get_own(bench->hosts[i], "gamma").domains;
        omen_fleet_reservations_release(bench->hosts[i], uuid);
    }
    g_assert_cmpuint(n_free, ==, 1);
    wait_for_domains(bench, 1);
    g_assert_cmpuint(race(bench, 1, &room, "inbound_limit"), ==, 2);
}

/* The same domain again, and for a destination where it was before: counted once. */
static void
test_again(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    const OmenFleetRoom room = {.free_mib = 600, .inbound_limit = 1};

    for (guint i = 0; i < 3; i++)
        g_assert_true(take(bench, 0, 512, &room, NULL));
    run_for(100);
    g_assert_cmpuint(look(bench).domains, ==, 1);
    g_assert_cmpuint(look(bench).mib, ==, 512);
}

/* The keeper dies: its place is kept for the time of the lease, and then free. */
static void
test_crash(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    const OmenFleetRoom room = {.free_mib = 600, .inbound_limit = 1};
    g_autoptr(GError) error = NULL;

    g_assert_true(take(bench, 0, 512, &room, NULL));
    /* While it lives it lasts longer than its lease. */
    run_for(5000);
    g_assert_cmpuint(look(bench).domains, ==, 1);
    omen_fleet_reservations_stop(bench->hosts[0]);
    g_assert_false(take(bench, 1, 512, &room, &error));
    assert_full(error, "inbound_limit");
    run_for(500);
    g_assert_cmpuint(look(bench).domains, ==, 1);
    wait_for_domains(bench, 0);
    g_assert_true(take(bench, 1, 512, &room, NULL));
}

/* The next life of a daemon goes on with what the one before began. */
static void
test_hold(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenFleetReservation) one = make(0, 512);
    const OmenFleetWish wish = {.destination = "gamma", .reservation = one, .room = &wide};

    g_assert_true(take(bench, 0, 512, &wide, NULL));
    omen_fleet_reservations_stop(bench->hosts[0]);
    omen_fleet_reservations_hold(bench->hosts[1], &wish);
    run_for(5000);
    g_assert_cmpuint(look(bench).domains, ==, 1);
    omen_fleet_reservations_release(bench->hosts[1], one->uuid);
    wait_for_domains(bench, 0);
}

static void
test_store_paused(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenFleetReservation) other = make(2, 1);
    const OmenFleetWish wish = {.destination = "gamma", .reservation = other, .room = &wide};
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) soon = NULL;
    gint64 begin_us;
    gint64 first_us;

    real_etcd_signal(bench->server, SIGSTOP);
    begin_us = g_get_monotonic_time();
    g_assert_false(take(bench, 0, 512, &wide, &error));
    first_us = g_get_monotonic_time();
    g_assert_error(error, OMEN_FLEET_RESERVATION_ERROR, OMEN_FLEET_RESERVATION_ERROR_NO_STORE);
    g_assert_cmpint(first_us - begin_us, <, 2 * G_USEC_PER_SEC);
    /* The next ones of that host hardly wait. */
    omen_fleet_reservations_hold(bench->hosts[0], &wish);
    g_assert_cmpuint(omen_fleet_reservations_get_own(bench->hosts[0], "gamma").domains, ==, 2);
    g_assert_false(take(bench, 0, 512, &wide, &soon));
    g_assert_cmpint(g_get_monotonic_time() - first_us, <, G_USEC_PER_SEC / 2);
    /* What goes without a reservation has one once that is possible. */
    real_etcd_signal(bench->server, SIGCONT);
    wait_for_domains(bench, 2);
}

/* An ailing leader revokes all leases at once: what is held is written anew. */
static void
test_lease_revoked(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *leases = NULL;
    g_autofree char *request = NULL;
    g_autofree char *done = NULL;
    const char *id;

    g_assert_true(take(bench, 0, 512, &wide, NULL));
    leases = real_etcd_post(bench->server, "/v3/lease/leases", "{}");
    id = strstr(leases, "\"ID\":\"");
    g_assert_nonnull(id);
    request = g_strdup_printf("{\"ID\":\"%" G_GUINT64_FORMAT "\"}",
                              g_ascii_strtoull(id + strlen("\"ID\":\""), NULL, 10));
    done = real_etcd_post(bench->server, "/v3/lease/revoke", request);
    g_assert_nonnull(done);
    g_assert_cmpuint(look(bench).domains, ==, 0);
    wait_for_domains(bench, 1);
}

/* Somebody with the store's password puts what looks like reservations, for ever. */
static void
test_without_lease(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    const OmenFleetRoom room = {.free_mib = 600, .inbound_limit = 1};
    const char *const words[] = {"{\"mib\":512}", "?", "\001"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *key = g_strdup_printf(OMEN_FLEET_INBOUND "gamma/%" G_GSIZE_FORMAT, i);
        g_autofree char *key64 = g_base64_encode((const guchar *) key, strlen(key));
        g_autofree char *value64 = g_base64_encode((const guchar *) words[i], strlen(words[i]));
        g_autofree char *json =
            g_strdup_printf("{\"key\":\"%s\",\"value\":\"%s\"}", key64, value64);
        g_autofree char *done = real_etcd_post(bench->server, "/v3/kv/put", json);
        g_assert_nonnull(done);
    }
    g_assert_true(take(bench, 0, 512, &room, NULL));
    g_assert_cmpuint(look(bench).domains, ==, 1);
    g_assert_false(take(bench, 1, 512, &room, NULL));
}

/* Time is over in the middle: what was written all the same does not stay for the time of its
 * lease, once the domain is where it belongs. */
static void
test_no_leak(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    guint n_late = 0;

    for (guint i = 0; i < 60; i++) {
        const OmenFleetReservationPace hasty = {
            .ttl_s = 300, .deadline_ms = 1 + i % 12, .tick_ms = 5000};
        g_autoptr(OmenFleetReservations) host = omen_fleet_reservations_new(bench->etcd, &hasty);
        g_autoptr(OmenFleetReservation) one = make(i, 1);
        const OmenFleetWish wish = {.destination = "gamma", .reservation = one, .room = &wide};
        g_autoptr(GAsyncResult) result = NULL;
        OmenFleetLoad others;
        omen_fleet_reservations_take_async(host, &wish, on_done, &result);
        while (!result)
            g_main_context_iteration(NULL, TRUE);
        n_late += omen_fleet_reservations_take_finish(host, result, &others, NULL) ? 0 : 1;
        run_for(20);
        omen_fleet_reservations_release(host, one->uuid);
    }
    g_assert_cmpuint(n_late, >, 0);
    wait_for_domains(bench, 0);
}

/* The destination's word. */
static void
test_clear(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenFleetReservation) one = make(0, 512);
    g_autoptr(GAsyncResult) first = NULL;
    g_autoptr(GAsyncResult) second = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(take(bench, 0, 512, &wide, NULL));
    g_assert_true(take(bench, 1, 512, &wide, NULL));
    omen_fleet_clear_async(bench->etcd, "gamma", one->uuid, on_done, &first);
    while (!first)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(omen_fleet_clear_finish(first, &error));
    g_assert_cmpuint(look(bench).domains, ==, 1);
    omen_fleet_clear_async(bench->etcd, "gamma", one->uuid, on_done, &second);
    while (!second)
        g_main_context_iteration(NULL, TRUE);
    g_assert_false(omen_fleet_clear_finish(second, &error));
    g_assert_no_error(error);
    /* Its keeper keeps a lease that holds nothing, and does not write it again. */
    run_for(2500);
    g_assert_cmpuint(look(bench).domains, ==, 1);
}

#define ADD(name, test) g_test_add("/reservations/" name, Bench, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    const char *obstacle = real_etcd_get_obstacle();

    g_test_init(&argc, &argv, NULL);
    if (obstacle) {
        g_print("1..0 # SKIP %s\n", obstacle);
        return 0;
    }
    ADD("last-place", test_last_place);
    ADD("limit", test_limit);
    ADD("again", test_again);
    ADD("crash", test_crash);
    ADD("hold", test_hold);
    ADD("store-paused", test_store_paused);
    ADD("lease-revoked", test_lease_revoked);
    ADD("clear", test_clear);
    g_test_add("/reservations/without-lease", Bench, NULL, set_up, test_without_lease, tear_down);
    ADD("no-leak", test_no_leak);
    return g_test_run();
}

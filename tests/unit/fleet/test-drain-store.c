/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drains in a real etcd: what a host tells, and what it is asked. */
#include "fleet/drain-store.h"
#include "fleet/fleet.h"
#include "fleet/member.h"
#include "real-etcd.h"

#include <signal.h>
#include <string.h>

#define LIMIT_US (20 * G_USEC_PER_SEC)

static const OmenFleetPace fast = {.ttl_s = 5, .interval_ms = 50, .refresh_ms = 60000};

typedef struct {
    RealEtcd *server;
    OmenEtcd *etcd;
    OmenFleetMember *member; /* of alpha */
    OmenDrainStore *store;   /* of alpha */
    OmenHostDrain *drain;    /* of alpha */
    char *heard;             /* the last wish */
    guint n_heard;
    guint n_new; /* of them */
    guint n_told;
} Bench;

static void
on_wish(OmenDrainStore *store G_GNUC_UNUSED, const OmenDrainWish *wish, gpointer user_data)
{
    Bench *bench = user_data;

    g_free(bench->heard);
    bench->heard = g_strdup(wish->id);
    bench->n_heard++;
    bench->n_new += omen_host_drain_hear(bench->drain, wish) ? 1 : 0;
}

static void
on_told(OmenDrainStore *store G_GNUC_UNUSED, gpointer user_data)
{
    ((Bench *) user_data)->n_told++;
}

static void
set_up(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    bench->drain = omen_host_drain_new();
    bench->server = real_etcd_new(NULL);
    bench->etcd = real_etcd_connect(bench->server, 2000);
    bench->member = omen_fleet_member_new(bench->etcd, &fast);
    bench->store = omen_drain_store_new(bench->etcd, "alpha");
    g_signal_connect(bench->store, "wish", G_CALLBACK(on_wish), bench);
    g_signal_connect(bench->store, "told", G_CALLBACK(on_told), bench);
}

static void
tear_down(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    omen_drain_store_stop(bench->store);
    omen_fleet_member_stop(bench->member);
    g_object_unref(bench->store);
    g_object_unref(bench->member);
    g_object_unref(bench->etcd);
    g_free(bench->heard);
    omen_host_drain_free(bench->drain);
    real_etcd_free(bench->server);
}

static void
wait_for_count(const guint *count, guint wanted)
{
    gint64 end_us = g_get_monotonic_time() + LIMIT_US;

    while (*count < wanted) {
        g_assert_cmpint(g_get_monotonic_time(), <, end_us);
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
}

static void
join(Bench *bench, gboolean accepts)
{
    OmenFleetHost *host = omen_fleet_host_new();
    gboolean is_listed = FALSE;
    gint64 end_us = g_get_monotonic_time() + LIMIT_US;

    g_free(host->name);
    host->name = g_strdup("alpha");
    host->accepts_drain = accepts ? 1 : 0;
    omen_fleet_member_take(bench->member, host);
    while (!is_listed) {
        g_assert_cmpint(g_get_monotonic_time(), <, end_us);
        g_main_context_iteration(NULL, FALSE);
        is_listed = omen_fleet_member_is_listed(bench->member);
    }
}

static void
on_done(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **) user_data = g_object_ref(result);
}

static gboolean
ask(Bench *bench, const char *host, const OmenDrainWish *wish, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    omen_drain_store_ask_async(bench->etcd, host, wish, on_done, &result);
    while (!result)
        g_main_context_iteration(NULL, TRUE);
    return omen_drain_store_ask_finish(result, error);
}

static OmenHostDrain *
read_drain(Bench *bench, const char *host)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    OmenHostDrain *drain;

    omen_drain_store_read_async(bench->etcd, host, on_done, &result);
    while (!result)
        g_main_context_iteration(NULL, TRUE);
    drain = omen_drain_store_read_finish(result, &error);
    g_assert_no_error(error);
    return drain;
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

/* What a host says of its drain is seen, with the maintenance, and gone with it. */
static void
test_told(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenHostDrain) drain = omen_host_drain_new();
    g_autoptr(OmenHostDrain) seen = NULL;
    g_autoptr(OmenHostDrain) other = read_drain(bench, "beta");
    g_autoptr(GPtrArray) hosts = NULL;
    g_autoptr(GPtrArray) later = NULL;
    const OmenFleetHost *host;

    g_assert_cmpint(other->state, ==, OMEN_DRAIN_NONE);
    join(bench, FALSE);
    omen_host_drain_begin(drain, "alpha", g_get_real_time(), 60, NULL);
    omen_drain_store_tell(bench->store, drain);
    wait_for_count(&bench->n_told, 1);
    seen = read_drain(bench, "alpha");
    g_assert_cmpint(seen->state, ==, OMEN_DRAIN_PENDING);
    hosts = list(bench);
    g_assert_cmpuint(hosts->len, ==, 1);
    host = g_ptr_array_index(hosts, 0);
    g_assert_true(host->maintenance);
    g_assert_cmpint(host->drain->state, ==, OMEN_DRAIN_PENDING);

    omen_host_drain_undo(drain, "alpha", g_get_real_time(), NULL);
    omen_host_drain_settle(drain, TRUE, g_get_real_time());
    omen_drain_store_tell(bench->store, drain);
    wait_for_count(&bench->n_told, 2);
    later = list(bench);
    host = g_ptr_array_index(later, 0);
    g_assert_false(host->maintenance);
    g_assert_null(host->drain);
}

/* A store that is away gets it when it is back. */
static void
test_told_late(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenHostDrain) drain = omen_host_drain_new();
    g_autoptr(OmenHostDrain) seen = NULL;

    real_etcd_signal(bench->server, SIGSTOP);
    omen_host_drain_begin(drain, "alpha", g_get_real_time(), 60, NULL);
    omen_drain_store_tell(bench->store, drain);
    for (guint i = 0; i < 2500; i++) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
    g_assert_cmpuint(bench->n_told, ==, 0);
    real_etcd_signal(bench->server, SIGCONT);
    wait_for_count(&bench->n_told, 1);
    seen = read_drain(bench, "alpha");
    g_assert_cmpint(seen->state, ==, OMEN_DRAIN_PENDING);
}

static void
test_asked(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenDrainWish) first = omen_drain_wish_new(OMEN_DRAIN_ORDER_DRAIN, "beta", 60);
    g_autoptr(OmenDrainWish) second = omen_drain_wish_new(OMEN_DRAIN_ORDER_UNDRAIN, "beta", 60);
    g_autoptr(GError) error = NULL;

    join(bench, TRUE);
    omen_drain_store_listen(bench->store);
    g_assert_true(ask(bench, "alpha", first, &error));
    wait_for_count(&bench->n_heard, 1);
    g_assert_cmpstr(bench->heard, ==, first->id);
    g_assert_true(ask(bench, "alpha", second, &error));
    wait_for_count(&bench->n_heard, 2);
    g_assert_cmpstr(bench->heard, ==, second->id);
    g_assert_no_error(error);
}

/* A store tells of a wish again to a daemon that was started anew. It is an old one then, whatever
 * was ordered here meanwhile. */
static void
test_asked_once(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenDrainWish) wish = omen_drain_wish_new(OMEN_DRAIN_ORDER_DRAIN, "beta", 60);
    g_autoptr(OmenDrainStore) anew = omen_drain_store_new(bench->etcd, "alpha");
    g_autoptr(GError) error = NULL;

    join(bench, TRUE);
    omen_drain_store_listen(bench->store);
    g_assert_true(ask(bench, "alpha", wish, &error));
    wait_for_count(&bench->n_heard, 1);
    omen_host_drain_answer(bench->drain, wish->id, "");
    omen_host_drain_answer(bench->drain, "an undrain of here", "");

    omen_drain_store_stop(bench->store);
    g_signal_connect(anew, "wish", G_CALLBACK(on_wish), bench);
    omen_drain_store_listen(anew);
    wait_for_count(&bench->n_heard, 2);
    g_assert_cmpstr(bench->heard, ==, wish->id);
    g_assert_cmpuint(bench->n_new, ==, 1);
    omen_drain_store_stop(anew);
}

/* Nothing is written for a host that takes none, or is not there. */
static void
test_refused(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenDrainWish) wish = omen_drain_wish_new(OMEN_DRAIN_ORDER_DRAIN, "beta", 60);
    g_autoptr(GError) absent = NULL;
    g_autoptr(GError) denied = NULL;

    join(bench, FALSE);
    g_assert_false(ask(bench, "gamma", wish, &absent));
    g_assert_error(absent, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_NOT_THERE);
    g_assert_false(ask(bench, "alpha", wish, &denied));
    g_assert_error(denied, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_REFUSED);
    g_assert_nonnull(strstr(denied->message, "accept_drain=yes"));

    omen_drain_store_listen(bench->store);
    for (guint i = 0; i < 300; i++) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
    g_assert_cmpuint(bench->n_heard, ==, 0);
}

#define ADD(path, test) g_test_add(path, Bench, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    const char *obstacle = real_etcd_get_obstacle();

    g_test_init(&argc, &argv, NULL);
    if (obstacle) {
        g_print("1..0 # SKIP %s\n", obstacle);
        return 0;
    }
    ADD("/drain-store/told", test_told);
    ADD("/drain-store/told-late", test_told_late);
    ADD("/drain-store/asked", test_asked);
    ADD("/drain-store/asked-once", test_asked_once);
    ADD("/drain-store/refused", test_refused);
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store against a real etcd: what it can do, and what it does when the etcd is paused, killed,
 * restarted, compacted, or knows the token no more. */
#include "etcd/etcd-watch.h"
#include "etcd/etcd.h"
#include "real-etcd.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

typedef struct {
    RealEtcd *etcd;
    OmenEtcd *store;
    char *folder;
    char *password_file;
} Bench;

static OmenEtcd *
connect_to(const char *const *endpoints,
           const char *user,
           const char *password_file,
           const char *ca)
{
    const OmenEtcdSettings settings = {.endpoints = (char **) endpoints,
                                       .user = (char *) user,
                                       .password_file = (char *) password_file,
                                       .ca_file = (char *) ca,
                                       .timeout_ms = 1500,
                                       .spread_ms = 10};
    g_autoptr(GError) error = NULL;
    OmenEtcd *store = omen_etcd_new(&settings, &error);

    g_assert_no_error(error);
    return store;
}

static void
set_up(Bench *bench, gconstpointer certificate)
{
    const char *endpoints[] = {NULL, NULL};

    bench->etcd = real_etcd_new(certificate);
    endpoints[0] = bench->etcd->url;
    bench->store = connect_to(endpoints, "", "", certificate ? certificate : "");
    bench->folder = g_dir_make_tmp("omen-store-XXXXXX", NULL);
    bench->password_file = g_build_filename(bench->folder, "password", NULL);
}

static void
tear_down(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_object_unref(bench->store);
    real_etcd_free(bench->etcd);
    g_unlink(bench->password_file);
    g_rmdir(bench->folder);
    g_free(bench->password_file);
    g_free(bench->folder);
}

/* ---- waiting, which only a test does ---- */

static void
on_done(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **) user_data = g_object_ref(result);
}

static void
wait_for(GAsyncResult **result)
{
    while (!*result)
        g_main_context_iteration(NULL, TRUE);
}

static OmenEtcdRange *
read_all(OmenEtcd *store, const char *prefix, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    omen_etcd_read_async(store, prefix, TRUE, 100, NULL, on_done, &result);
    wait_for(&result);
    return omen_etcd_read_finish(store, result, error);
}

static OmenEtcdOutcome *
commit(OmenEtcd *store, OmenEtcdTransaction *transaction, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    omen_etcd_commit_async(store, transaction, NULL, on_done, &result);
    wait_for(&result);
    return omen_etcd_commit_finish(store, result, error);
}

static void
put(OmenEtcd *store, const char *key, const char *value, gint64 lease)
{
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenEtcdOutcome) outcome = NULL;

    omen_etcd_transaction_put(transaction, key, value, lease);
    outcome = commit(store, transaction, &error);
    g_assert_no_error(error);
    g_assert_true(outcome->succeeded);
}

static gboolean
keep_alive(OmenEtcd *store, gint64 lease, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;
    OmenEtcdLease out;

    omen_etcd_keep_alive_async(store, lease, NULL, on_done, &result);
    wait_for(&result);
    return omen_etcd_lease_finish(store, result, &out, error);
}

static void
assert_holds(OmenEtcd *store, const char *key, const char *value)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenEtcdRange) range = read_all(store, key, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(range->entries->len, ==, value ? 1 : 0);
    if (value)
        g_assert_cmpstr(((OmenEtcdEntry *) range->entries->pdata[0])->value, ==, value);
}

/* ---- tests ---- */

static void
test_transactions(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(OmenEtcdTransaction) once = omen_etcd_transaction_new();
    g_autoptr(OmenEtcdTransaction) away = omen_etcd_transaction_new();
    g_autoptr(OmenEtcdOutcome) first = NULL;
    g_autoptr(OmenEtcdOutcome) second = NULL;
    g_autoptr(OmenEtcdOutcome) third = NULL;
    OmenEtcdRange *found;

    omen_etcd_transaction_compare(once, "/t/a", 0);
    omen_etcd_transaction_put(once, "/t/a", "é, \"1\"", 0);
    omen_etcd_transaction_else_read(once, "/t/a");
    first = commit(bench->store, once, NULL);
    g_assert_true(first->succeeded);
    second = commit(bench->store, once, NULL);
    g_assert_false(second->succeeded);
    g_assert_cmpuint(second->ranges->len, ==, 1);
    found = second->ranges->pdata[0];
    g_assert_cmpuint(found->entries->len, ==, 1);
    g_assert_cmpstr(((OmenEtcdEntry *) found->entries->pdata[0])->value, ==, "é, \"1\"");

    put(bench->store, "/u/other", "", 0);
    omen_etcd_transaction_compare(away, "/t/a",
                                  ((OmenEtcdEntry *) found->entries->pdata[0])->revision);
    omen_etcd_transaction_delete(away, "/t/a");
    third = commit(bench->store, away, NULL);
    g_assert_true(third->succeeded);
    assert_holds(bench->store, "/t/", NULL);
}

static void
test_too_large(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    g_autofree char *value = g_strnfill(OMEN_ETCD_MAX_REQUEST, 'x');
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenEtcdOutcome) outcome = NULL;

    omen_etcd_transaction_put(transaction, "/t/a", value, 0);
    outcome = commit(bench->store, transaction, &error);
    g_assert_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_REFUSED);
    g_assert_null(outcome);
}

static void
test_lease(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(GAsyncResult) granted = NULL;
    g_autoptr(GAsyncResult) revoked = NULL;
    g_autoptr(GError) error = NULL;
    OmenEtcdLease lease;

    omen_etcd_grant_async(bench->store, 30, NULL, on_done, &granted);
    wait_for(&granted);
    g_assert_true(omen_etcd_lease_finish(bench->store, granted, &lease, &error));
    g_assert_cmpint(lease.ttl_s, >=, 30);
    put(bench->store, "/t/mine", "here", lease.id);
    g_assert_true(keep_alive(bench->store, lease.id, &error));

    omen_etcd_revoke_async(bench->store, lease.id, NULL, on_done, &revoked);
    wait_for(&revoked);
    g_assert_true(omen_etcd_revoke_finish(bench->store, revoked, &error));
    assert_holds(bench->store, "/t/mine", NULL);
    g_assert_false(keep_alive(bench->store, lease.id, &error));
    g_assert_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_NOT_FOUND);
}

/* The members before it are a port that nobody serves and one that never answers. */
static void
test_failover(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(GSocketListener) mute = g_socket_listener_new();
    guint16 port = g_socket_listener_add_any_inet_port(mute, NULL, NULL);
    g_autofree char *silent = g_strdup_printf("http://127.0.0.1:%u", port);
    const char *endpoints[] = {"http://127.0.0.1:1", silent, bench->etcd->url, NULL};

    for (int i = 0; i < 6; i++) {
        g_autoptr(OmenEtcd) store = connect_to(endpoints, "", "", "");
        put(store, "/t/a", "there", 0);
        assert_holds(store, "/t/a", "there");
    }
}

static gboolean
on_tick(gpointer user_data)
{
    (*(guint *) user_data)++;
    return G_SOURCE_CONTINUE;
}

/* It takes connections, and answers none: what compares may have been done. */
static void
test_paused(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    g_autoptr(GError) unavailable = NULL;
    g_autoptr(GError) uncertain = NULL;
    gint64 begin_us = g_get_monotonic_time();
    guint n_ticks = 0;
    guint ticker = g_timeout_add(20, on_tick, &n_ticks);

    real_etcd_signal(bench->etcd, SIGSTOP);
    g_assert_null(read_all(bench->store, "/t/", &unavailable));
    g_assert_error(unavailable, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNAVAILABLE);
    omen_etcd_transaction_compare(transaction, "/t/once", 0);
    omen_etcd_transaction_put(transaction, "/t/once", "x", 0);
    g_assert_null(commit(bench->store, transaction, &uncertain));
    g_assert_error(uncertain, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNCERTAIN);
    g_assert_cmpint(g_get_monotonic_time() - begin_us, <, 5 * G_USEC_PER_SEC);
    g_assert_cmpuint(n_ticks, >, 5);
    g_source_remove(ticker);

    real_etcd_signal(bench->etcd, SIGCONT);
    put(bench->store, "/t/after", "well", 0);
    assert_holds(bench->store, "/t/after", "well");
}

static void
test_killed(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    g_autoptr(GError) error = NULL;

    put(bench->store, "/t/a", "kept", 0);
    real_etcd_kill(bench->etcd);
    omen_etcd_transaction_compare(transaction, "/t/once", 0);
    omen_etcd_transaction_put(transaction, "/t/once", "x", 0);
    g_assert_null(commit(bench->store, transaction, &error));
    /* Nobody listens, so nothing was sent: that is sure. */
    g_assert_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNAVAILABLE);
    real_etcd_start(bench->etcd);
    assert_holds(bench->store, "/t/a", "kept");
}

static void
protect(Bench *bench)
{
    const char *const steps[][2] = {
        {"/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"sesame\"}"},
        {"/v3/auth/role/add", "{\"name\":\"root\"}"},
        {"/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}"},
        {"/v3/auth/enable", "{}"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autofree char *answer = real_etcd_post(bench->etcd, steps[i][0], steps[i][1]);
        g_assert_nonnull(answer);
    }
}

static OmenEtcd *
log_in(Bench *bench, const char *password)
{
    const char *endpoints[] = {bench->etcd->url, NULL};

    g_assert_true(g_file_set_contents(bench->password_file, password, -1, NULL));
    g_chmod(bench->password_file, 0600);
    return connect_to(endpoints, "root", bench->password_file, "");
}

/* A member that was restarted knows no token of before. */
static void
test_password(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(OmenEtcd) right = NULL;
    g_autoptr(OmenEtcd) wrong = NULL;
    g_autoptr(GError) without = NULL;
    g_autoptr(GError) error = NULL;

    protect(bench);
    g_assert_null(read_all(bench->store, "/t/", &without));
    g_assert_error(without, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_DENIED);
    right = log_in(bench, "sesame\n");
    put(right, "/t/a", "mine", 0);
    real_etcd_kill(bench->etcd);
    real_etcd_start(bench->etcd);
    assert_holds(right, "/t/a", "mine");
    wrong = log_in(bench, "simsim\n");
    g_assert_null(read_all(wrong, "/t/", &error));
    g_assert_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_DENIED);
    g_assert_null(strstr(error->message, "simsim"));
}

static void
test_many_at_once(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    GAsyncResult *results[20] = {NULL};
    g_autoptr(OmenEtcd) store = NULL;

    protect(bench);
    store = log_in(bench, "sesame");
    for (gsize i = 0; i < G_N_ELEMENTS(results); i++)
        omen_etcd_read_async(store, "/t/", TRUE, 10, NULL, on_done, &results[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(results); i++) {
        g_autoptr(OmenEtcdRange) range = NULL;
        wait_for(&results[i]);
        range = omen_etcd_read_finish(store, results[i], NULL);
        g_assert_nonnull(range);
        g_object_unref(results[i]);
    }
}

static void
wait_until(OmenEtcdWatch *watch, const char *key, const char *value)
{
    gint64 end_us = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    while (g_strcmp0(omen_etcd_watch_get(watch, key), value) != 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, end_us);
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
}

static void
test_watch(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(OmenEtcdWatch) watch = omen_etcd_watch_new(bench->store, "/t/", 60000);
    g_autoptr(OmenEtcdTransaction) away = omen_etcd_transaction_new();
    g_autoptr(OmenEtcdOutcome) outcome = NULL;

    put(bench->store, "/t/a", "1", 0);
    omen_etcd_watch_start(watch);
    wait_until(watch, "/t/a", "1");
    g_assert_true(omen_etcd_watch_is_current(watch));
    put(bench->store, "/t/a", "2", 0);
    wait_until(watch, "/t/a", "2");
    put(bench->store, "/u/a", "other", 0);
    omen_etcd_transaction_delete(away, "/t/a");
    outcome = commit(bench->store, away, NULL);
    g_assert_true(outcome->succeeded);
    wait_until(watch, "/t/a", NULL);
    g_assert_null(omen_etcd_watch_get(watch, "/u/a"));

    real_etcd_kill(bench->etcd);
    real_etcd_start(bench->etcd);
    put(bench->store, "/t/b", "after", 0);
    wait_until(watch, "/t/b", "after");
}

/* Between the read and the watch the store moves on, and forgets what it moved from. */
static void
on_changed(OmenEtcdWatch *watch, gpointer user_data)
{
    Bench *bench = user_data;
    g_autofree char *put_answer = NULL;
    g_autofree char *compact_answer = NULL;

    g_signal_handlers_disconnect_by_func(watch, on_changed, bench);
    for (int i = 0; i < 3; i++) {
        g_free(put_answer); /* /t/a is "new" */
        put_answer =
            real_etcd_post(bench->etcd, "/v3/kv/put", "{\"key\":\"L3QvYQ==\",\"value\":\"bmV3\"}");
    }
    compact_answer = real_etcd_post(bench->etcd, "/v3/kv/compaction", "{\"revision\":\"5\"}");
    g_assert_nonnull(compact_answer);
}

static void
test_compacted(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(OmenEtcdWatch) watch = omen_etcd_watch_new(bench->store, "/t/", 60000);

    put(bench->store, "/t/a", "old", 0);
    g_signal_connect(watch, "changed", G_CALLBACK(on_changed), bench);
    omen_etcd_watch_start(watch);
    wait_until(watch, "/t/a", "old");
    wait_until(watch, "/t/a", "new");
    put(bench->store, "/t/a", "newer", 0);
    wait_until(watch, "/t/a", "newer");
}

/* A paused member keeps the watch open; another one has what is new. */
static void
test_silent_watch(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(OmenEtcdWatch) watch = omen_etcd_watch_new(bench->store, "/t/", 100);

    omen_etcd_watch_start(watch);
    put(bench->store, "/t/a", "1", 0);
    wait_until(watch, "/t/a", "1");
    real_etcd_signal(bench->etcd, SIGSTOP);
    while (omen_etcd_watch_is_current(watch))
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(omen_etcd_watch_get(watch, "/t/a"), ==, "1");
    real_etcd_signal(bench->etcd, SIGCONT);
    put(bench->store, "/t/a", "2", 0);
    wait_until(watch, "/t/a", "2");
}

static void
test_cancelled(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;

    real_etcd_signal(bench->etcd, SIGSTOP);
    omen_etcd_read_async(bench->store, "/t/", TRUE, 1, cancellable, on_done, &result);
    g_cancellable_cancel(cancellable);
    wait_for(&result);
    g_assert_null(omen_etcd_read_finish(bench->store, result, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    real_etcd_signal(bench->etcd, SIGCONT);
}

static void
test_tls(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    const char *endpoints[] = {bench->etcd->url, NULL};
    g_autoptr(OmenEtcd) stranger = connect_to(endpoints, "", "", "");
    g_autoptr(OmenEtcdWatch) watch = omen_etcd_watch_new(bench->store, "/t/", 60000);
    g_autoptr(GError) error = NULL;

    omen_etcd_watch_start(watch);
    put(bench->store, "/t/a", "secret", 0);
    assert_holds(bench->store, "/t/a", "secret");
    wait_until(watch, "/t/a", "secret");
    g_assert_null(read_all(stranger, "/t/", &error));
    g_assert_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNAVAILABLE);
}

static void
test_settings(void)
{
    const struct {
        const char *endpoint, *user, *password_file, *ca, *word;
    } bad[] = {
        {"example.org:2379", "", "", "", "endpoints"},
        {"unix:///run/etcd", "", "", "", "endpoints"},
        {"http://example.org:2379", "omen", "/etc/x", "", "https"},
        {"https://example.org:2379", "omen", "", "", "password_file"},
        {"https://example.org:2379", "omen", "/dev/null/x", "", "password_file"},
        {"https://example.org:2379", "omen", "credential", "", "LoadCredential"},
        {"https://example.org:2379", "", "", "/dev/null/x", "ca_file"},
    };

    g_unsetenv("CREDENTIALS_DIRECTORY");
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *endpoints[] = {bad[i].endpoint, NULL};
        const OmenEtcdSettings settings = {.endpoints = (char **) endpoints,
                                           .user = (char *) bad[i].user,
                                           .password_file = (char *) bad[i].password_file,
                                           .ca_file = (char *) bad[i].ca,
                                           .timeout_ms = 100};
        g_autoptr(GError) error = NULL;
        g_assert_null(omen_etcd_new(&settings, &error));
        g_assert_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_SETTING);
        g_assert_nonnull(strstr(error->message, bad[i].word));
    }
}

#define ADD(name, test) g_test_add("/etcd/" name, Bench, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    const char *obstacle = real_etcd_get_obstacle();
    g_autofree char *certificate = NULL;

    g_test_init(&argc, &argv, NULL);
    if (obstacle) {
        g_print("1..0 # SKIP %s\n", obstacle);
        return 0;
    }
    g_assert_cmpint(argc, ==, 2);
    certificate = g_canonicalize_filename(argv[1], NULL);
    g_test_add_func("/etcd/settings", test_settings);
    ADD("transactions", test_transactions);
    ADD("too-large", test_too_large);
    ADD("lease", test_lease);
    ADD("failover", test_failover);
    ADD("paused", test_paused);
    ADD("killed", test_killed);
    ADD("password", test_password);
    ADD("many-at-once", test_many_at_once);
    ADD("watch", test_watch);
    ADD("compacted", test_compacted);
    ADD("silent-watch", test_silent_watch);
    ADD("cancelled", test_cancelled);
    if (g_tls_backend_supports_tls(g_tls_backend_get_default()))
        g_test_add("/etcd/tls", Bench, certificate, set_up, test_tls, tear_down);
    return g_test_run();
}

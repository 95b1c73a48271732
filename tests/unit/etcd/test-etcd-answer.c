/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers as etcd 3.4, 3.5 and 3.6 write them, and what no etcd writes. */
#include "etcd/etcd-answer.h"

#include <string.h>

#define HEADER "\"header\":{\"cluster_id\":\"3\",\"revision\":\"7\",\"raft_term\":\"2\"}"

static void
test_range(void)
{
    static const char json[] =
        "{" HEADER ",\"kvs\":["
        "{\"key\":\"YQ==\",\"mod_revision\":\"5\",\"lease\":\"7587862\",\"value\":\"w6k=\"},"
        "{\"key\":\"Yg==\",\"mod_revision\":6},"
        "{\"key\":\"Yw==\",\"value\":\"/wA=\"},"
        "{\"key\":7}, 5],\"count\":\"5\",\"more\":true}";
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_answer_parse_range(json, strlen(json), &error);
    const OmenEtcdEntry *entry;

    g_assert_no_error(error);
    g_assert_cmpint(range->revision, ==, 7);
    g_assert_true(range->more);
    g_assert_cmpuint(range->entries->len, ==, 2);
    g_assert_cmpuint(range->n_skipped, ==, 3);
    entry = range->entries->pdata[0];
    g_assert_cmpstr(entry->key, ==, "a");
    g_assert_cmpstr(entry->value, ==, "é");
    g_assert_cmpint(entry->revision, ==, 5);
    g_assert_cmpint(entry->lease, ==, 7587862);
    entry = range->entries->pdata[1];
    g_assert_cmpstr(entry->value, ==, "");
    g_assert_cmpint(entry->revision, ==, 6);
}

static void
assert_no_etcd(const char *text)
{
    g_autoptr(GError) range = NULL;
    g_autoptr(GError) outcome = NULL;

    g_assert_null(omen_etcd_answer_parse_range(text, strlen(text), &range));
    g_assert_error(range, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_ANSWER);
    g_assert_null(omen_etcd_answer_parse_outcome(text, strlen(text), &outcome));
    g_assert_error(outcome, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_ANSWER);
}

static void
test_no_etcd(void)
{
    static const char cut[] = "{" HEADER;
    static const char *const texts[] = {"",
                                        "null",
                                        "[]",
                                        "{}",
                                        "<html>",
                                        "{\"header\":{}}",
                                        "{\"header\":{\"revision\":\"x\"}}",
                                        "{\"header\":[[[[[[[[[[[[1]]]]]]]]]]]]}"};

    assert_no_etcd(cut);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_no_etcd(texts[i]);
}

static void
test_lease(void)
{
    static const char granted[] = "{" HEADER ",\"ID\":\"2324035696626219784\",\"TTL\":\"5\"}";
    static const char kept[] = "{\"result\":{" HEADER ",\"ID\":\"7\",\"TTL\":\"5\"}}\n";
    static const char over[] = "{\"result\":{" HEADER ",\"ID\":\"7\"}}\n";
    g_autoptr(GError) error = NULL;
    OmenEtcdLease lease;

    g_assert_true(omen_etcd_answer_parse_lease(granted, strlen(granted), &lease, NULL));
    g_assert_cmpint(lease.id, ==, G_GINT64_CONSTANT(2324035696626219784));
    g_assert_cmpint(lease.ttl_s, ==, 5);
    g_assert_true(omen_etcd_answer_parse_lease(kept, strlen(kept), &lease, NULL));
    g_assert_cmpint(lease.id, ==, 7);
    g_assert_false(omen_etcd_answer_parse_lease(over, strlen(over), &lease, &error));
    g_assert_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_NOT_FOUND);
}

static void
test_token(void)
{
    static const char good[] = "{" HEADER ",\"token\":\"abc.12\"}";
    static const char split[] = "{" HEADER ",\"token\":\"abc\\r\\nX-Header: 1\"}";
    g_autoptr(GError) error = NULL;
    g_autofree char *token = omen_etcd_answer_parse_token(good, strlen(good), NULL);

    g_assert_cmpstr(token, ==, "abc.12");
    g_assert_null(omen_etcd_answer_parse_token(split, strlen(split), &error));
    g_assert_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_ANSWER);
}

static void
test_news(void)
{
    static const char created[] = "{\"result\":{" HEADER ",\"created\":true}}";
    static const char compacted[] =
        "{\"result\":{" HEADER ",\"canceled\":true,\"compact_revision\":\"6\"}}";
    static const char events[] =
        "{\"result\":{" HEADER ",\"events\":[{\"kv\":{\"key\":\"YQ==\",\"value\":\"MQ==\"}},"
        "{\"type\":\"DELETE\",\"kv\":{\"key\":\"YQ==\"}},"
        "{\"type\":\"DELETE\",\"kv\":{\"key\":\"Yg==\"}},"
        "{\"type\":\"PUT\",\"kv\":{\"key\":\"Yg==\",\"value\":\"Mg==\"}}, {\"kv\":3}]}}";
    g_autoptr(OmenEtcdNews) one = omen_etcd_answer_parse_news(created, strlen(created), NULL);
    g_autoptr(OmenEtcdNews) two = omen_etcd_answer_parse_news(compacted, strlen(compacted), NULL);
    g_autoptr(OmenEtcdNews) three = omen_etcd_answer_parse_news(events, strlen(events), NULL);

    g_assert_true(one->is_created && !one->is_canceled);
    g_assert_true(two->is_canceled);
    g_assert_cmpint(two->compact_revision, ==, 6);
    g_assert_cmpuint(three->put->len, ==, 1);
    g_assert_cmpstr(((OmenEtcdEntry *) three->put->pdata[0])->value, ==, "2");
    g_assert_cmpuint(three->deleted->len, ==, 1);
    g_assert_cmpstr(three->deleted->pdata[0], ==, "a");
}

static void
test_errors(void)
{
    const struct {
        guint status;
        const char *json;
        OmenEtcdError code;
        gboolean is_stale;
    } rows[] = {
        {503,
         "{\"error\":\"etcdserver: no leader\",\"message\":\"etcdserver: no leader\",\"code\":14}",
         OMEN_ETCD_ERROR_UNAVAILABLE, FALSE},
        {503, "{\"error\":{\"code\":14,\"message\":\"etcdserver: no leader\"}}",
         OMEN_ETCD_ERROR_UNAVAILABLE, FALSE},
        {503, "{\"code\":14, \"message\":\"etcdserver: no leader\", \"details\":[]}",
         OMEN_ETCD_ERROR_UNAVAILABLE, FALSE},
        {504, "{\"error\":\"etcdserver: request timed out\",\"code\":14}",
         OMEN_ETCD_ERROR_UNCERTAIN, FALSE},
        {401, "{\"error\":\"etcdserver: invalid auth token\",\"code\":16}", OMEN_ETCD_ERROR_DENIED,
         TRUE},
        {400, "{\"error\":\"etcdserver: user name is empty\",\"code\":3}", OMEN_ETCD_ERROR_DENIED,
         TRUE},
        {400, "{\"error\":\"etcdserver: revision of auth store is old\",\"code\":3}",
         OMEN_ETCD_ERROR_DENIED, TRUE},
        {400,
         "{\"error\":\"etcdserver: authentication failed, invalid user ID or password\",\"code\":3}",
         OMEN_ETCD_ERROR_DENIED, FALSE},
        {403, "{\"error\":\"etcdserver: permission denied\",\"code\":7}", OMEN_ETCD_ERROR_DENIED,
         FALSE},
        {404, "{\"error\":\"etcdserver: requested lease not found\",\"code\":5}",
         OMEN_ETCD_ERROR_NOT_FOUND, FALSE},
        {429, "{\"error\":\"etcdserver: mvcc: database space exceeded\",\"code\":8}",
         OMEN_ETCD_ERROR_FULL, FALSE},
        {400, "{\"error\":\"etcdserver: mvcc: required revision has been compacted\",\"code\":11}",
         OMEN_ETCD_ERROR_COMPACTED, FALSE},
        {502, "<html>Bad Gateway</html>", OMEN_ETCD_ERROR_UNAVAILABLE, FALSE},
        {404, "Not Found\n", OMEN_ETCD_ERROR_REFUSED, FALSE},
        {400, "{\"error\":7}", OMEN_ETCD_ERROR_REFUSED, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gboolean is_stale;
        g_autoptr(GError) error = omen_etcd_answer_parse_error(rows[i].status, rows[i].json,
                                                               strlen(rows[i].json), &is_stale);
        g_test_message("%s", rows[i].json);
        g_assert_error(error, OMEN_ETCD_ERROR, (int) rows[i].code);
        g_assert_true(is_stale == rows[i].is_stale);
    }
}

/* In a stream it comes with status 200, and its words go to a terminal. */
static void
test_error_in_stream(void)
{
    static const char json[] = "{\"error\":{\"grpc_code\":14,\"http_code\":503,"
                               "\"message\":\"no \\u001b[31mleader\\n\"}}";
    g_autoptr(GError) error = NULL;
    OmenEtcdLease lease;

    g_assert_false(omen_etcd_answer_parse_lease(json, strlen(json), &lease, &error));
    g_assert_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNAVAILABLE);
    g_assert_null(strpbrk(error->message, "\x1b\n"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/etcd/answer/range", test_range);
    g_test_add_func("/etcd/answer/no-etcd", test_no_etcd);
    g_test_add_func("/etcd/answer/lease", test_lease);
    g_test_add_func("/etcd/answer/token", test_token);
    g_test_add_func("/etcd/answer/news", test_news);
    g_test_add_func("/etcd/answer/errors", test_errors);
    g_test_add_func("/etcd/answer/error-in-stream", test_error_in_stream);
    return g_test_run();
}

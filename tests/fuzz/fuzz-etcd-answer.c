/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an etcd, or whoever is taken for one, may answer. */
#include "etcd/etcd-answer.h"
#include "fuzz.h"

#include <string.h>

static void
check_entries(GPtrArray *entries)
{
    for (guint i = 0; i < entries->len; i++) {
        const OmenEtcdEntry *entry = g_ptr_array_index(entries, i);
        if (!*entry->key || !g_utf8_validate(entry->key, -1, NULL) ||
            !g_utf8_validate(entry->value, -1, NULL))
            g_error("an entry that is no text");
    }
}

static void
check_error(guint status, const char *json, gsize length)
{
    gboolean is_stale;
    g_autoptr(GError) error = omen_etcd_answer_parse_error(status, json, length, &is_stale);

    if (strpbrk(error->message, "\n\r\x1b"))
        g_error("words that are not clean");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *json = (const char *) data;
    g_autoptr(OmenEtcdRange) range = omen_etcd_answer_parse_range(json, size, NULL);
    g_autoptr(OmenEtcdOutcome) outcome = omen_etcd_answer_parse_outcome(json, size, NULL);
    g_autoptr(OmenEtcdNews) news = omen_etcd_answer_parse_news(json, size, NULL);
    g_autofree char *token = omen_etcd_answer_parse_token(json, size, NULL);
    OmenEtcdLease lease;

    if (range)
        check_entries(range->entries);
    if (outcome && outcome->revision <= 0)
        g_error("an outcome of no revision");
    if (news)
        check_entries(news->put);
    if (token && strpbrk(token, "\r\n"))
        g_error("a token that makes a header of its own");
    if (omen_etcd_answer_parse_lease(json, size, &lease, NULL) && (!lease.id || lease.ttl_s <= 0))
        g_error("a lease that is none");
    check_error(200, json, size);
    check_error(503, json, size);
    return 0;
}

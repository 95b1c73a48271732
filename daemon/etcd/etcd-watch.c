/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "etcd/etcd-watch.h"

#include "etcd/etcd-private.h"
#include "http/http-post.h"

#include <string.h>

#define CHUNK         65536
#define FIRST_WAIT_MS 200
#define MAX_WAIT_MS   30000

/* One read and the stream after it. Belongs to the request that is under way. */
typedef struct {
    OmenEtcdWatch *watch; /* NULL: it was ended, and nobody waits for what comes of it */
    GCancellable *cancellable;
    SoupMessage *message;
    GInputStream *stream;
    GByteArray *line; /* what came of the message that is not complete yet */
} Round;

struct _OmenEtcdWatch {
    GObject parent_instance;

    OmenEtcd *store;
    char *prefix;
    guint silence_ms;
    GHashTable *values; /* key -> value */
    gboolean is_current;
    guint wait_ms; /* before it tries again */
    guint timer;   /* the next try, or silence */
    Round *round;  /* (nullable) */
};

enum {
    SIGNAL_CHANGED,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(OmenEtcdWatch, omen_etcd_watch, G_TYPE_OBJECT)

static void begin(OmenEtcdWatch *self);
static void read_on(Round *round);

static void
round_free(Round *self)
{
    g_object_unref(self->cancellable);
    g_clear_object(&self->message);
    g_clear_object(&self->stream);
    g_byte_array_unref(self->line);
    g_free(self);
}

static void
end_round(OmenEtcdWatch *self)
{
    Round *round = g_steal_pointer(&self->round);

    g_clear_handle_id(&self->timer, g_source_remove);
    if (!round)
        return;
    round->watch = NULL;
    g_cancellable_cancel(round->cancellable);
}

static void
omen_etcd_watch_dispose(GObject *object)
{
    end_round(OMEN_ETCD_WATCH(object));
    G_OBJECT_CLASS(omen_etcd_watch_parent_class)->dispose(object);
}

static void
omen_etcd_watch_finalize(GObject *object)
{
    OmenEtcdWatch *self = OMEN_ETCD_WATCH(object);

    g_object_unref(self->store);
    g_free(self->prefix);
    g_hash_table_unref(self->values);
    G_OBJECT_CLASS(omen_etcd_watch_parent_class)->finalize(object);
}

static void
omen_etcd_watch_class_init(OmenEtcdWatchClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_etcd_watch_dispose;
    G_OBJECT_CLASS(class)->finalize = omen_etcd_watch_finalize;
    signals[SIGNAL_CHANGED] = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST,
                                           0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
omen_etcd_watch_init(OmenEtcdWatch *self)
{
    self->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->wait_ms = FIRST_WAIT_MS;
}

OmenEtcdWatch *
omen_etcd_watch_new(OmenEtcd *store, const char *prefix, guint silence_ms)
{
    OmenEtcdWatch *self = g_object_new(OMEN_TYPE_ETCD_WATCH, NULL);

    self->store = g_object_ref(store);
    self->prefix = g_strdup(prefix);
    self->silence_ms = silence_ms;
    return self;
}

/* ---- its rounds ---- */

static gboolean
on_timer(gpointer user_data)
{
    OmenEtcdWatch *self = user_data;

    self->timer = 0;
    end_round(self);
    begin(self);
    return G_SOURCE_REMOVE;
}

/* After some part more or less than @wait_ms, so that not all hosts come at once. */
static void
begin_after(OmenEtcdWatch *self, guint wait_ms)
{
    g_clear_handle_id(&self->timer, g_source_remove);
    self->timer = g_timeout_add(wait_ms / 2 + (guint) g_random_int_range(0, (gint32) wait_ms + 1),
                                on_timer, self);
}

/* Of a round that failed, or is over by itself. */
static void
give_up(Round *round, const char *why)
{
    OmenEtcdWatch *self = round->watch;

    if (self) {
        g_debug("etcd: the watch of %s ended: %s", self->prefix, why);
        self->round = NULL;
        begin_after(self, self->wait_ms);
        self->wait_ms = MIN(self->wait_ms * 2, MAX_WAIT_MS);
    }
    round_free(round);
}

/* TRUE: @value is new for @key. */
static gboolean
put(OmenEtcdWatch *self, const char *key, const char *value)
{
    if (g_strcmp0(g_hash_table_lookup(self->values, key), value) == 0)
        return FALSE;
    if (!g_hash_table_contains(self->values, key) &&
        g_hash_table_size(self->values) >= OMEN_ETCD_WATCH_MAX_ENTRIES)
        return FALSE;
    g_hash_table_insert(self->values, g_strdup(key), g_strdup(value));
    return TRUE;
}

static gboolean
take_entries(OmenEtcdWatch *self, GPtrArray *entries)
{
    gboolean changed = FALSE;

    for (guint i = 0; i < entries->len; i++) {
        const OmenEtcdEntry *entry = g_ptr_array_index(entries, i);
        changed |= put(self, entry->key, entry->value);
    }
    return changed;
}

/* Whatever @range does not hold was deleted while nobody looked. */
static gboolean
drop_others(OmenEtcdWatch *self, const OmenEtcdRange *range)
{
    g_autoptr(GHashTable) there = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    gpointer key;
    gboolean changed = FALSE;

    for (guint i = 0; i < range->entries->len; i++)
        g_hash_table_add(there, ((OmenEtcdEntry *) g_ptr_array_index(range->entries, i))->key);
    g_hash_table_iter_init(&iter, self->values);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        if (!g_hash_table_contains(there, key)) {
            g_hash_table_iter_remove(&iter);
            changed = TRUE;
        }
    }
    return changed;
}

/* ---- the stream ---- */

/* FALSE: the watch is over. */
static gboolean
take_news(OmenEtcdWatch *self, const OmenEtcdNews *news)
{
    gboolean changed = take_entries(self, news->put);

    if (news->is_canceled)
        return FALSE;
    for (guint i = 0; i < news->deleted->len; i++)
        changed |= g_hash_table_remove(self->values, g_ptr_array_index(news->deleted, i));
    self->wait_ms = FIRST_WAIT_MS;
    if (changed)
        g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
    return TRUE;
}

/* The messages that are complete, each on a line of its own. (nullable): why the watch is over;
 * @round may have been ended meanwhile. */
static const char *
take_lines(Round *round)
{
    guint8 *end;

    while (round->watch && (end = memchr(round->line->data, '\n', round->line->len))) {
        gsize length = (gsize) (end - round->line->data);
        g_autoptr(OmenEtcdNews) news =
            length > 0 ? omen_etcd_answer_parse_news((const char *) round->line->data, length, NULL)
                       : NULL;
        g_autoptr(OmenEtcdWatch) watch = g_object_ref(round->watch);

        g_byte_array_remove_range(round->line, 0, (guint) length + 1);
        if (length > 0 && (!news || !take_news(watch, news)))
            return news ? "the store canceled it, or has compacted what came next" : "no JSON";
    }
    return round->line->len > OMEN_ETCD_MAX_ANSWER ? "a message without an end" : NULL;
}

static void
on_bytes(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Round *round = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes =
        g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &error);
    const char *why = error ? error->message : "the store closed it";

    if (bytes && g_bytes_get_size(bytes) > 0 && round->watch) {
        begin_after(round->watch, round->watch->silence_ms);
        g_byte_array_append(round->line, g_bytes_get_data(bytes, NULL),
                            (guint) g_bytes_get_size(bytes));
        why = take_lines(round);
    }
    if (why || !round->watch)
        give_up(round, why ? why : "nobody listens");
    else
        read_on(round);
}

static void
read_on(Round *round)
{
    g_input_stream_read_bytes_async(round->stream, CHUNK, G_PRIORITY_DEFAULT, round->cancellable,
                                    on_bytes, round);
}

static void
on_opened(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Round *round = user_data;
    g_autoptr(GError) error = NULL;

    round->stream = soup_session_send_finish(SOUP_SESSION(source), result, &error);
    if (round->watch && round->stream &&
        soup_message_get_status(round->message) == SOUP_STATUS_OK) {
        read_on(round);
        return;
    }
    if (round->watch)
        omen_etcd_pass_over(round->watch->store);
    give_up(round, error ? error->message : "the store refused it");
}

static void
open_stream(Round *round, gint64 revision)
{
    OmenEtcd *store = round->watch->store;
    g_autoptr(GBytes) body = omen_etcd_request_write_watch(round->watch->prefix, revision);
    g_autoptr(GUri) url = omen_etcd_make_url(store, "/v3/watch");

    round->message = omen_http_post_new(url, body, round->cancellable);
    if (store->token)
        soup_message_headers_replace(soup_message_get_request_headers(round->message),
                                     "Authorization", store->token);
    soup_session_send_async(store->session, round->message, G_PRIORITY_DEFAULT, round->cancellable,
                            on_opened, round);
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Round *round = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);
    g_autoptr(OmenEtcdWatch) watch = round->watch ? g_object_ref(round->watch) : NULL;
    gboolean changed;

    if (!watch || !range) {
        if (watch)
            watch->is_current = FALSE;
        give_up(round, error ? error->message : "nobody listens");
        return;
    }
    changed = drop_others(watch, range);
    changed |= take_entries(watch, range->entries);
    begin_after(watch, watch->silence_ms);
    if (changed || !watch->is_current) {
        watch->is_current = TRUE;
        g_signal_emit(watch, signals[SIGNAL_CHANGED], 0);
    }
    if (round->watch)
        open_stream(round, range->revision + 1);
    else
        round_free(round);
}

static void
begin(OmenEtcdWatch *self)
{
    Round *round = g_new0(Round, 1);

    round->watch = self;
    round->cancellable = g_cancellable_new();
    round->line = g_byte_array_new();
    self->round = round;
    omen_etcd_read_async(self->store, self->prefix, TRUE, OMEN_ETCD_WATCH_MAX_ENTRIES,
                         round->cancellable, on_read, round);
}

void
omen_etcd_watch_start(OmenEtcdWatch *self)
{
    if (!self->round && self->timer == 0)
        begin(self);
}

gboolean
omen_etcd_watch_is_current(OmenEtcdWatch *self)
{
    return self->is_current;
}

const char *
omen_etcd_watch_get(OmenEtcdWatch *self, const char *key)
{
    return g_hash_table_lookup(self->values, key);
}

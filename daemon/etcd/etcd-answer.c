/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "etcd/etcd-answer.h"

#include "record/json-depth.h"
#include <virt-omen/text.h>

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_DEPTH 8
#define MAX_WORDS 200 /* bytes of a server's words that are passed on */

G_DEFINE_QUARK(omen - etcd - error - quark, omen_etcd_error)

static void
entry_free(gpointer data)
{
    OmenEtcdEntry *self = data;

    g_free(self->key);
    g_free(self->value);
    g_free(self);
}

void
omen_etcd_range_free(OmenEtcdRange *self)
{
    g_ptr_array_unref(self->entries);
    g_free(self);
}

void
omen_etcd_outcome_free(OmenEtcdOutcome *self)
{
    g_ptr_array_unref(self->ranges);
    g_free(self);
}

void
omen_etcd_news_free(OmenEtcdNews *self)
{
    g_ptr_array_unref(self->put);
    g_ptr_array_unref(self->deleted);
    g_free(self);
}

/* ---- members of an object, whatever stands there ---- */

/* The object that @json is. The parser owns it. */
static JsonObject *
parse(JsonParser *parser, const char *json, gsize length)
{
    JsonNode *root;

    if (length == 0 || length > OMEN_ETCD_MAX_ANSWER ||
        !g_utf8_validate(json, (gssize) length, NULL) ||
        !omen_json_is_shallow(json, length, MAX_DEPTH) ||
        !json_parser_load_from_data(parser, json, (gssize) length, NULL))
        return NULL;
    root = json_parser_get_root(parser);
    return root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
}

static JsonObject *
get_object(JsonObject *object, const char *member)
{
    JsonNode *node = object ? json_object_get_member(object, member) : NULL;

    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static JsonArray *
get_array(JsonObject *object, const char *member)
{
    JsonNode *node = object ? json_object_get_member(object, member) : NULL;

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static JsonObject *
get_element(JsonArray *array, guint i)
{
    JsonNode *node = json_array_get_element(array, i);

    return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static const char *
get_string(JsonObject *object, const char *member)
{
    JsonNode *node = object ? json_object_get_member(object, member) : NULL;

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

/* A 64-bit number, which is written as a string, and a smaller one, which is not. */
static gint64
get_number(JsonObject *object, const char *member)
{
    JsonNode *node = object ? json_object_get_member(object, member) : NULL;
    const char *text = get_string(object, member);
    gint64 number = 0;

    if (text)
        return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &number, NULL) ? number
                                                                                         : 0;
    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64
               ? json_node_get_int(node)
               : 0;
}

static gboolean
get_boolean(JsonObject *object, const char *member)
{
    JsonNode *node = object ? json_object_get_member(object, member) : NULL;

    return node && JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == G_TYPE_BOOLEAN && json_node_get_boolean(node);
}

/* (nullable) (transfer full): the text that stands there in base64; nothing there is "". */
static char *
get_text(JsonObject *object, const char *member)
{
    const char *coded = get_string(object, member);
    gsize length = 0;
    g_autofree guchar *bytes = coded ? g_base64_decode(coded, &length) : NULL;

    if (length == 0)
        return g_strdup("");
    return g_utf8_validate((const char *) bytes, (gssize) length, NULL)
               ? g_strndup((const char *) bytes, length)
               : NULL;
}

static gint64
get_revision(JsonObject *object)
{
    return get_number(get_object(object, "header"), "revision");
}

/* ---- errors ---- */

/* gRPC's numbers, and what an etcd means by them. */
static OmenEtcdError
classify(gint64 code, const char *words)
{
    /* Its raft did not hear of an end in time: it may still be done. */
    if (strstr(words, "timed out") || code == 4)
        return OMEN_ETCD_ERROR_UNCERTAIN;
    if (strstr(words, "compacted"))
        return OMEN_ETCD_ERROR_COMPACTED;
    if (strstr(words, "space exceeded"))
        return OMEN_ETCD_ERROR_FULL;
    if (strstr(words, "user name is empty") || strstr(words, "authentication failed") ||
        strstr(words, "revision of auth store is old") || code == 7 || code == 16)
        return OMEN_ETCD_ERROR_DENIED;
    if (code == 5)
        return OMEN_ETCD_ERROR_NOT_FOUND;
    return code == 14 ? OMEN_ETCD_ERROR_UNAVAILABLE : OMEN_ETCD_ERROR_REFUSED;
}

static gboolean
is_stale_token(const char *words)
{
    return strstr(words, "invalid auth token") || strstr(words, "auth store is old") ||
           strstr(words, "user name is empty");
}

/* 3.4 writes {"error":"...","code":14}, others {"code":14,"message":"..."}, and what comes in a
 * stream {"error":{"grpc_code":14,"message":"..."}} or {"error":{"code":14,...}}. (transfer full).
 */
static GError *
describe_error(JsonObject *object, gboolean *is_stale)
{
    JsonObject *inner = get_object(object, "error");
    JsonObject *said = inner ? inner : object;
    const char *words = get_string(said, "message");
    gint64 code = get_number(said, "code");
    g_autofree char *clean = NULL;

    if (!words)
        words = get_string(said, "error");
    if (!words)
        words = "an error without a message";
    if (code == 0)
        code = get_number(said, "grpc_code");
    *is_stale = is_stale_token(words);
    clean = omen_text_sanitise(words, -1, MAX_WORDS);
    return g_error_new(OMEN_ETCD_ERROR, (int) classify(code, words), "etcd says: %s", clean);
}

GError *
omen_etcd_answer_parse_error(guint status, const char *json, gsize length, gboolean *is_stale)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    JsonObject *object = parse(parser, json, length);

    *is_stale = FALSE;
    if (object && json_object_has_member(object, "error"))
        return describe_error(object, is_stale);
    if (object && json_object_has_member(object, "code"))
        return describe_error(object, is_stale);
    /* A proxy before it, or no etcd at all. */
    if (status >= 500)
        return g_error_new(OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNAVAILABLE, "HTTP status %u", status);
    return g_error_new(OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_REFUSED,
                       "HTTP status %u: this may not be an etcd of version 3.4 or later", status);
}

/* The answer's object, or the one that a stream wraps as "result"; NULL with @error. */
static JsonObject *
begin(JsonParser *parser, const char *json, gsize length, GError **error)
{
    JsonObject *object = parse(parser, json, length);
    JsonObject *result = get_object(object, "result");
    gboolean is_stale;

    if (!object)
        g_set_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_ANSWER,
                    "the answer is not the JSON of an etcd");
    else if (!result && json_object_has_member(object, "error"))
        g_propagate_error(error, describe_error(object, &is_stale));
    else
        return result ? result : object;
    return NULL;
}

/* ---- answers ---- */

/* (nullable) (transfer full): NULL where it is no text. */
static OmenEtcdEntry *
make_entry(JsonObject *object)
{
    g_autofree char *key = get_text(object, "key");
    g_autofree char *value = get_text(object, "value");
    OmenEtcdEntry *self;

    if (!key || !*key || !value)
        return NULL;
    self = g_new0(OmenEtcdEntry, 1);
    self->key = g_steal_pointer(&key);
    self->value = g_steal_pointer(&value);
    self->revision = get_number(object, "mod_revision");
    self->lease = get_number(object, "lease");
    return self;
}

static OmenEtcdRange *
make_range(JsonObject *object)
{
    OmenEtcdRange *self = g_new0(OmenEtcdRange, 1);
    JsonArray *entries = get_array(object, "kvs");
    guint n = entries ? json_array_get_length(entries) : 0;

    self->revision = get_revision(object);
    self->more = get_boolean(object, "more");
    self->entries = g_ptr_array_new_with_free_func(entry_free);
    for (guint i = 0; i < n; i++) {
        OmenEtcdEntry *entry = make_entry(get_element(entries, i));
        if (entry)
            g_ptr_array_add(self->entries, entry);
        else
            self->n_skipped++;
    }
    return self;
}

/* Whoever answers without a revision is no etcd. */
static gboolean
check_revision(gint64 revision, GError **error)
{
    if (revision > 0)
        return TRUE;
    g_set_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_ANSWER,
                "the answer has no revision: this is not an etcd");
    return FALSE;
}

OmenEtcdRange *
omen_etcd_answer_parse_range(const char *json, gsize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    JsonObject *object = begin(parser, json, length, error);

    return object && check_revision(get_revision(object), error) ? make_range(object) : NULL;
}

OmenEtcdOutcome *
omen_etcd_answer_parse_outcome(const char *json, gsize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    JsonObject *object = begin(parser, json, length, error);
    JsonArray *responses = get_array(object, "responses");
    guint n = responses ? json_array_get_length(responses) : 0;
    OmenEtcdOutcome *self;

    if (!object || !check_revision(get_revision(object), error))
        return NULL;
    self = g_new0(OmenEtcdOutcome, 1);
    self->revision = get_revision(object);
    self->succeeded = get_boolean(object, "succeeded");
    self->ranges = g_ptr_array_new_with_free_func((GDestroyNotify) omen_etcd_range_free);
    for (guint i = 0; i < n; i++) {
        JsonObject *range = get_object(get_element(responses, i), "response_range");
        if (range)
            g_ptr_array_add(self->ranges, make_range(range));
    }
    return self;
}

gboolean
omen_etcd_answer_parse_lease(const char *json, gsize length, OmenEtcdLease *out, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    JsonObject *object = begin(parser, json, length, error);

    if (!object)
        return FALSE;
    out->id = get_number(object, "ID");
    out->ttl_s = get_number(object, "TTL");
    if (out->id != 0 && out->ttl_s > 0)
        return TRUE;
    if (out->id == 0)
        g_set_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_ANSWER, "the answer has no lease");
    else
        g_set_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_NOT_FOUND, "the lease is over");
    return FALSE;
}

char *
omen_etcd_answer_parse_token(const char *json, gsize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    JsonObject *object = begin(parser, json, length, error);
    const char *token = get_string(object, "token");

    if (!object)
        return NULL;
    /* It goes into a header. */
    if (token && *token && !strpbrk(token, "\r\n") && g_str_is_ascii(token))
        return g_strdup(token);
    g_set_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_ANSWER, "the answer holds no token");
    return NULL;
}

static void
take_event(GHashTable *last, JsonObject *event)
{
    const char *type = get_string(event, "type");
    g_autofree char *key = get_text(get_object(event, "kv"), "key");

    if (!key || !*key)
        return;
    if (g_strcmp0(type, "DELETE") == 0)
        g_hash_table_insert(last, g_steal_pointer(&key), NULL);
    else
        g_hash_table_insert(last, g_steal_pointer(&key), get_object(event, "kv"));
}

static void
sort_events(OmenEtcdNews *self, GHashTable *last)
{
    GHashTableIter iter;
    gpointer key;
    gpointer object;

    g_hash_table_iter_init(&iter, last);
    while (g_hash_table_iter_next(&iter, &key, &object)) {
        OmenEtcdEntry *entry = object ? make_entry(object) : NULL;
        if (entry)
            g_ptr_array_add(self->put, entry);
        else
            g_ptr_array_add(self->deleted, g_strdup(key));
    }
}

OmenEtcdNews *
omen_etcd_answer_parse_news(const char *json, gsize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    JsonObject *object = begin(parser, json, length, error);
    JsonArray *events = get_array(object, "events");
    guint n = events ? json_array_get_length(events) : 0;
    OmenEtcdNews *self;

    if (!object)
        return NULL;
    self = g_new0(OmenEtcdNews, 1);
    self->revision = get_revision(object);
    self->is_created = get_boolean(object, "created");
    self->is_canceled = get_boolean(object, "canceled");
    self->compact_revision = get_number(object, "compact_revision");
    self->put = g_ptr_array_new_with_free_func(entry_free);
    self->deleted = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < n; i++)
        take_event(last, get_element(events, i));
    sort_events(self, last);
    return self;
}

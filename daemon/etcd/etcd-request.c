/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "etcd/etcd-request.h"

#include <json-glib/json-glib.h>
#include <string.h>

struct _OmenEtcdTransaction {
    JsonArray *compare;
    JsonArray *success;
    JsonArray *failure;
};

OmenEtcdTransaction *
omen_etcd_transaction_new(void)
{
    OmenEtcdTransaction *self = g_new0(OmenEtcdTransaction, 1);

    self->compare = json_array_new();
    self->success = json_array_new();
    self->failure = json_array_new();
    return self;
}

void
omen_etcd_transaction_free(OmenEtcdTransaction *self)
{
    json_array_unref(self->compare);
    json_array_unref(self->success);
    json_array_unref(self->failure);
    g_free(self);
}

static void
set_text(JsonObject *object, const char *member, const char *text, gsize length)
{
    g_autofree char *coded = g_base64_encode((const guchar *) text, length);

    json_object_set_string_member(object, member, coded);
}

static void
set_number(JsonObject *object, const char *member, gint64 number)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

    json_object_set_string_member(object, member, text);
}

/* The first key after all that begin with @prefix, which ends in no byte of 255: keys are text. */
static void
set_prefix(JsonObject *object, const char *prefix)
{
    gsize length = strlen(prefix);
    g_autofree char *end = g_strdup(prefix);

    end[length - 1]++;
    set_text(object, "key", prefix, length);
    set_text(object, "range_end", end, length);
}

/* An operation: an object that wraps another. Returns the inner one, borrowed. */
static JsonObject *
add_operation(JsonArray *branch, const char *name)
{
    JsonObject *outer = json_object_new();
    JsonObject *inner = json_object_new();

    json_object_set_object_member(outer, name, inner);
    json_array_add_object_element(branch, outer);
    return inner;
}

void
omen_etcd_transaction_compare(OmenEtcdTransaction *self, const char *key, gint64 revision)
{
    JsonObject *compare = json_object_new();

    json_object_set_string_member(compare, "target", "MOD");
    json_object_set_string_member(compare, "result", "EQUAL");
    set_text(compare, "key", key, strlen(key));
    set_number(compare, "mod_revision", revision);
    json_array_add_object_element(self->compare, compare);
}

void
omen_etcd_transaction_put(OmenEtcdTransaction *self,
                          const char *key,
                          const char *value,
                          gint64 lease)
{
    JsonObject *put = add_operation(self->success, "request_put");

    set_text(put, "key", key, strlen(key));
    set_text(put, "value", value, strlen(value));
    set_number(put, "lease", lease);
}

void
omen_etcd_transaction_delete(OmenEtcdTransaction *self, const char *key)
{
    set_text(add_operation(self->success, "request_delete_range"), "key", key, strlen(key));
}

void
omen_etcd_transaction_else_read(OmenEtcdTransaction *self, const char *key)
{
    set_text(add_operation(self->failure, "request_range"), "key", key, strlen(key));
}

gboolean
omen_etcd_transaction_is_unconditional(const OmenEtcdTransaction *self)
{
    return json_array_get_length(self->compare) == 0;
}

/* @object: (transfer full). */
static GBytes *
write_out(JsonObject *object)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    char *text;

    json_node_take_object(root, object);
    text = json_to_string(root, FALSE);
    return g_bytes_new_take(text, strlen(text));
}

GBytes *
omen_etcd_transaction_write(OmenEtcdTransaction *self)
{
    JsonObject *object = json_object_new();
    g_autoptr(GBytes) bytes = NULL;

    json_object_set_array_member(object, "compare", json_array_ref(self->compare));
    json_object_set_array_member(object, "success", json_array_ref(self->success));
    json_object_set_array_member(object, "failure", json_array_ref(self->failure));
    bytes = write_out(object);
    if (g_bytes_get_size(bytes) > OMEN_ETCD_MAX_REQUEST ||
        json_array_get_length(self->compare) > OMEN_ETCD_MAX_OPERATIONS ||
        json_array_get_length(self->success) > OMEN_ETCD_MAX_OPERATIONS ||
        json_array_get_length(self->failure) > OMEN_ETCD_MAX_OPERATIONS)
        return NULL;
    return g_steal_pointer(&bytes);
}

GBytes *
omen_etcd_request_write_range(const char *key, gboolean is_prefix, guint limit)
{
    JsonObject *object = json_object_new();

    if (is_prefix) {
        set_prefix(object, key);
        set_number(object, "limit", limit);
    } else {
        set_text(object, "key", key, strlen(key));
    }
    return write_out(object);
}

GBytes *
omen_etcd_request_write_watch(const char *prefix, gint64 revision)
{
    JsonObject *object = json_object_new();
    JsonObject *create = json_object_new();

    set_prefix(create, prefix);
    set_number(create, "start_revision", revision);
    json_object_set_object_member(object, "create_request", create);
    return write_out(object);
}

GBytes *
omen_etcd_request_write_number(const char *member, gint64 number)
{
    JsonObject *object = json_object_new();

    set_number(object, member, number);
    return write_out(object);
}

GBytes *
omen_etcd_request_write_login(const char *user, const char *password)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "name", user);
    json_object_set_string_member(object, "password", password);
    return write_out(object);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "etcd/etcd-private.h"

#include <string.h>

G_DEFINE_FINAL_TYPE(OmenEtcd, omen_etcd, G_TYPE_OBJECT)

static void
omen_etcd_finalize(GObject *object)
{
    OmenEtcd *self = OMEN_ETCD(object);

    g_ptr_array_unref(self->endpoints);
    g_free(self->user);
    g_free(self->password);
    g_free(self->token);
    g_clear_object(&self->session);
    G_OBJECT_CLASS(omen_etcd_parent_class)->finalize(object);
}

static void
omen_etcd_class_init(OmenEtcdClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_etcd_finalize;
}

static void
omen_etcd_init(OmenEtcd *self)
{
    self->endpoints = g_ptr_array_new_with_free_func((GDestroyNotify) g_uri_unref);
}

OmenEtcd *
omen_etcd_new(const OmenEtcdSettings *settings, GError **error)
{
    g_autoptr(OmenEtcd) self = g_object_new(OMEN_TYPE_ETCD, NULL);

    if (!omen_etcd_take_settings(self, settings, error))
        return NULL;
    /* Not all hosts at the first endpoint. */
    self->current = (guint) g_random_int_range(0, (gint32) self->endpoints->len);
    return g_steal_pointer(&self);
}

/* The body that @result ends with, as text; NULL with @error. */
static const char *
finish(GAsyncResult *result, GBytes **bytes, gsize *length, GError **error)
{
    *bytes = omen_etcd_call_finish(result, error);
    return *bytes ? g_bytes_get_data(*bytes, length) : NULL;
}

/* ---- reads and transactions ---- */

void
omen_etcd_read_async(OmenEtcd *self,
                     const char *key,
                     gboolean is_prefix,
                     guint limit,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
    g_autoptr(GBytes) body = omen_etcd_request_write_range(key, is_prefix, limit);

    omen_etcd_call_async(self, "/v3/kv/range", body, OMEN_ETCD_CALL_PLAIN, cancellable, callback,
                         user_data);
}

OmenEtcdRange *
omen_etcd_read_finish(OmenEtcd *self G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    gsize length = 0;
    const char *json = finish(result, &bytes, &length, error);

    return bytes ? omen_etcd_answer_parse_range(json, length, error) : NULL;
}

void
omen_etcd_commit_async(OmenEtcd *self,
                       OmenEtcdTransaction *transaction,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
    g_autoptr(GBytes) body = omen_etcd_transaction_write(transaction);
    OmenEtcdCallFlags flags = omen_etcd_transaction_is_unconditional(transaction)
                                  ? OMEN_ETCD_CALL_PLAIN
                                  : OMEN_ETCD_CALL_ONCE;

    omen_etcd_call_async(self, "/v3/kv/txn", body, flags, cancellable, callback, user_data);
}

OmenEtcdOutcome *
omen_etcd_commit_finish(OmenEtcd *self G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    gsize length = 0;
    const char *json = finish(result, &bytes, &length, error);

    return bytes ? omen_etcd_answer_parse_outcome(json, length, error) : NULL;
}

/* ---- leases ---- */

void
omen_etcd_grant_async(OmenEtcd *self,
                      guint ttl_s,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
    g_autoptr(GBytes) body = omen_etcd_request_write_number("TTL", ttl_s);

    /* One that was granted twice ends by itself. */
    omen_etcd_call_async(self, "/v3/lease/grant", body, OMEN_ETCD_CALL_PLAIN, cancellable, callback,
                         user_data);
}

void
omen_etcd_keep_alive_async(OmenEtcd *self,
                           gint64 lease,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
    g_autoptr(GBytes) body = omen_etcd_request_write_number("ID", lease);

    omen_etcd_call_async(self, "/v3/lease/keepalive", body, OMEN_ETCD_CALL_PLAIN, cancellable,
                         callback, user_data);
}

gboolean
omen_etcd_lease_finish(OmenEtcd *self G_GNUC_UNUSED,
                       GAsyncResult *result,
                       OmenEtcdLease *out,
                       GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    gsize length = 0;
    const char *json = finish(result, &bytes, &length, error);

    return bytes && omen_etcd_answer_parse_lease(json, length, out, error);
}

void
omen_etcd_revoke_async(OmenEtcd *self,
                       gint64 lease,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
    g_autoptr(GBytes) body = omen_etcd_request_write_number("ID", lease);

    omen_etcd_call_async(self, "/v3/lease/revoke", body, OMEN_ETCD_CALL_PLAIN, cancellable,
                         callback, user_data);
}

gboolean
omen_etcd_revoke_finish(OmenEtcd *self G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    g_autoptr(GBytes) bytes = omen_etcd_call_finish(result, error);

    return bytes != NULL;
}

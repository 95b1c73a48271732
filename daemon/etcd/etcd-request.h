/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an etcd is asked, as JSON of its v3 API. Pure. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_ETCD_MAX_OPERATIONS 100     /* of a transaction; an etcd takes 128 */
#define OMEN_ETCD_MAX_REQUEST    1000000 /* bytes; an etcd takes 1.5 MiB */

/* Compares, then either writes or reads, as one. */
typedef struct _OmenEtcdTransaction OmenEtcdTransaction;

OmenEtcdTransaction *omen_etcd_transaction_new(void);
void omen_etcd_transaction_free(OmenEtcdTransaction *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenEtcdTransaction, omen_etcd_transaction_free)

/* It only succeeds if the last write to @key was of @revision; 0: if there is no such key. */
void omen_etcd_transaction_compare(OmenEtcdTransaction *self, const char *key, gint64 revision);

/* @lease: with which the key goes; 0: none. */
void omen_etcd_transaction_put(OmenEtcdTransaction *self,
                               const char *key,
                               const char *value,
                               gint64 lease);

void omen_etcd_transaction_delete(OmenEtcdTransaction *self, const char *key);

/* Where a comparison fails, @key is read. */
void omen_etcd_transaction_else_read(OmenEtcdTransaction *self, const char *key);

/* Whether it may be done twice without harm. */
gboolean omen_etcd_transaction_is_unconditional(const OmenEtcdTransaction *self);

/* (transfer full): the body of a request; NULL where it is larger than an etcd takes. */
GBytes *omen_etcd_transaction_write(OmenEtcdTransaction *self);

/* @is_prefix: all keys that begin with @key, @limit at most. */
GBytes *omen_etcd_request_write_range(const char *key, gboolean is_prefix, guint limit);

/* All keys that begin with @prefix, from @revision on. */
GBytes *omen_etcd_request_write_watch(const char *prefix, gint64 revision);

/* "TTL" or "ID". */
GBytes *omen_etcd_request_write_number(const char *member, gint64 number);

GBytes *omen_etcd_request_write_login(const char *user, const char *password);

G_END_DECLS

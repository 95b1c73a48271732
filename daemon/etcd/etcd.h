/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An etcd, of one or several members, over its JSON API: read, transactions and leases, all without
 * waiting.
 *
 * A request ends within the settings' time-out, and one more where a token has to be got first,
 * whatever the members do. A member that can't be reached, is paused or has no majority is passed
 * over for the next one. What compares is only asked once it is sure that the member before has not
 * got it: otherwise it ends with OMEN_ETCD_ERROR_UNCERTAIN, and the caller reads what is so.
 *
 * With a user a token is got when it is needed first and kept; where it is refused (it expires, and
 * a restarted member forgets it), a new one is got after a random wait, since a store knows only
 * some dozens of passwords a second and all hosts lose theirs at once.
 */
#pragma once

#include "etcd/etcd-answer.h"
#include "etcd/etcd-request.h"

G_BEGIN_DECLS

typedef struct {
    char **endpoints;    /* https://HOST:2379; [0] NULL: there is no store */
    char *user;          /* "" for none */
    char *password_file; /* or the name of a systemd credential */
    char *ca_file;       /* "" for the system's: PEM of whom to trust */
    guint timeout_ms;    /* > 0 */
    guint spread_ms;     /* within which hosts spread what all of them would do at once */
} OmenEtcdSettings;

/* As shipped: no store. Strings are owned. */
void omen_etcd_settings_init(OmenEtcdSettings *self);
void omen_etcd_settings_clear(OmenEtcdSettings *self);

#define OMEN_TYPE_ETCD (omen_etcd_get_type())
G_DECLARE_FINAL_TYPE(OmenEtcd, omen_etcd, OMEN, ETCD, GObject)

/* Reads the password and the certificates: for the start. Returns: NULL with @error
 * (OMEN_ETCD_ERROR_BAD_SETTING, which never says the password). */
OmenEtcd *omen_etcd_new(const OmenEtcdSettings *settings, GError **error);

/* All entries whose key begins with @key, or that of @key; @limit of them at most. */
void omen_etcd_read_async(OmenEtcd *self,
                          const char *key,
                          gboolean is_prefix,
                          guint limit,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
OmenEtcdRange *omen_etcd_read_finish(OmenEtcd *self, GAsyncResult *result, GError **error);

/* @transaction is only read before it returns. */
void omen_etcd_commit_async(OmenEtcd *self,
                            OmenEtcdTransaction *transaction,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
OmenEtcdOutcome *omen_etcd_commit_finish(OmenEtcd *self, GAsyncResult *result, GError **error);

/* A lease of @ttl_s at least. */
void omen_etcd_grant_async(OmenEtcd *self,
                           guint ttl_s,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);

/* OMEN_ETCD_ERROR_NOT_FOUND: the lease is over, and what was under it is gone. */
void omen_etcd_keep_alive_async(OmenEtcd *self,
                                gint64 lease,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);

/* For grant and keep alive. */
gboolean
omen_etcd_lease_finish(OmenEtcd *self, GAsyncResult *result, OmenEtcdLease *out, GError **error);

/* What is under the lease goes with it. */
void omen_etcd_revoke_async(OmenEtcd *self,
                            gint64 lease,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean omen_etcd_revoke_finish(OmenEtcd *self, GAsyncResult *result, GError **error);

G_END_DECLS

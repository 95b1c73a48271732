/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the keys of one prefix hold, kept up to date: read, then watched from there on.
 *
 * Begun anew from a fresh read where the stream ends, the store has compacted away what would come
 * next, or nothing was heard for a while (a paused member keeps a watch open for ever); after
 * failures at growing intervals.
 */
#pragma once

#include "etcd/etcd.h"

G_BEGIN_DECLS

#define OMEN_ETCD_WATCH_MAX_ENTRIES 1000
#define OMEN_TYPE_ETCD_WATCH        (omen_etcd_watch_get_type())
/* Signals: "changed" (), after a read or an event that changed something, and when what it holds
 * is current for the first time. */
G_DECLARE_FINAL_TYPE(OmenEtcdWatch, omen_etcd_watch, OMEN, ETCD_WATCH, GObject)

/* @prefix: not "". @silence_ms: after which it reads anew. It ends when it is let go. */
OmenEtcdWatch *omen_etcd_watch_new(OmenEtcd *store, const char *prefix, guint silence_ms);
void omen_etcd_watch_start(OmenEtcdWatch *self);

/* FALSE: it was never read, or the store is gone; what it held last is still told. */
gboolean omen_etcd_watch_is_current(OmenEtcdWatch *self);

/* (nullable) (transfer none): what @key holds, until the next change. */
const char *omen_etcd_watch_get(OmenEtcdWatch *self, const char *key);

G_END_DECLS

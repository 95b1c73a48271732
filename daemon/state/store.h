/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows to statements and back, on an open connection. All of it waits on the disk: for the writer
 * thread, and for the time before the main loop runs.
 */
#pragma once

#include "state/sql.h"
#include "state/state-rows.h"

G_BEGIN_DECLS

/* What is kept; older and excess rows are deleted by omen_store_prune(). */
typedef struct {
    guint max_rows;    /* a table; >= 1 */
    gint64 max_age_us; /* since an omen or verdict last changed, an evacuation ended or a stream was
                          saved */
} OmenStoreLimits;

typedef struct _OmenStore OmenStore;

/* Takes @db. */
OmenStore *omen_store_new(sqlite3 *db);
void omen_store_free(OmenStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenStore, omen_store_free)

/* The file that is open is no longer the one of that name. */
gboolean omen_store_has_moved(OmenStore *self);

/* A transaction around the put calls. @durable: on the disk itself when commit returns, rather than
 * safe from the death of this process only. */
gboolean omen_store_begin(OmenStore *self, gboolean durable, GError **error);
gboolean omen_store_commit(OmenStore *self, GError **error);
void omen_store_rollback(OmenStore *self);

/* Each replaces the row of the same key. */
gboolean omen_store_put_stream(OmenStore *self, const OmenStreamRow *row, GError **error);
gboolean omen_store_put_omen(OmenStore *self, const OmenData *data, GError **error);
gboolean omen_store_put_verdict(OmenStore *self, const OmenVerdictRow *row, GError **error);
gboolean omen_store_put_evacuation(OmenStore *self, const OmenEvacuationData *data, GError **error);
gboolean
omen_store_put_setting(OmenStore *self, const char *key, const char *value, GError **error);

/* What was given to SQLite of what streams have learnt, compressed, so far. */
guint64 omen_store_get_n_stream_bytes(const OmenStore *self);

/* @now_us: the present; a clock that went wrong does not empty the tables, since age counts from
 * the latest row if that is earlier. */
gboolean
omen_store_prune(OmenStore *self, const OmenStoreLimits *limits, gint64 now_us, GError **error);

G_END_DECLS

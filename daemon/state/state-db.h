/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.db: what the daemon must still know after it was killed.
 *
 * One SQLite database, written by one thread of its own. The put calls queue the latest version of
 * a row and return at once; rows queued together are written in one transaction. When a write fails
 * (disk full, read-only, gone) the rows stay queued, bounded, and are tried again with growing
 * pauses; the daemon goes on in memory meanwhile and the problem says so.
 *
 * Rows are on the disk when omen_state_db_put_evacuation_finish() returns TRUE. The others survive
 * the death of the daemon once written, and a power cut once an evacuation or the log's next
 * checkpoint was written after them.
 *
 * Lives on the main context that was the default one of the thread that opened it.
 */
#pragma once

#include <gio/gio.h>

#include "state/store.h"

G_BEGIN_DECLS

#define OMEN_TYPE_STATE_DB (omen_state_db_get_type())
G_DECLARE_FINAL_TYPE(OmenStateDb, omen_state_db, OMEN, STATE_DB, GObject)

/* Property "problem" (string, nullable, read-only, notified): why rows can't be written now. */

typedef struct {
    guint max_loaded_rows;  /* of each table at the start: 10000 */
    guint max_waiting_rows; /* 8192 */
    gsize max_waiting_bytes;
    OmenStoreLimits limits; /* 10000 rows a table, 90 days */
    guint retry_ms;         /* pause after the first failed write; doubles up to 60 s */
} OmenStateDbConfig;

#define OMEN_STATE_DB_CONFIG_INIT                                                                  \
    ((OmenStateDbConfig){.max_loaded_rows = 10000,                                                 \
                         .max_waiting_rows = 8192,                                                 \
                         .max_waiting_bytes = 64 * 1024 * 1024,                                    \
                         .limits = {.max_rows = 10000, .max_age_us = 90 * G_TIME_SPAN_DAY},        \
                         .retry_ms = 1000})

/*
 * Opens @path and reads what an earlier life left into @contents (transfer full). Waits on the
 * disk: for the start, before the main loop runs. ":memory:" keeps nothing beyond this process.
 *
 * A damaged file is set aside and @contents is empty but for a warning. A file that can be read but
 * not written is read; the problem says so and writing is tried again. Fails with
 * OMEN_STATE_ERROR_NEWER if a newer version wrote the file, with _UNAVAILABLE if it can't even be
 * read, and with _UNTRUSTED if others may write it: a daemon that is to watch all the same opens
 * ":memory:" then.
 */
OmenStateDb *omen_state_db_open(const char *path,
                                const OmenStateDbConfig *config,
                                OmenStateContents **contents,
                                GError **error);

/* NULL: rows are written. */
const char *omen_state_db_get_problem(OmenStateDb *self);

/* Rows that were dropped for want of room or because SQLite refused them for what they hold. */
guint64 omen_state_db_get_n_dropped(OmenStateDb *self);

/* What streams have learnt is due: it is written whole, and not more than 4 MiB an hour of it
 * (twice that on the disk: to the log, and from there to the database). One that is put all the
 * same is written. */
gboolean omen_state_db_may_put_streams(OmenStateDb *self);

/* Rows that wait to be written. */
guint omen_state_db_get_n_waiting(OmenStateDb *self);

/* @row is taken. */
void omen_state_db_put_stream(OmenStateDb *self, OmenStreamRow *row);
void omen_state_db_put_verdict(OmenStateDb *self, OmenVerdictRow *row);

/* @data is copied. */
void omen_state_db_put_omen(OmenStateDb *self, const OmenData *data);
void omen_state_db_put_evacuation(OmenStateDb *self, const OmenEvacuationData *data);

void omen_state_db_put_setting(OmenStateDb *self, const char *key, const char *value);

/*
 * Ends when @data, or a later version of it, is on the disk. On failure (OMEN_STATE_ERROR_WRITE,
 * _DROPPED) the row stays queued as after the call above; the caller decides whether it can wait: a
 * dying disk is a reason to evacuate, not one against it.
 */
void omen_state_db_put_evacuation_async(OmenStateDb *self,
                                        const OmenEvacuationData *data,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean
omen_state_db_put_evacuation_finish(OmenStateDb *self, GAsyncResult *result, GError **error);

/* Blocks until all that waits is written, a write fails, or @timeout_ms have passed.
 * TRUE: all is written. */
gboolean omen_state_db_flush(OmenStateDb *self, guint timeout_ms);

/* For the exit: the same, and closes the file. What is put later is dropped. Dropping the last
 * reference does not wait for the disk. */
gboolean omen_state_db_close(OmenStateDb *self, guint timeout_ms);

G_END_DECLS

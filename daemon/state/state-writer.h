/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread that writes state.db. It owns the connection, and may hang in the kernel with a dead
 * disk: nobody waits for it but with a time limit, and it lives on its own until it comes back.
 */
#pragma once

#include "state/state-queue.h"

G_BEGIN_DECLS

typedef struct _OmenStateWriter OmenStateWriter;

/* On the writer's thread: @problem is NULL when a write succeeded after a failure. */
typedef void (*OmenStateProblemFunc)(const char *problem, gpointer user_data);

typedef struct {
    const char *path;
    guint max_waiting_rows;
    gsize max_waiting_bytes;
    OmenStoreLimits limits;
    guint retry_ms;
    OmenStateProblemFunc problem;
    gpointer user_data;
    GDestroyNotify destroy; /* of user_data, on either thread */
} OmenStateWriterConfig;

/* Takes @db: an open connection, or NULL: the file could not be opened for writing, the problem was
 * told, and it is tried again when there is something to write. Starts the thread. */
OmenStateWriter *omen_state_writer_new(const OmenStateWriterConfig *config, sqlite3 *db);

/* Takes @op; from any thread; never waits for the disk. */
void omen_state_writer_push(OmenStateWriter *self, OmenStateOp *op);

gboolean omen_state_writer_flush(OmenStateWriter *self, guint timeout_ms);

guint64 omen_state_writer_get_n_dropped(OmenStateWriter *self);

/* What streams have learnt may be written again: it is written whole, and not more than so much an
 * hour. */
gboolean omen_state_writer_may_put_streams(OmenStateWriter *self);

/* Rows that wait to be written. */
guint omen_state_writer_get_n_waiting(OmenStateWriter *self);

/* Ends the thread after what it is at; the file is closed then. Waits for that no longer than
 * @timeout_ms. What still waits to be written is dropped. Returns whether the file is closed. */
gboolean omen_state_writer_stop(OmenStateWriter *self, guint timeout_ms);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reader: a thread for a source that may have to wait for a disk, and the bounded queue between
 * the two.
 *
 * The thread reads and hands over batches; the source gets them on its main context. Where the main
 * context is behind, the thread waits (what is on disk is not lost by that). Stopping never waits
 * for the thread: one that hangs on a dead disk is left behind with what belongs to it.
 */
#pragma once

#include "source/source.h"

G_BEGIN_DECLS

typedef struct _OmenReader OmenReader;

/* Runs on the reader's thread, until omen_reader_wait() or omen_reader_is_stopped() say so. @data
 * is the reader's own. */
typedef void (*OmenReaderFunc)(OmenReader *reader, gpointer data);

/* Starts a thread for @source, which must call omen_reader_stop() in its turn. @data is freed by
 * @free_data when the thread has ended. Returns: (transfer full). */
OmenReader *omen_reader_start(OmenSource *source,
                              const char *thread_name,
                              OmenReaderFunc function,
                              gpointer data,
                              GDestroyNotify free_data);

/* The same without a thread: another's thread, which holds a reference, calls the functions for the
 * thread. Returns: (transfer full). */
OmenReader *omen_reader_new(OmenSource *source);

/* For such a thread. */
OmenReader *omen_reader_ref(OmenReader *self);
void omen_reader_unref(OmenReader *self);

/* Its batches are handed over before those of others that wait. Before anything is handed over. */
void omen_reader_set_urgent(OmenReader *self);

/* Ends it: nothing comes any more when this returns. Drops the caller's reference. */
void omen_reader_stop(OmenReader *self);

/* Where the records that were handed over had come to. (transfer full) (nullable). Main context. */
char *omen_reader_dup_bookmark(OmenReader *self);

/* Handed over so far. Any thread. */
guint64 omen_reader_get_n_batches(OmenReader *self);

/* What its thread can't tell, since it hangs. Main context. */
void omen_reader_tell_problem(OmenReader *self, const char *problem);

/* ---- for the thread ---- */

gboolean omen_reader_is_stopped(OmenReader *self);

/* How long others gather after @n records were handed over: a wake-up costs more than many lines.
 * Where few come, a pair is worth the wait; where many come, a short one gathers enough. */
static inline gint64
omen_reader_get_gather_us(guint64 n)
{
    return n < 8 ? 30000 : 12000;
}

/* Sleeps until @fd (-1: none) can be read, @timeout_ms have passed or the reader is stopped; FALSE:
 * it is stopped. Where records were handed over just now, others gather first. */
gboolean omen_reader_wait(OmenReader *self, int fd, int timeout_ms);

/* Adds a record to the batch; copied. */
void omen_reader_add(OmenReader *self, const OmenRecord *record);

void omen_reader_add_dropped(OmenReader *self, guint64 n);

/* The thread has come to here: hands over the batch. @bookmark: (transfer full) (nullable):
 * unchanged. */
void omen_reader_flush(OmenReader *self, char *bookmark);

/* All that was added so far. */
guint64 omen_reader_get_n_added(OmenReader *self);

/* NULL: reads well. */
void omen_reader_set_problem(OmenReader *self, const char *problem);

/* How many records wait in the batch; flush now and then. */
guint omen_reader_get_batch_size(OmenReader *self);

G_END_DECLS

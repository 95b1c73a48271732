/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What waits to be written: the latest version of each row, bounded in rows and bytes.
 *
 * A row that comes again before it was written takes the place of its older version, and whoever
 * waits for that one now waits for this. When it is full the least important goes: learnt state
 * first (the next checkpoint brings it again), evacuations last. Not thread-safe.
 */
#pragma once

#include <gio/gio.h>

#include "state/store.h"

G_BEGIN_DECLS

/* By falling importance. */
typedef enum {
    OMEN_ROW_EVACUATION,
    OMEN_ROW_SETTING,
    OMEN_ROW_OMEN,
    OMEN_ROW_VERDICT,
    OMEN_ROW_STREAM,
    OMEN_N_ROW_KINDS,
} OmenRowKind;

/* A row on its way. */
typedef struct {
    OmenRowKind kind;
    char *key; /* unique among its kind */
    gpointer row;
    gsize size;         /* bytes, about */
    GPtrArray *waiting; /* GTask: ended when it is written or can't be */
} OmenStateOp;

/* Takes @row, a OmenStreamRow, OmenData, OmenVerdictRow, OmenEvacuationData or char *[3] {key,
 * value, NULL}, by @kind; and @task, which may be NULL. */
OmenStateOp *omen_state_op_new(OmenRowKind kind, gpointer row, GTask *task);
void omen_state_op_free(OmenStateOp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenStateOp, omen_state_op_free)

gboolean omen_state_op_write(const OmenStateOp *self, OmenStore *store, GError **error);

/* Ends the tasks of whoever waits: with TRUE or a copy of @error. */
void omen_state_op_finish(OmenStateOp *self, const GError *error);

typedef struct _OmenStateQueue OmenStateQueue;

OmenStateQueue *omen_state_queue_new(guint max_rows, gsize max_bytes);
void omen_state_queue_free(OmenStateQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenStateQueue, omen_state_queue_free)

/* Takes @op. Returns how many rows had to go for it. */
guint omen_state_queue_push(OmenStateQueue *self, OmenStateOp *op);

/* Takes @op, which could not be written; it goes first again unless a newer version came.
 * Returns how many rows had to go for it. */
guint omen_state_queue_put_back(OmenStateQueue *self, OmenStateOp *op);

/* What is to be written next in one transaction: evacuations by themselves, or some of the rest.
 * Returns: (transfer full) (element-type OmenStateOp): empty if nothing waits. */
GPtrArray *omen_state_queue_pop(OmenStateQueue *self);

guint omen_state_queue_get_length(OmenStateQueue *self);

G_END_DECLS

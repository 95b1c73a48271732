/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/state-queue.h"

/* A transaction's limits: an evacuation that comes meanwhile waits no longer than one of these. */
#define BATCH_ROWS  128
#define BATCH_BYTES (4 * 1024 * 1024)

struct _OmenStateQueue {
    guint max_rows;
    gsize max_bytes;
    gsize n_bytes;
    guint n_rows;
    GQueue order[OMEN_N_ROW_KINDS];       /* OmenStateOp, oldest first */
    GHashTable *by_key[OMEN_N_ROW_KINDS]; /* key -> link in order; borrows both */
};

static char *
dup_key(OmenRowKind kind, gconstpointer row)
{
    switch (kind) {
    case OMEN_ROW_EVACUATION:
        return g_strdup_printf("%" G_GUINT64_FORMAT, ((const OmenEvacuationData *) row)->id);
    case OMEN_ROW_SETTING:
        return g_strdup(((const char *const *) row)[0]);
    case OMEN_ROW_OMEN:
        return g_strdup_printf("%" G_GUINT64_FORMAT, ((const OmenData *) row)->id);
    case OMEN_ROW_VERDICT: {
        const OmenVerdictRow *verdict = row;
        return g_strdup_printf("%" G_GUINT64_FORMAT " %u %s", verdict->omen_id,
                               verdict->template_id, verdict->stream);
    }
    case OMEN_ROW_STREAM:
        return g_strdup(((const OmenStreamRow *) row)->name);
    case OMEN_N_ROW_KINDS:
        break;
    }
    g_return_val_if_reached(NULL);
}

/* Only streams are large; what the others hold is bounded by who makes them. */
static gsize
estimate_size(OmenRowKind kind, gconstpointer row)
{
    const OmenStreamRow *stream = row;

    if (kind != OMEN_ROW_STREAM)
        return 2048;
    return 256 * (gsize) (1 + g_hash_table_size(stream->bookmarks)) +
           (stream->engine != NULL ? g_variant_get_size(stream->engine) : 0);
}

OmenStateOp *
omen_state_op_new(OmenRowKind kind, gpointer row, GTask *task)
{
    OmenStateOp *self = g_new0(OmenStateOp, 1);
    self->kind = kind;
    self->key = dup_key(kind, row);
    self->row = row;
    self->size = estimate_size(kind, row);
    self->waiting = g_ptr_array_new_with_free_func(g_object_unref);
    if (task != NULL)
        g_ptr_array_add(self->waiting, task);
    return self;
}

static void
free_row(OmenRowKind kind, gpointer row)
{
    switch (kind) {
    case OMEN_ROW_EVACUATION:
        omen_evacuation_data_free(row);
        return;
    case OMEN_ROW_SETTING:
        g_strfreev(row);
        return;
    case OMEN_ROW_OMEN:
        omen_data_free(row);
        return;
    case OMEN_ROW_VERDICT:
        omen_verdict_row_free(row);
        return;
    case OMEN_ROW_STREAM:
        omen_stream_row_free(row);
        return;
    case OMEN_N_ROW_KINDS:
        break;
    }
    g_return_if_reached();
}

void
omen_state_op_free(OmenStateOp *self)
{
    if (self == NULL)
        return;
    free_row(self->kind, self->row);
    g_ptr_array_unref(self->waiting);
    g_free(self->key);
    g_free(self);
}

gboolean
omen_state_op_write(const OmenStateOp *self, OmenStore *store, GError **error)
{
    const char *const *setting = self->row;

    switch (self->kind) {
    case OMEN_ROW_EVACUATION:
        return omen_store_put_evacuation(store, self->row, error);
    case OMEN_ROW_SETTING:
        return omen_store_put_setting(store, setting[0], setting[1], error);
    case OMEN_ROW_OMEN:
        return omen_store_put_omen(store, self->row, error);
    case OMEN_ROW_VERDICT:
        return omen_store_put_verdict(store, self->row, error);
    case OMEN_ROW_STREAM:
        return omen_store_put_stream(store, self->row, error);
    case OMEN_N_ROW_KINDS:
        break;
    }
    g_return_val_if_reached(FALSE);
}

void
omen_state_op_finish(OmenStateOp *self, const GError *error)
{
    for (guint i = 0; i < self->waiting->len; i++) {
        GTask *task = g_ptr_array_index(self->waiting, i);
        if (error != NULL)
            g_task_return_error(task, g_error_copy(error));
        else
            g_task_return_boolean(task, TRUE);
    }
    g_ptr_array_set_size(self->waiting, 0);
}

OmenStateQueue *
omen_state_queue_new(guint max_rows, gsize max_bytes)
{
    OmenStateQueue *self = g_new0(OmenStateQueue, 1);
    self->max_rows = max_rows;
    self->max_bytes = max_bytes;
    for (guint i = 0; i < OMEN_N_ROW_KINDS; i++) {
        g_queue_init(&self->order[i]);
        self->by_key[i] = g_hash_table_new(g_str_hash, g_str_equal);
    }
    return self;
}

void
omen_state_queue_free(OmenStateQueue *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < OMEN_N_ROW_KINDS; i++) {
        g_hash_table_unref(self->by_key[i]);
        g_queue_clear_full(&self->order[i], (GDestroyNotify) omen_state_op_free);
    }
    g_free(self);
}

static OmenStateOp *
take(OmenStateQueue *self, GList *link)
{
    OmenStateOp *op = link->data;

    g_hash_table_remove(self->by_key[op->kind], op->key);
    g_queue_delete_link(&self->order[op->kind], link);
    self->n_rows--;
    self->n_bytes -= op->size;
    return op;
}

static void
add(OmenStateQueue *self, OmenStateOp *op, gboolean first)
{
    GQueue *order = &self->order[op->kind];

    if (first)
        g_queue_push_head(order, op);
    else
        g_queue_push_tail(order, op);
    g_hash_table_insert(self->by_key[op->kind], op->key, first ? order->head : order->tail);
    self->n_rows++;
    self->n_bytes += op->size;
}

static void
drop_least_important(OmenStateQueue *self)
{
    guint kind = OMEN_N_ROW_KINDS - 1;

    while (kind > 0 && g_queue_is_empty(&self->order[kind]))
        kind--;
    g_autoptr(OmenStateOp) op = take(self, self->order[kind].head);
    g_autoptr(GError) error = g_error_new(OMEN_STATE_ERROR, OMEN_STATE_ERROR_DROPPED,
                                          "too many rows wait to be written to the state database");
    omen_state_op_finish(op, error);
}

static guint
enforce_limits(OmenStateQueue *self)
{
    guint n_dropped = 0;

    for (; self->n_rows > self->max_rows || self->n_bytes > self->max_bytes; n_dropped++)
        drop_least_important(self);
    return n_dropped;
}

guint
omen_state_queue_push(OmenStateQueue *self, OmenStateOp *op)
{
    GList *older = g_hash_table_lookup(self->by_key[op->kind], op->key);

    if (older != NULL) {
        g_autoptr(OmenStateOp) old = take(self, older);
        g_ptr_array_extend_and_steal(op->waiting, g_steal_pointer(&old->waiting));
        old->waiting = g_ptr_array_new();
    }
    add(self, op, FALSE);
    return enforce_limits(self);
}

guint
omen_state_queue_put_back(OmenStateQueue *self, OmenStateOp *op)
{
    if (g_hash_table_contains(self->by_key[op->kind], op->key))
        omen_state_op_free(op);
    else
        add(self, op, TRUE);
    return enforce_limits(self);
}

GPtrArray *
omen_state_queue_pop(OmenStateQueue *self)
{
    GPtrArray *batch = g_ptr_array_new_with_free_func((GDestroyNotify) omen_state_op_free);
    gsize bytes = 0;

    for (guint kind = 0; kind < OMEN_N_ROW_KINDS; kind++) {
        while (batch->len < BATCH_ROWS && bytes < BATCH_BYTES &&
               !g_queue_is_empty(&self->order[kind])) {
            OmenStateOp *op = take(self, self->order[kind].head);
            bytes += op->size;
            g_ptr_array_add(batch, op);
        }
        if (kind == OMEN_ROW_EVACUATION && batch->len > 0)
            break;
    }
    return batch;
}

guint
omen_state_queue_get_length(OmenStateQueue *self)
{
    return self->n_rows;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "virt-omen-state"

#include "state/state-writer.h"

#include "state/schema.h"

#define MAX_RETRY_MS 60000

/* A stream is written whole: so much an hour, to the log and from there to the database, and at
 * first a reserve. */
#define STREAM_BYTES_AN_HOUR (4 * 1024 * 1024)
#define STREAM_RESERVE       (256 * 1024)

#define PRUNE_INTERVAL       (6 * G_TIME_SPAN_HOUR)

struct _OmenStateWriter {
    gatomicrefcount references; /* the owner's and the thread's */
    OmenStateWriterConfig config;
    char *path;

    GMutex mutex; /* guards what follows */
    GCond cond;
    OmenStateQueue *queue;
    guint64 n_dropped;
    double stream_bytes_left; /* below 0: streams have had their share for now */
    gint64 refilled_us;
    guint64 n_failures; /* flush ends when it grows */
    gboolean busy;      /* a batch is being written */
    gboolean hurry;     /* a flush waits: no pause */
    gboolean stopping;
    gboolean stopped; /* the file is closed */

    /* The thread's own. */
    OmenStore *store;
    gint64 pruned_us; /* monotonic; 0: not yet */
    guint pause_ms;   /* > 0 after a failed write */
    gboolean failing; /* and it was told */
};

static void
writer_unref(OmenStateWriter *self)
{
    if (!g_atomic_ref_count_dec(&self->references))
        return;
    omen_state_queue_free(self->queue);
    if (self->config.destroy != NULL)
        self->config.destroy(self->config.user_data);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->cond);
    g_free(self->path);
    g_free(self);
}

static gboolean
ensure_store(OmenStateWriter *self, GError **error)
{
    g_autofree char *warning = NULL;

    if (self->store != NULL && omen_store_has_moved(self->store)) {
        g_warning("%s was removed or replaced: continuing with what is there now", self->path);
        g_clear_pointer(&self->store, omen_store_free);
    }
    if (self->store != NULL)
        return TRUE;
    sqlite3 *db = omen_state_schema_open(self->path, &warning, error);
    if (warning != NULL)
        g_warning("%s", warning);
    if (db == NULL)
        return FALSE;
    self->store = omen_store_new(db);
    return TRUE;
}

/* Once at the start and then now and then; a failure is no reason not to go on. */
static void
prune_sometimes(OmenStateWriter *self)
{
    gint64 now = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;

    if (self->pruned_us != 0 && now - self->pruned_us < PRUNE_INTERVAL)
        return;
    self->pruned_us = now;
    if (omen_store_begin(self->store, FALSE, &error) &&
        omen_store_prune(self->store, &self->config.limits, g_get_real_time(), &error) &&
        omen_store_commit(self->store, &error))
        return;
    omen_store_rollback(self->store);
    g_warning("old rows could not be deleted: %s", error->message);
}

static gboolean
write_rows(OmenStateWriter *self, GPtrArray *ops, guint *bad, GError **error)
{
    const OmenStateOp *first = g_ptr_array_index(ops, 0);

    *bad = G_MAXUINT;
    if (!omen_store_begin(self->store, first->kind == OMEN_ROW_EVACUATION, error))
        return FALSE;
    for (guint i = 0; i < ops->len; i++) {
        g_autoptr(GError) local = NULL;
        if (omen_state_op_write(g_ptr_array_index(ops, i), self->store, &local))
            continue;
        if (g_error_matches(local, OMEN_STATE_ERROR, OMEN_STATE_ERROR_ROW))
            *bad = i;
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return omen_store_commit(self->store, error);
}

static void
count_dropped(OmenStateWriter *self, guint n)
{
    g_mutex_lock(&self->mutex);
    self->n_dropped += n;
    g_mutex_unlock(&self->mutex);
}

/* Writes all of @ops but those that SQLite refuses for what they hold: these are dropped. */
static gboolean
write_batch(OmenStateWriter *self, GPtrArray *ops, GError **error)
{
    while (ops->len > 0) {
        g_autoptr(GError) local = NULL;
        guint bad = G_MAXUINT;

        if (write_rows(self, ops, &bad, &local))
            return TRUE;
        omen_store_rollback(self->store);
        if (bad == G_MAXUINT) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
        g_warning("a row is not stored: %s", local->message);
        omen_state_op_finish(g_ptr_array_index(ops, bad), local);
        g_ptr_array_remove_index(ops, bad);
        count_dropped(self, 1);
    }
    return TRUE;
}

static gboolean
try_batch(OmenStateWriter *self, GPtrArray *ops, GError **error)
{
    if (!ensure_store(self, error))
        return FALSE;
    prune_sometimes(self);
    if (write_batch(self, ops, error))
        return TRUE;
    /* Whatever it was: the next try begins with a look at the file. */
    g_clear_pointer(&self->store, omen_store_free);
    return FALSE;
}

static void
tell_success(OmenStateWriter *self, GPtrArray *ops)
{
    for (guint i = 0; i < ops->len; i++)
        omen_state_op_finish(g_ptr_array_index(ops, i), NULL);
    if (self->failing)
        self->config.problem(NULL, self->config.user_data);
    self->failing = FALSE;
    self->pause_ms = 0;
}

static void
tell_failure(OmenStateWriter *self, GPtrArray *ops, const GError *error)
{
    for (guint i = 0; i < ops->len; i++)
        omen_state_op_finish(g_ptr_array_index(ops, i), error);
    self->config.problem(error->message, self->config.user_data);
    self->failing = TRUE;
    self->pause_ms =
        self->pause_ms == 0 ? self->config.retry_ms : MIN(self->pause_ms * 2, MAX_RETRY_MS);
}

/* Under the lock. Backwards, since each goes to the head. */
static void
put_back(OmenStateWriter *self, GPtrArray *ops)
{
    while (ops->len > 0)
        self->n_dropped +=
            omen_state_queue_put_back(self->queue, g_ptr_array_steal_index(ops, ops->len - 1));
}

/* Under the lock: until there is something to write, the pause is over, or it is time to go. */
static void
wait_for_work(OmenStateWriter *self)
{
    gint64 until = g_get_monotonic_time() + (gint64) self->pause_ms * 1000;

    while (!self->stopping && omen_state_queue_get_length(self->queue) == 0)
        g_cond_wait(&self->cond, &self->mutex);
    while (!self->stopping && !self->hurry && self->pause_ms > 0) {
        if (!g_cond_wait_until(&self->cond, &self->mutex, until))
            break;
    }
}

/* Under the lock. */
static void
refill(OmenStateWriter *self)
{
    gint64 now_us = g_get_monotonic_time();
    double passed_h = (double) (now_us - self->refilled_us) / G_TIME_SPAN_HOUR;

    self->stream_bytes_left =
        MIN(STREAM_RESERVE, self->stream_bytes_left + passed_h * STREAM_BYTES_AN_HOUR);
    self->refilled_us = now_us;
}

gboolean
omen_state_writer_may_put_streams(OmenStateWriter *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->mutex);

    refill(self);
    return self->stream_bytes_left > 0;
}

static gpointer
run(gpointer data)
{
    OmenStateWriter *self = data;

    g_mutex_lock(&self->mutex);
    for (wait_for_work(self); !self->stopping; wait_for_work(self)) {
        g_autoptr(GPtrArray) ops = omen_state_queue_pop(self->queue);
        g_autoptr(GError) error = NULL;

        guint64 before = self->store != NULL ? omen_store_get_n_stream_bytes(self->store) : 0;
        self->busy = TRUE;
        g_mutex_unlock(&self->mutex);
        if (try_batch(self, ops, &error))
            tell_success(self, ops);
        else
            tell_failure(self, ops, error);
        guint64 after = self->store != NULL ? omen_store_get_n_stream_bytes(self->store) : 0;
        g_mutex_lock(&self->mutex);
        refill(self);
        self->stream_bytes_left -= after > before ? (double) (after - before) : 0;
        self->busy = FALSE;
        if (error != NULL) {
            put_back(self, ops);
            self->n_failures++;
            self->hurry = FALSE;
        }
        g_cond_broadcast(&self->cond);
    }
    g_mutex_unlock(&self->mutex);
    g_clear_pointer(&self->store, omen_store_free);
    g_mutex_lock(&self->mutex);
    self->stopped = TRUE;
    g_cond_broadcast(&self->cond);
    g_mutex_unlock(&self->mutex);
    writer_unref(self);
    return NULL;
}

OmenStateWriter *
omen_state_writer_new(const OmenStateWriterConfig *config, sqlite3 *db)
{
    OmenStateWriter *self = g_new0(OmenStateWriter, 1);

    g_atomic_ref_count_init(&self->references);
    g_atomic_ref_count_inc(&self->references);
    self->config = *config;
    self->path = g_strdup(config->path);
    self->store = db != NULL ? omen_store_new(db) : NULL;
    self->failing = db == NULL;
    self->queue = omen_state_queue_new(config->max_waiting_rows, config->max_waiting_bytes);
    self->stream_bytes_left = STREAM_RESERVE;
    self->refilled_us = g_get_monotonic_time();
    g_mutex_init(&self->mutex);
    g_cond_init(&self->cond);
    g_thread_unref(g_thread_new("omen-state", run, self));
    return self;
}

void
omen_state_writer_push(OmenStateWriter *self, OmenStateOp *op)
{
    g_mutex_lock(&self->mutex);
    self->n_dropped += omen_state_queue_push(self->queue, op);
    g_cond_broadcast(&self->cond);
    g_mutex_unlock(&self->mutex);
}

gboolean
omen_state_writer_flush(OmenStateWriter *self, guint timeout_ms)
{
    gint64 until = g_get_monotonic_time() + (gint64) timeout_ms * 1000;
    gboolean empty = FALSE;

    g_mutex_lock(&self->mutex);
    guint64 n_failures = self->n_failures;
    self->hurry = TRUE;
    g_cond_broadcast(&self->cond);
    for (;;) {
        empty = !self->busy && omen_state_queue_get_length(self->queue) == 0;
        if (empty || self->n_failures != n_failures ||
            !g_cond_wait_until(&self->cond, &self->mutex, until))
            break;
    }
    self->hurry = FALSE;
    g_mutex_unlock(&self->mutex);
    return empty;
}

guint64
omen_state_writer_get_n_dropped(OmenStateWriter *self)
{
    g_mutex_lock(&self->mutex);
    guint64 n_dropped = self->n_dropped;
    g_mutex_unlock(&self->mutex);
    return n_dropped;
}

guint
omen_state_writer_get_n_waiting(OmenStateWriter *self)
{
    g_mutex_lock(&self->mutex);
    guint n_waiting = omen_state_queue_get_length(self->queue);
    g_mutex_unlock(&self->mutex);
    return n_waiting;
}

gboolean
omen_state_writer_stop(OmenStateWriter *self, guint timeout_ms)
{
    gint64 until = g_get_monotonic_time() + (gint64) timeout_ms * 1000;

    g_mutex_lock(&self->mutex);
    self->stopping = TRUE;
    g_cond_broadcast(&self->cond);
    while (!self->stopped && g_cond_wait_until(&self->cond, &self->mutex, until))
        ;
    gboolean stopped = self->stopped;
    g_mutex_unlock(&self->mutex);
    writer_unref(self);
    return stopped;
}

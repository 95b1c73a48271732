/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/reader.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_BATCHES_WAITING 8
#define MAX_NAME            255

/* A record as it stands in a batch: this, its identifier, its writer, its unit, its message. */
typedef struct {
    gint64 uptime_us;
    gint64 time_us;
    guint32 message_length;
    guint8 priority;
    guint8 origin;
    guint8 identifier_length;
    guint8 writer_length;
    guint8 unit_length;
} Header;

typedef struct {
    GByteArray *records;
    guint n_records;
    guint64 n_dropped;
    char *bookmark;
    char *problem; /* NULL: unchanged, "": none */
} Batch;

struct _OmenReader {
    gatomicrefcount references;
    OmenSource *source; /* not owned; main context only; NULL once stopped */
    GMainContext *context;
    OmenReaderFunc function;
    gpointer data;
    GDestroyNotify free_data;
    char *bookmark; /* main context only */

    GSource *delivery; /* for all batches: one each would cost more than a line */

    int wake_fd;       /* -1: another's thread */
    gint64 flushed_us; /* when records were handed over last; the thread's */
    gint64 gather_us;  /* the thread's */
    guint64 n_added;   /* the thread's */
    GMutex lock;
    GCond room;
    gboolean stopped;  /* under the lock */
    GQueue waiting;    /* Batch; under the lock */
    guint64 n_batches; /* under the lock */
    Batch *batch;      /* the thread's */
};

static Batch *
batch_new(void)
{
    Batch *self = g_new0(Batch, 1);

    self->records = g_byte_array_new();
    return self;
}

static void
batch_free(Batch *self)
{
    g_byte_array_unref(self->records);
    g_free(self->bookmark);
    g_free(self->problem);
    g_free(self);
}

OmenReader *
omen_reader_ref(OmenReader *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void
omen_reader_unref(OmenReader *self)
{
    if (!g_atomic_ref_count_dec(&self->references))
        return;
    batch_free(self->batch);
    while (!g_queue_is_empty(&self->waiting))
        batch_free(g_queue_pop_head(&self->waiting));
    g_source_unref(self->delivery);
    g_main_context_unref(self->context);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->room);
    if (self->wake_fd >= 0)
        close(self->wake_fd);
    g_free(self->bookmark);
    g_free(self);
}

static gpointer
run(gpointer user_data)
{
    OmenReader *self = user_data;

    self->function(self, self->data);
    if (self->free_data)
        self->free_data(self->data);
    omen_reader_unref(self);
    return NULL;
}

/* The next @length bytes; moves on behind them. */
static const char *
take_bytes(const guint8 **at, gsize length)
{
    const char *text = (const char *) *at;

    *at += length;
    return text;
}

static void
emit_records(OmenSource *source, const Batch *batch)
{
    const guint8 *at = batch->records->data;

    for (guint i = 0; i < batch->n_records; i++) {
        Header header;
        OmenRecord record = {0};

        memcpy(&header, at, sizeof header);
        at += sizeof header;
        record.time_us = header.time_us;
        record.uptime_us = header.uptime_us;
        record.priority = (OmenPriority) header.priority;
        record.origin = (OmenOrigin) header.origin;
        record.identifier_length = header.identifier_length;
        record.identifier = take_bytes(&at, header.identifier_length);
        record.writer_length = header.writer_length;
        record.writer = take_bytes(&at, header.writer_length);
        record.unit_length = header.unit_length;
        record.unit = take_bytes(&at, header.unit_length);
        record.message_length = header.message_length;
        record.message = take_bytes(&at, header.message_length);
        omen_source_emit(source, &record);
    }
}

static void
take_batch(OmenReader *self, Batch *batch)
{
    g_autoptr(OmenSource) source = self->source ? g_object_ref(self->source) : NULL;

    if (source) {
        emit_records(source, batch);
        omen_source_count_dropped(source, batch->n_dropped);
        if (batch->problem)
            omen_source_set_problem(source, *batch->problem ? batch->problem : NULL);
        if (batch->bookmark) {
            g_free(self->bookmark);
            self->bookmark = g_steal_pointer(&batch->bookmark);
        }
    }
    batch_free(batch);
}

static gboolean
deliver(gpointer user_data)
{
    OmenReader *self = omen_reader_ref(user_data);
    Batch *batch;

    g_mutex_lock(&self->lock);
    batch = g_queue_pop_head(&self->waiting);
    /* The next has its turn when others had theirs. */
    if (g_queue_is_empty(&self->waiting))
        g_source_set_ready_time(self->delivery, -1);
    g_cond_signal(&self->room);
    g_mutex_unlock(&self->lock);

    if (batch)
        take_batch(self, batch);
    omen_reader_unref(self);
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_delivery(GSource *source G_GNUC_UNUSED, GSourceFunc callback, gpointer user_data)
{
    return callback(user_data);
}

static const GSourceFuncs delivery_functions = {.dispatch = dispatch_delivery};

OmenReader *
omen_reader_new(OmenSource *source)
{
    OmenReader *self = g_new0(OmenReader, 1);

    g_atomic_ref_count_init(&self->references);
    g_mutex_init(&self->lock);
    g_cond_init(&self->room);
    self->source = source;
    self->context = g_main_context_ref_thread_default();
    self->wake_fd = -1;
    self->batch = batch_new();
    self->delivery = g_source_new((GSourceFuncs *) &delivery_functions, sizeof(GSource));
    g_source_set_callback(self->delivery, deliver, self, NULL);
    g_source_attach(self->delivery, self->context);
    return self;
}

OmenReader *
omen_reader_start(OmenSource *source,
                  const char *thread_name,
                  OmenReaderFunc function,
                  gpointer data,
                  GDestroyNotify free_data)
{
    OmenReader *self = omen_reader_new(source);

    self->function = function;
    self->data = data;
    self->free_data = free_data;
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g_thread_unref(g_thread_new(thread_name, run, omen_reader_ref(self)));
    return self;
}

void
omen_reader_set_urgent(OmenReader *self)
{
    g_source_set_priority(self->delivery, G_PRIORITY_HIGH);
}

void
omen_reader_stop(OmenReader *self)
{
    const guint64 one = 1;

    self->source = NULL;
    g_source_destroy(self->delivery);
    g_mutex_lock(&self->lock);
    self->stopped = TRUE;
    g_cond_broadcast(&self->room);
    g_mutex_unlock(&self->lock);
    /* An eventfd takes eight bytes or is full, and full wakes as well. */
    if (self->wake_fd >= 0)
        (void) !write(self->wake_fd, &one, sizeof one);
    omen_reader_unref(self);
}

char *
omen_reader_dup_bookmark(OmenReader *self)
{
    return g_strdup(self->bookmark);
}

guint64
omen_reader_get_n_batches(OmenReader *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);

    return self->n_batches;
}

void
omen_reader_tell_problem(OmenReader *self, const char *problem)
{
    if (self->source)
        omen_source_set_problem(self->source, problem);
}

gboolean
omen_reader_is_stopped(OmenReader *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);

    return self->stopped;
}

/* Where records came just now, more may be on their way. */
static void
gather(OmenReader *self)
{
    struct pollfd stop = {self->wake_fd, POLLIN, 0};
    gint64 rest_us = self->flushed_us + self->gather_us - g_get_monotonic_time();
    const struct timespec rest = {0, rest_us * 1000};

    if (rest_us > 0)
        ppoll(&stop, 1, &rest, NULL);
}

gboolean
omen_reader_wait(OmenReader *self, int fd, int timeout_ms)
{
    struct pollfd fds[] = {{self->wake_fd, POLLIN, 0}, {fd, POLLIN, 0}};

    gather(self);
    while (poll(fds, fd >= 0 ? 2 : 1, timeout_ms) < 0 && errno == EINTR)
        ;
    return !omen_reader_is_stopped(self);
}

void
omen_reader_add(OmenReader *self, const OmenRecord *record)
{
    Batch *batch = self->batch;
    Header header = {.time_us = record->time_us,
                     .uptime_us = record->uptime_us,
                     .message_length = (guint32) record->message_length,
                     .priority = (guint8) record->priority,
                     .origin = (guint8) record->origin,
                     .identifier_length = (guint8) MIN(record->identifier_length, MAX_NAME),
                     .writer_length = (guint8) MIN(record->writer_length, MAX_NAME),
                     .unit_length = (guint8) MIN(record->unit_length, MAX_NAME)};

    g_byte_array_append(batch->records, (const guint8 *) &header, sizeof header);
    g_byte_array_append(batch->records, (const guint8 *) record->identifier,
                        header.identifier_length);
    g_byte_array_append(batch->records, (const guint8 *) record->writer, header.writer_length);
    g_byte_array_append(batch->records, (const guint8 *) record->unit, header.unit_length);
    g_byte_array_append(batch->records, (const guint8 *) record->message, header.message_length);
    batch->n_records++;
    self->n_added++;
}

void
omen_reader_add_dropped(OmenReader *self, guint64 n)
{
    self->batch->n_dropped += n;
}

guint64
omen_reader_get_n_added(OmenReader *self)
{
    return self->n_added;
}

guint
omen_reader_get_batch_size(OmenReader *self)
{
    return self->batch->n_records;
}

/* Waits for room, unless the reader was stopped: then nobody takes it. */
static void
put_into_queue(OmenReader *self, Batch *batch)
{
    gboolean was_empty;

    g_mutex_lock(&self->lock);
    while (!self->stopped && self->waiting.length >= MAX_BATCHES_WAITING)
        g_cond_wait(&self->room, &self->lock);
    was_empty = g_queue_is_empty(&self->waiting);
    g_queue_push_tail(&self->waiting, batch);
    self->n_batches++;
    g_mutex_unlock(&self->lock);
    if (was_empty)
        g_source_set_ready_time(self->delivery, 0);
}

void
omen_reader_flush(OmenReader *self, char *bookmark)
{
    Batch *batch = self->batch;

    g_free(batch->bookmark);
    batch->bookmark = bookmark;
    if (batch->n_records == 0 && batch->n_dropped == 0 && !bookmark && !batch->problem)
        return;
    if (batch->n_records > 0) {
        self->flushed_us = g_get_monotonic_time();
        self->gather_us = omen_reader_get_gather_us(batch->n_records);
    }
    self->batch = batch_new();
    put_into_queue(self, batch);
}

void
omen_reader_set_problem(OmenReader *self, const char *problem)
{
    g_free(self->batch->problem);
    self->batch->problem = g_strdup(problem ? problem : "");
}

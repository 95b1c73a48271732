/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/guest-stream.h"

#include "hypervisor/libvirt-types.h"

#define READ_SIZE       16384
#define TURN_SIZE       8192 /* handed over at once; then others have their turn */
#define OPEN_DEADLINE_S 20

struct _OmenGuestStream {
    gatomicrefcount references; /* the owner's, libvirt's, and those of work under way */
    OmenWorkers *workers;
    GMainContext *context;
    OmenGuestStreamBytesFunc on_bytes;
    OmenGuestStreamChangeFunc on_change;
    gpointer user_data;
    gboolean is_closed; /* main context */
    virConnectPtr connection;
    char *uuid;
    char *port;
    GMutex lock; /* for what follows */
    virStreamPtr stream;
    GByteArray *pending;
    gboolean is_posted;
    gboolean is_discarding; /* ended, by either side: what comes is read and dropped */
    gboolean has_ended;
    OmenGuestStreamChange end;
};

/* On a worker thread: closing a connection asks libvirtd. */
static gpointer
free_work(gpointer data, GError **error G_GNUC_UNUSED)
{
    OmenGuestStream *self = data;

    if (self->stream)
        virStreamFree(self->stream);
    virConnectClose(self->connection);
    g_object_unref(self->workers);
    g_main_context_unref(self->context);
    g_byte_array_unref(self->pending);
    g_mutex_clear(&self->lock);
    g_free(self->uuid);
    g_free(self->port);
    g_free(self);
    return NULL;
}

static void
stream_unref(gpointer data)
{
    OmenGuestStream *self = data;

    if (g_atomic_ref_count_dec(&self->references))
        omen_workers_run_async(self->workers, NULL, free_work, self, NULL, NULL, 0, NULL, NULL);
}

static OmenGuestStream *
stream_ref(OmenGuestStream *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

static void
report(OmenGuestStream *self, OmenGuestStreamChange change, const char *problem)
{
    if (!self->is_closed)
        self->on_change(change, problem, self->user_data);
}

static void post(OmenGuestStream *self);

/* With the lock held: (transfer full): some of what came since. @is_over: no more will come. */
static GByteArray *
take_some(OmenGuestStream *self, gboolean *is_over)
{
    GByteArray *some = g_byte_array_new();

    self->is_posted = FALSE;
    if (self->is_closed)
        g_byte_array_set_size(self->pending, 0);
    g_byte_array_append(some, self->pending->data, MIN(self->pending->len, TURN_SIZE));
    g_byte_array_remove_range(self->pending, 0, some->len);
    *is_over = self->has_ended && self->pending->len == 0;
    if (self->pending->len > 0)
        post(self);
    return some;
}

/* Main context. */
static gboolean
deliver(gpointer user_data)
{
    OmenGuestStream *self = user_data;
    g_autoptr(GByteArray) bytes = NULL;
    gboolean is_over;

    g_mutex_lock(&self->lock);
    bytes = take_some(self, &is_over);
    g_mutex_unlock(&self->lock);

    if (bytes->len > 0 && !self->is_closed)
        self->on_bytes(bytes->data, bytes->len, self->user_data);
    if (is_over)
        report(self, self->end, NULL);
    return G_SOURCE_REMOVE;
}

/* With the lock held. Behind the host's own records. */
static void
post(OmenGuestStream *self)
{
    g_autoptr(GSource) source = NULL;

    if (self->is_posted)
        return;
    self->is_posted = TRUE;
    source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_LOW);
    g_source_set_callback(source, deliver, stream_ref(self), stream_unref);
    g_source_attach(source, self->context);
}

/* With the lock held. */
static void
end_with(OmenGuestStream *self, OmenGuestStreamChange end)
{
    if (self->is_discarding)
        return;
    self->is_discarding = TRUE;
    self->has_ended = TRUE;
    self->end = end;
    post(self);
}

static void
end_unlocked(OmenGuestStream *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);

    end_with(self, OMEN_GUEST_STREAM_ENDED);
}

/* On libvirt's thread. */
static void
on_readable(virStreamPtr stream, int events, void *opaque)
{
    OmenGuestStream *self = opaque;
    char bytes[READ_SIZE];
    int n = 0;

    while ((events & VIR_STREAM_EVENT_READABLE) &&
           (n = virStreamRecv(stream, bytes, READ_SIZE)) > 0) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);
        if (self->is_discarding)
            continue;
        if (self->pending->len + (guint) n > OMEN_GUEST_STREAM_MAX) {
            end_with(self, OMEN_GUEST_STREAM_FLOODED);
            continue;
        }
        g_byte_array_append(self->pending, (const guint8 *) bytes, (guint) n);
        post(self);
    }
    if (n == 0 && (events & VIR_STREAM_EVENT_READABLE))
        events |= VIR_STREAM_EVENT_HANGUP;
    if (n == -1 || (events & (VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR))) {
        gboolean is_removed = virStreamEventRemoveCallback(stream) == 0;
        end_unlocked(self);
        if (is_removed)
            stream_unref(self);
    }
}

/* On libvirt's thread. */
static void
on_removed(int timer, void *opaque)
{
    virEventRemoveTimeout(timer);
    stream_unref(opaque);
}

/* On a worker thread. Libvirt never calls the function that is to free a remote stream's data, and
 * its thread may be in on_readable() now: what that holds is dropped on the same thread, behind it.
 */
static void
remove_callback(OmenGuestStream *self)
{
    if (virStreamEventRemoveCallback(self->stream) == 0)
        virEventAddTimeout(0, on_removed, self, NULL);
}

/* FALSE: it was closed while libvirt opened it. */
static gboolean
keep_stream(OmenGuestStream *self, virStreamPtr stream)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);

    if (!self->is_discarding)
        self->stream = stream;
    return !self->is_discarding;
}

static gpointer
open_work(gpointer data, GError **error)
{
    OmenGuestStream *self = data;
    g_autoptr(OmenVirDomain) domain = virDomainLookupByUUIDString(self->connection, self->uuid);
    virStreamPtr stream = domain ? virStreamNew(self->connection, VIR_STREAM_NONBLOCK) : NULL;

    if (!stream || virDomainOpenChannel(domain, self->port, stream, 0) < 0) {
        omen_libvirt_set_error(error, "the guest's log channel can not be opened");
        if (stream)
            virStreamFree(stream);
        return NULL;
    }
    if (!keep_stream(self, stream)) {
        virStreamAbort(stream);
        virStreamFree(stream);
        return self;
    }
    if (virStreamEventAddCallback(
            stream, VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR,
            on_readable, stream_ref(self), NULL) < 0) {
        omen_libvirt_set_error(error, "the guest's log channel can not be read");
        stream_unref(self);
        return NULL;
    }
    return self;
}

static gpointer
abort_work(gpointer data, GError **error G_GNUC_UNUSED)
{
    OmenGuestStream *self = data;

    remove_callback(self);
    virStreamAbort(self->stream);
    return NULL;
}

static void
abort_later(OmenGuestStream *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);

    if (self->stream)
        omen_workers_run_async(self->workers, NULL, abort_work, stream_ref(self), stream_unref,
                               NULL, 0, NULL, NULL);
}

static void
on_opened(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    OmenGuestStream *self = user_data;
    g_autoptr(GError) error = NULL;

    if (!omen_workers_run_finish(result, &error))
        report(self, OMEN_GUEST_STREAM_FAILED, error->message);
    else if (self->is_closed)
        abort_later(self);
    else
        report(self, OMEN_GUEST_STREAM_OPENED, NULL);
    stream_unref(self);
}

OmenGuestStream *
omen_guest_stream_open(OmenHypervisor *hypervisor,
                       const char *uuid,
                       const char *port,
                       OmenGuestStreamBytesFunc on_bytes,
                       OmenGuestStreamChangeFunc on_change,
                       gpointer user_data)
{
    virConnectPtr connection = omen_hypervisor_ref_connection(hypervisor);
    OmenGuestStream *self;

    if (!connection)
        return NULL;
    self = g_new0(OmenGuestStream, 1);
    g_atomic_ref_count_init(&self->references);
    g_mutex_init(&self->lock);
    self->connection = connection;
    self->workers = g_object_ref(omen_hypervisor_get_workers(hypervisor));
    self->context = g_main_context_ref_thread_default();
    self->pending = g_byte_array_new();
    self->uuid = g_strdup(uuid);
    self->port = g_strdup(port);
    self->on_bytes = on_bytes;
    self->on_change = on_change;
    self->user_data = user_data;
    omen_workers_run_async(self->workers, NULL, open_work, stream_ref(self), stream_unref, NULL,
                           OPEN_DEADLINE_S, on_opened, stream_ref(self));
    return self;
}

void
omen_guest_stream_close(OmenGuestStream *self)
{
    self->is_closed = TRUE;
    g_mutex_lock(&self->lock);
    self->is_discarding = TRUE;
    g_mutex_unlock(&self->lock);
    abort_later(self);
    stream_unref(self);
}

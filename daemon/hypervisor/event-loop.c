/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/event-loop.h"

#include <glib-unix.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* A file descriptor or a timer that libvirt wants watched. */
typedef struct {
    int id;
    int fd;
    GSource *source; /* NULL while disabled */
    virEventHandleCallback on_handle;
    virEventTimeoutCallback on_timeout;
    void *opaque;
    virFreeCallback free_opaque;
} Watch;

typedef struct {
    GMutex lock;
    GMainContext *context;
    GHashTable *watches; /* id -> Watch */
    int last_id;
} EventLoop;

/* virEventRegisterImpl() takes no pointer of ours. */
static EventLoop event_loop;

static GIOCondition
condition_from_events(int events)
{
    GIOCondition condition = 0;

    if (events & VIR_EVENT_HANDLE_READABLE)
        condition |= G_IO_IN;
    if (events & VIR_EVENT_HANDLE_WRITABLE)
        condition |= G_IO_OUT;
    if (events & VIR_EVENT_HANDLE_ERROR)
        condition |= G_IO_ERR;
    if (events & VIR_EVENT_HANDLE_HANGUP)
        condition |= G_IO_HUP;
    return condition;
}

static int
events_from_condition(GIOCondition condition)
{
    int events = 0;

    if (condition & G_IO_IN)
        events |= VIR_EVENT_HANDLE_READABLE;
    if (condition & G_IO_OUT)
        events |= VIR_EVENT_HANDLE_WRITABLE;
    if (condition & (G_IO_ERR | G_IO_NVAL))
        events |= VIR_EVENT_HANDLE_ERROR;
    if (condition & G_IO_HUP)
        events |= VIR_EVENT_HANDLE_HANGUP;
    return events;
}

/* Copies the watch of @id, so that its callback can be called without the lock: libvirt calls back
 * into this file from there. What is freed after a removal is freed by this same thread later, so
 * the copy stays good. */
static gboolean
copy_watch(int id, Watch *out)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&event_loop.lock);
    const Watch *watch = g_hash_table_lookup(event_loop.watches, GINT_TO_POINTER(id));

    if (!watch)
        return FALSE;
    *out = *watch;
    return TRUE;
}

static gboolean
on_fd_ready(int fd, GIOCondition condition, gpointer user_data)
{
    Watch watch;

    if (copy_watch(GPOINTER_TO_INT(user_data), &watch))
        watch.on_handle(watch.id, fd, events_from_condition(condition), watch.opaque);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_time(gpointer user_data)
{
    Watch watch;

    if (copy_watch(GPOINTER_TO_INT(user_data), &watch))
        watch.on_timeout(watch.id, watch.opaque);
    return G_SOURCE_CONTINUE;
}

static void
disable(Watch *watch)
{
    if (!watch->source)
        return;
    g_source_destroy(watch->source);
    g_clear_pointer(&watch->source, g_source_unref);
}

static void
enable(Watch *watch, GSource *source, GSourceFunc function)
{
    watch->source = source;
    g_source_set_callback(source, function, GINT_TO_POINTER(watch->id), NULL);
    g_source_attach(source, event_loop.context);
}

static void
watch_fd(Watch *watch, int events)
{
    disable(watch);
    if (events != 0)
        enable(watch, g_unix_fd_source_new(watch->fd, condition_from_events(events)),
               G_SOURCE_FUNC(on_fd_ready));
}

/* @frequency_ms: -1: not at all, 0: in each turn of the loop. */
static void
watch_time(Watch *watch, int frequency_ms)
{
    disable(watch);
    if (frequency_ms >= 0)
        enable(watch, g_timeout_source_new((guint) frequency_ms), on_time);
}

static Watch *
add_watch(int fd, void *opaque, virFreeCallback free_opaque)
{
    Watch *watch = g_new0(Watch, 1);

    watch->id = ++event_loop.last_id;
    watch->fd = fd;
    watch->opaque = opaque;
    watch->free_opaque = free_opaque;
    g_hash_table_insert(event_loop.watches, GINT_TO_POINTER(watch->id), watch);
    return watch;
}

static int
add_handle(int fd, int events, virEventHandleCallback callback, void *opaque, virFreeCallback ff)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&event_loop.lock);
    Watch *watch = add_watch(fd, opaque, ff);

    watch->on_handle = callback;
    watch_fd(watch, events);
    return watch->id;
}

static void
update_handle(int id, int events)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&event_loop.lock);
    Watch *watch = g_hash_table_lookup(event_loop.watches, GINT_TO_POINTER(id));

    if (watch)
        watch_fd(watch, events);
}

static int
add_timeout(int frequency_ms, virEventTimeoutCallback callback, void *opaque, virFreeCallback ff)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&event_loop.lock);
    Watch *watch = add_watch(-1, opaque, ff);

    watch->on_timeout = callback;
    watch_time(watch, frequency_ms);
    return watch->id;
}

static void
update_timeout(int id, int frequency_ms)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&event_loop.lock);
    Watch *watch = g_hash_table_lookup(event_loop.watches, GINT_TO_POINTER(id));

    if (watch)
        watch_time(watch, frequency_ms);
}

static gboolean
on_free(gpointer user_data)
{
    Watch *watch = user_data;

    if (watch->free_opaque)
        watch->free_opaque(watch->opaque);
    g_free(watch);
    return G_SOURCE_REMOVE;
}

/* libvirt may hold its own locks here, and its free function takes them: that is called later, from
 * the loop. */
static int
remove_watch(int id)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&event_loop.lock);
    g_autoptr(GSource) source = NULL;
    Watch *watch = g_hash_table_lookup(event_loop.watches, GINT_TO_POINTER(id));

    if (!watch)
        return -1;
    g_hash_table_remove(event_loop.watches, GINT_TO_POINTER(id));
    disable(watch);
    source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, on_free, watch, NULL);
    g_source_attach(source, event_loop.context);
    return 0;
}

static gpointer
run(gpointer data G_GNUC_UNUSED)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(event_loop.context, FALSE);

    g_main_loop_run(loop);
    return NULL;
}

/* libvirt prints its errors unless someone else takes them; here they are GErrors. */
static void
ignore_error(void *user_data G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

static gpointer
start_once(gpointer data G_GNUC_UNUSED)
{
    virSetErrorFunc(NULL, ignore_error);
    g_mutex_init(&event_loop.lock);
    event_loop.context = g_main_context_new();
    event_loop.watches = g_hash_table_new(NULL, NULL);
    virEventRegisterImpl(add_handle, update_handle, remove_watch, add_timeout, update_timeout,
                         remove_watch);
    g_thread_unref(g_thread_new("libvirt-events", run, NULL));
    return NULL;
}

void
omen_event_loop_start(void)
{
    static GOnce once = G_ONCE_INIT;

    g_once(&once, start_once, NULL);
}

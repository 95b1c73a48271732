/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/file-watcher.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#define LOOK_US      G_USEC_PER_SEC /* how often all is looked at */
#define UNTOLD_US    (250 * 1000)   /* the same where inotify is not to be had */
#define FOLDER_MASK  (IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define EVENTS_BYTES 16384

/* A followed file; the thread's own. */
typedef struct {
    OmenReader *reader;
    OmenFileTail *tail;
    char *folder;
    char *name;
    int folder_watch;     /* -1: none */
    int file_watch;       /* -1: none */
    guint watched_opened; /* which of the tail's files @file_watch is of */
    guint news;           /* OmenFileNews */
} Entry;

struct _OmenFileWatcher {
    gatomicrefcount references;
    int wake_fd;
    GMutex lock;
    GPtrArray *added;  /* Entry; under the lock */
    gboolean running;  /* under the lock */
    gboolean stopping; /* under the lock */

    /* The thread's own. */
    GPtrArray *entries; /* Entry */
    int notify_fd;
    gint64 looked_us;
    gint64 read_us;
    guint64 n_lines; /* of the last time that something was told */
    char *chunk;
};

static void
entry_free(Entry *self)
{
    omen_file_tail_free(self->tail);
    omen_reader_unref(self->reader);
    g_free(self->folder);
    g_free(self->name);
    g_free(self);
}

OmenFileWatcher *
omen_file_watcher_new(void)
{
    OmenFileWatcher *self = g_new0(OmenFileWatcher, 1);

    g_atomic_ref_count_init(&self->references);
    g_mutex_init(&self->lock);
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->added = g_ptr_array_new_with_free_func((GDestroyNotify) entry_free);
    self->entries = g_ptr_array_new_with_free_func((GDestroyNotify) entry_free);
    self->notify_fd = -1;
    return self;
}

OmenFileWatcher *
omen_file_watcher_ref(OmenFileWatcher *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

static void
watcher_free(OmenFileWatcher *self)
{
    g_ptr_array_unref(self->added);
    g_ptr_array_unref(self->entries);
    g_mutex_clear(&self->lock);
    if (self->notify_fd >= 0)
        close(self->notify_fd);
    close(self->wake_fd);
    g_free(self->chunk);
    g_free(self);
}

void
omen_file_watcher_wake(OmenFileWatcher *self)
{
    const guint64 one = 1;

    /* An eventfd takes eight bytes or is full, and full wakes as well. */
    (void) !write(self->wake_fd, &one, sizeof one);
}

void
omen_file_watcher_unref(OmenFileWatcher *self)
{
    gboolean running;

    if (!g_atomic_ref_count_dec(&self->references))
        return;
    g_mutex_lock(&self->lock);
    running = self->running;
    self->stopping = TRUE;
    /* Under the lock: the thread frees all this once it knows. */
    omen_file_watcher_wake(self);
    g_mutex_unlock(&self->lock);
    if (!running)
        watcher_free(self);
}

/* ---- what inotify tells ---- */

/* Nobody else's watch is taken away: two entries may have the same folder, or file. */
static void
remove_watch(OmenFileWatcher *self, Entry *entry, int watch)
{
    for (guint i = 0; i < self->entries->len; i++) {
        const Entry *other = g_ptr_array_index(self->entries, i);
        if (other != entry && (other->folder_watch == watch || other->file_watch == watch))
            return;
    }
    if (watch >= 0)
        inotify_rm_watch(self->notify_fd, watch);
}

static void
watch_folder(OmenFileWatcher *self, Entry *entry)
{
    if (entry->folder_watch >= 0 || self->notify_fd < 0)
        return;
    entry->folder_watch = inotify_add_watch(self->notify_fd, entry->folder, FOLDER_MASK);
    entry->news |= entry->folder_watch >= 0 ? OMEN_FILE_ANY : 0;
}

/* The open file itself, whatever its name is by now. */
static void
watch_file(OmenFileWatcher *self, Entry *entry)
{
    guint opened = omen_file_tail_get_n_opened(entry->tail);
    int fd = omen_file_tail_get_fd(entry->tail);
    char path[64];
    int old = entry->file_watch;

    if (self->notify_fd < 0 || (entry->watched_opened == opened && (fd < 0 || old >= 0)))
        return;
    entry->watched_opened = opened;
    entry->file_watch = -1;
    if (fd >= 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        entry->file_watch = inotify_add_watch(self->notify_fd, path, IN_MODIFY);
        /* What was written before it was watched. */
        entry->news |= OMEN_FILE_WRITTEN;
    }
    if (old != entry->file_watch)
        remove_watch(self, entry, old);
}

static gboolean
is_told(const Entry *entry)
{
    return entry->folder_watch >= 0 &&
           (omen_file_tail_get_fd(entry->tail) < 0 || entry->file_watch >= 0);
}

static void
take_event(OmenFileWatcher *self, const struct inotify_event *event)
{
    for (guint i = 0; i < self->entries->len; i++) {
        Entry *entry = g_ptr_array_index(self->entries, i);
        if (event->mask & IN_Q_OVERFLOW) {
            entry->news |= OMEN_FILE_ANY;
        } else if (event->wd == entry->file_watch) {
            if (event->mask & IN_IGNORED)
                entry->file_watch = -1;
            else
                entry->news |= OMEN_FILE_WRITTEN;
        } else if (event->wd == entry->folder_watch) {
            if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
                entry->folder_watch = -1;
            else if (event->len > 0 && g_str_equal(event->name, entry->name))
                entry->news |= OMEN_FILE_ANY;
        }
    }
}

/* FALSE: nothing was told. */
static gboolean
take_events(OmenFileWatcher *self)
{
    char events[EVENTS_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
    gboolean is_told = FALSE;
    ssize_t length;

    do {
        length = read(self->notify_fd, events, sizeof events);
        for (char *at = events; length > 0 && at < events + length;) {
            const struct inotify_event *event = (const struct inotify_event *) at;
            take_event(self, event);
            at += sizeof *event + event->len;
            is_told = TRUE;
        }
    } while (length > EVENTS_BYTES / 2);
    return is_told;
}

/* ---- the thread ---- */

/* How long nothing has to be done, if nothing is told. */
static gint64
get_patience_us(const OmenFileWatcher *self)
{
    gint64 period_us = LOOK_US;

    for (guint i = 0; i < self->entries->len; i++) {
        const Entry *entry = g_ptr_array_index(self->entries, i);
        if (entry->news)
            return 0;
        if (!is_told(entry))
            period_us = UNTOLD_US;
    }
    return MAX(self->looked_us + period_us - g_get_monotonic_time(), 0);
}

static void
wait_for(int wake_fd, int notify_fd, gint64 patience_us, gboolean *notified)
{
    struct pollfd fds[] = {{wake_fd, POLLIN, 0}, {notify_fd, POLLIN, 0}};
    const struct timespec patience = {patience_us / G_USEC_PER_SEC,
                                      patience_us % G_USEC_PER_SEC * 1000};

    if (ppoll(fds, notify_fd >= 0 ? 2 : 1, &patience, NULL) > 0 && fds[1].revents)
        *notified = TRUE;
}

/* Where lines came just now, others gather: their writer wakes nobody meanwhile. TRUE: some
 * did. */
static gboolean
gather(OmenFileWatcher *self)
{
    gint64 rest_us =
        self->read_us + omen_reader_get_gather_us(self->n_lines) - g_get_monotonic_time();

    if (rest_us <= 0)
        return FALSE;
    wait_for(self->wake_fd, -1, rest_us, &(gboolean){FALSE});
    return take_events(self);
}

/* Waits until something is to be done. */
static void
wait_for_news(OmenFileWatcher *self)
{
    gint64 patience_us = get_patience_us(self);
    gboolean notified = FALSE;
    guint64 count;

    if (patience_us > 0 && gather(self)) {
        notified = TRUE;
    } else {
        wait_for(self->wake_fd, self->notify_fd, patience_us, &notified);
        if (notified)
            take_events(self);
    }
    if (notified) {
        self->read_us = g_get_monotonic_time();
        self->n_lines = 0;
        return;
    }
    (void) !read(self->wake_fd, &count, sizeof count);
    if (g_get_monotonic_time() < self->looked_us + UNTOLD_US)
        return;
    self->looked_us = g_get_monotonic_time();
    for (guint i = 0; i < self->entries->len; i++) {
        Entry *entry = g_ptr_array_index(self->entries, i);
        /* One that is not there is told of by its folder. */
        if (omen_file_tail_get_fd(entry->tail) >= 0 || !is_told(entry))
            entry->news |= OMEN_FILE_ANY;
    }
}

static void
follow(OmenFileWatcher *self, Entry *entry)
{
    watch_folder(self, entry);
    if (entry->news) {
        guint news = entry->news;
        guint64 before = omen_reader_get_n_added(entry->reader);
        entry->news = 0;
        if (omen_file_tail_step(entry->tail, entry->reader, news, self->chunk))
            entry->news |= news;
        self->n_lines += omen_reader_get_n_added(entry->reader) - before;
    }
    watch_file(self, entry);
}

/* Takes what was added, and lets go of what was stopped. FALSE: it is over. */
static gboolean
take_stock(OmenFileWatcher *self)
{
    gboolean stopping;

    g_mutex_lock(&self->lock);
    stopping = self->stopping;
    while (self->added->len > 0)
        g_ptr_array_add(self->entries, g_ptr_array_steal_index(self->added, self->added->len - 1));
    g_mutex_unlock(&self->lock);
    for (guint i = self->entries->len; i > 0; i--) {
        Entry *entry = g_ptr_array_index(self->entries, i - 1);
        if (!omen_reader_is_stopped(entry->reader))
            continue;
        remove_watch(self, entry, entry->file_watch);
        remove_watch(self, entry, entry->folder_watch);
        g_ptr_array_remove_index_fast(self->entries, i - 1);
    }
    return !stopping;
}

static gpointer
run(gpointer user_data)
{
    OmenFileWatcher *self = user_data;

    self->notify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    self->chunk = g_malloc(OMEN_FILE_TAIL_CHUNK);
    while (take_stock(self)) {
        for (guint i = 0; i < self->entries->len; i++)
            follow(self, g_ptr_array_index(self->entries, i));
        wait_for_news(self);
    }
    watcher_free(self);
    return NULL;
}

void
omen_file_watcher_add(OmenFileWatcher *self, OmenReader *reader, OmenFileTail *tail)
{
    Entry *entry = g_new0(Entry, 1);
    const char *path = omen_file_tail_get_path(tail);

    entry->reader = omen_reader_ref(reader);
    entry->tail = tail;
    entry->folder = g_path_get_dirname(path);
    entry->name = g_path_get_basename(path);
    entry->folder_watch = entry->file_watch = -1;
    entry->news = OMEN_FILE_ANY;
    g_mutex_lock(&self->lock);
    g_ptr_array_add(self->added, entry);
    if (!self->running)
        g_thread_unref(g_thread_new("files", run, self));
    self->running = TRUE;
    g_mutex_unlock(&self->lock);
    omen_file_watcher_wake(self);
}

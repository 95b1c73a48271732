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
#define HUNG_S       2  /* that a thread is at one file, and it may be twice that */
#define MAX_THREADS  16 /* of files that hang, and one */

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
    gboolean hung;        /* and it was told; under the lock */
} Entry;

/* A thread, and the files that it follows. */
typedef struct {
    int wake_fd;
    GMutex lock;
    GPtrArray *entries; /* Entry; the thread's own, but for what is taken from it while it hangs */
    GPtrArray *added;   /* Entry; under the lock */
    Entry *busy;        /* that it is at; under the lock; NULL: at none */
    guint64 n_steps;    /* under the lock */
    gboolean running;   /* under the lock */
    gboolean stopping;  /* under the lock */

    /* The thread's own. */
    int notify_fd;
    gint64 looked_us;
    gint64 read_us;
    guint64 n_lines; /* of the last time that something was told */
    char *chunk;
} Worker;

struct _OmenFileWatcher {
    gatomicrefcount references;
    GPtrArray *workers; /* Worker, not owned; the last follows all but what hung */
    guint64 seen_step;  /* of the last one; 0: it was at none */
    guint look_source;
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

static Worker *
worker_new(void)
{
    Worker *self = g_new0(Worker, 1);

    g_mutex_init(&self->lock);
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->added = g_ptr_array_new_with_free_func((GDestroyNotify) entry_free);
    self->entries = g_ptr_array_new_with_free_func((GDestroyNotify) entry_free);
    self->notify_fd = -1;
    return self;
}

static void
worker_free(Worker *self)
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

static void
worker_wake(Worker *self)
{
    const guint64 one = 1;

    /* An eventfd takes eight bytes or is full, and full wakes as well. */
    (void) !write(self->wake_fd, &one, sizeof one);
}

static void
worker_stop(Worker *self)
{
    gboolean running;

    g_mutex_lock(&self->lock);
    running = self->running;
    self->stopping = TRUE;
    /* Under the lock: the thread frees all this once it knows. */
    worker_wake(self);
    g_mutex_unlock(&self->lock);
    if (!running)
        worker_free(self);
}

/* ---- what inotify tells ---- */

/* Nobody else's watch is taken away: two entries may have the same folder, or file. */
static void
remove_watch(Worker *self, Entry *entry, int watch)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);

    for (guint i = 0; i < self->entries->len; i++) {
        const Entry *other = g_ptr_array_index(self->entries, i);
        if (other != entry && (other->folder_watch == watch || other->file_watch == watch))
            return;
    }
    if (watch >= 0)
        inotify_rm_watch(self->notify_fd, watch);
}

static void
watch_folder(Worker *self, Entry *entry)
{
    if (entry->folder_watch >= 0 || self->notify_fd < 0)
        return;
    entry->folder_watch = inotify_add_watch(self->notify_fd, entry->folder, FOLDER_MASK);
    entry->news |= entry->folder_watch >= 0 ? OMEN_FILE_ANY : 0;
}

/* The open file itself, whatever its name is by now. */
static void
watch_file(Worker *self, Entry *entry)
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
take_event(Worker *self, const struct inotify_event *event)
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
take_events(Worker *self)
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
get_patience_us(const Worker *self)
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
gather(Worker *self)
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
wait_for_news(Worker *self)
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
step(Worker *self, Entry *entry)
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

/* What may hang on a dead disk; others than @entry may be gone afterwards. */
static void
follow(Worker *self, Entry *entry)
{
    gboolean hung;

    if (!entry->news && is_told(entry))
        return;
    g_mutex_lock(&self->lock);
    self->busy = entry;
    self->n_steps++;
    g_mutex_unlock(&self->lock);
    step(self, entry);
    g_mutex_lock(&self->lock);
    self->busy = NULL;
    hung = entry->hung;
    entry->hung = FALSE;
    g_mutex_unlock(&self->lock);
    if (hung && omen_file_tail_get_fd(entry->tail) >= 0) {
        omen_reader_set_problem(entry->reader, NULL);
        omen_reader_flush(entry->reader, NULL);
    }
}

/* Takes what was added, and lets go of what was stopped. FALSE: it is over. */
static gboolean
take_stock(Worker *self)
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
    Worker *self = user_data;

    self->notify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    self->chunk = g_malloc(OMEN_FILE_TAIL_CHUNK);
    while (take_stock(self)) {
        for (guint i = 0; i < self->entries->len; i++)
            follow(self, g_ptr_array_index(self->entries, i));
        wait_for_news(self);
    }
    worker_free(self);
    return NULL;
}

/* ---- the main context's side ---- */

static Worker *
get_current(OmenFileWatcher *self)
{
    return g_ptr_array_index(self->workers, self->workers->len - 1);
}

/* Under the lock of @self, or before it has one to share it with. */
static void
start_thread(Worker *self)
{
    if (!self->running)
        g_thread_unref(g_thread_new("files", run, self));
    self->running = TRUE;
}

/* (transfer full): what was not begun goes to a thread that does not hang; @self keeps the file
 * that it hangs at. Under its lock. */
static Worker *
part_from_hung(Worker *self)
{
    Worker *next = worker_new();

    for (guint i = self->entries->len; i > 0; i--) {
        Entry *entry = g_ptr_array_index(self->entries, i - 1);
        if (entry == self->busy)
            continue;
        entry->folder_watch = entry->file_watch = -1;
        entry->news = OMEN_FILE_ANY;
        g_ptr_array_add(next->added, g_ptr_array_steal_index(self->entries, i - 1));
    }
    while (self->added->len > 0)
        g_ptr_array_add(next->added, g_ptr_array_steal_index(self->added, self->added->len - 1));
    if (next->added->len > 0)
        start_thread(next);
    return next;
}

/* Where a thread is, in a number that changes with all that it does; 0: it waits for news. Under
 * the lock. */
static guint64
get_step(const Worker *self)
{
    return self->busy ? self->n_steps << 32 | omen_reader_get_n_batches(self->busy->reader) : 0;
}

/* A thread that is where it was the last time hangs. */
static gboolean
look_for_hung(gpointer user_data)
{
    OmenFileWatcher *self = user_data;
    Worker *current = get_current(self);
    Worker *next = NULL;
    OmenReader *hung = NULL;
    guint64 step;

    g_mutex_lock(&current->lock);
    step = get_step(current);
    if (step != 0 && step == self->seen_step && !current->busy->hung) {
        current->busy->hung = TRUE;
        hung = omen_reader_ref(current->busy->reader);
        next = self->workers->len < MAX_THREADS ? part_from_hung(current) : NULL;
    }
    g_mutex_unlock(&current->lock);
    self->seen_step = next ? 0 : step;
    if (next)
        g_ptr_array_add(self->workers, next);
    if (hung) {
        omen_reader_tell_problem(hung, "it hangs: does its disk or file server answer?");
        omen_reader_unref(hung);
    }
    return G_SOURCE_CONTINUE;
}

OmenFileWatcher *
omen_file_watcher_new(void)
{
    OmenFileWatcher *self = g_new0(OmenFileWatcher, 1);

    g_atomic_ref_count_init(&self->references);
    self->workers = g_ptr_array_new();
    g_ptr_array_add(self->workers, worker_new());
    return self;
}

OmenFileWatcher *
omen_file_watcher_ref(OmenFileWatcher *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void
omen_file_watcher_unref(OmenFileWatcher *self)
{
    if (!g_atomic_ref_count_dec(&self->references))
        return;
    g_clear_handle_id(&self->look_source, g_source_remove);
    for (guint i = 0; i < self->workers->len; i++)
        worker_stop(g_ptr_array_index(self->workers, i));
    g_ptr_array_unref(self->workers);
    g_free(self);
}

void
omen_file_watcher_wake(OmenFileWatcher *self)
{
    for (guint i = 0; i < self->workers->len; i++)
        worker_wake(g_ptr_array_index(self->workers, i));
}

void
omen_file_watcher_add(OmenFileWatcher *self, OmenReader *reader, OmenFileTail *tail)
{
    Worker *current = get_current(self);
    Entry *entry = g_new0(Entry, 1);
    const char *path = omen_file_tail_get_path(tail);

    entry->reader = omen_reader_ref(reader);
    entry->tail = tail;
    entry->folder = g_path_get_dirname(path);
    entry->name = g_path_get_basename(path);
    entry->folder_watch = entry->file_watch = -1;
    entry->news = OMEN_FILE_ANY;
    g_mutex_lock(&current->lock);
    g_ptr_array_add(current->added, entry);
    start_thread(current);
    g_mutex_unlock(&current->lock);
    worker_wake(current);
    if (self->look_source == 0)
        self->look_source = g_timeout_add_seconds(HUNG_S, look_for_hung, self);
}

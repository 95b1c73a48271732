/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/file-tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK        65536
#define MAX_BATCH    512
#define POLL_MS      1000
#define NO_NOTIFY_MS 250

struct _OmenFileTail {
    char *path;
    OmenFileLineFunc parse;
    int notify_fd;
    gboolean is_notified; /* the folder is watched */

    int fd; /* -1: none open */
    dev_t device;
    ino_t inode;
    off_t read_to;       /* bytes read */
    off_t handed_to;     /* bytes of whole lines */
    GByteArray *line;    /* the beginning of a line whose end is not there yet */
    gboolean skipping;   /* the rest of a line that was cut */
    gboolean from_start; /* the next file that appears is new: read it whole */

    gboolean has_bookmark;
    guint64 bookmark_device;
    guint64 bookmark_inode;
    guint64 bookmark_offset;
};

OmenFileTail *
omen_file_tail_new(const char *path, OmenFileLineFunc parse, const char *bookmark)
{
    OmenFileTail *self = g_new0(OmenFileTail, 1);

    self->path = g_strdup(path);
    self->parse = parse;
    self->fd = -1;
    self->notify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    self->line = g_byte_array_new();
    self->has_bookmark =
        bookmark &&
        sscanf(bookmark, "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
               &self->bookmark_device, &self->bookmark_inode, &self->bookmark_offset) == 3;
    return self;
}

static void
close_file(OmenFileTail *self)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
    self->read_to = self->handed_to = 0;
    self->skipping = FALSE;
    g_byte_array_set_size(self->line, 0);
}

void
omen_file_tail_free(gpointer data)
{
    OmenFileTail *self = data;

    close_file(self);
    if (self->notify_fd >= 0)
        close(self->notify_fd);
    g_byte_array_unref(self->line);
    g_free(self->path);
    g_free(self);
}

static char *
describe_place(const OmenFileTail *self)
{
    if (self->fd < 0)
        return NULL;
    return g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                           (guint64) self->device, (guint64) self->inode,
                           (guint64) self->handed_to);
}

static void
hand_over_line(OmenFileTail *self, OmenReader *reader, const char *line, gsize length)
{
    OmenRecord record = {.priority = OMEN_PRIORITY_INFO, .identifier = ""};

    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length == 0)
        return;
    self->parse(line, length, &record);
    omen_reader_add(reader, &record);
    if (omen_reader_get_batch_size(reader) >= MAX_BATCH)
        omen_reader_flush(reader, describe_place(self));
}

/* A piece without a line feed: kept, up to the limit. */
static void
keep_piece(OmenFileTail *self, OmenReader *reader, const char *piece, gsize length)
{
    gsize room = OMEN_FILE_LINE_MAX - self->line->len;

    if (self->skipping)
        return;
    g_byte_array_append(self->line, (const guint8 *) piece, (guint) MIN(length, room));
    if (length > room) {
        hand_over_line(self, reader, (const char *) self->line->data, self->line->len);
        g_byte_array_set_size(self->line, 0);
        omen_reader_add_dropped(reader, 1);
        self->skipping = TRUE;
    }
}

static void
end_line(OmenFileTail *self, OmenReader *reader, const char *piece, gsize length)
{
    if (self->skipping) {
        self->skipping = FALSE;
        return;
    }
    if (self->line->len == 0 && length <= OMEN_FILE_LINE_MAX) {
        hand_over_line(self, reader, piece, length);
        return;
    }
    keep_piece(self, reader, piece, length);
    if (!self->skipping)
        hand_over_line(self, reader, (const char *) self->line->data, self->line->len);
    self->skipping = FALSE;
    g_byte_array_set_size(self->line, 0);
}

static void
take_chunk(OmenFileTail *self, OmenReader *reader, const char *chunk, gsize length)
{
    const char *end = chunk + length;

    while (chunk < end) {
        const char *feed = memchr(chunk, '\n', (gsize) (end - chunk));
        if (!feed) {
            keep_piece(self, reader, chunk, (gsize) (end - chunk));
            self->read_to += end - chunk;
            return;
        }
        self->read_to += feed + 1 - chunk;
        self->handed_to = self->read_to;
        end_line(self, reader, chunk, (gsize) (feed - chunk));
        chunk = feed + 1;
    }
}

/* Reads to the end of the open file. FALSE: it can't be read, or the reader was stopped. */
static gboolean
read_to_end(OmenFileTail *self, OmenReader *reader)
{
    g_autofree char *chunk = g_malloc(CHUNK);
    ssize_t length;

    while ((length = read(self->fd, chunk, CHUNK)) != 0) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0) {
            g_autofree char *problem =
                g_strdup_printf("cannot read %s: %s", self->path, g_strerror(errno));
            omen_reader_set_problem(reader, problem);
            omen_reader_flush(reader, NULL);
            return FALSE;
        }
        take_chunk(self, reader, chunk, (gsize) length);
        if (omen_reader_is_stopped(reader))
            return FALSE;
    }
    if (omen_reader_get_batch_size(reader) > 0)
        omen_reader_flush(reader, describe_place(self));
    return TRUE;
}

static gboolean
open_at(OmenFileTail *self, const char *path, struct stat *status)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return FALSE;
    if (fstat(fd, status) < 0 || !S_ISREG(status->st_mode)) {
        close(fd);
        errno = EINVAL;
        return FALSE;
    }
    close_file(self);
    self->fd = fd;
    self->device = status->st_dev;
    self->inode = status->st_ino;
    return TRUE;
}

static void
seek_to(OmenFileTail *self, off_t offset)
{
    self->read_to = self->handed_to = lseek(self->fd, offset, SEEK_SET);
}

static gboolean
is_bookmarked(const OmenFileTail *self, const struct stat *status)
{
    return self->has_bookmark && (guint64) status->st_dev == self->bookmark_device &&
           (guint64) status->st_ino == self->bookmark_inode;
}

/* What was written to the bookmarked file after the bookmark, and then rotated away. */
static void
catch_up(OmenFileTail *self, OmenReader *reader)
{
    g_autofree char *rotated = g_strconcat(self->path, ".1", NULL);
    struct stat status;

    if (stat(rotated, &status) < 0 || !is_bookmarked(self, &status) ||
        !open_at(self, rotated, &status))
        return;
    seek_to(self, (off_t) self->bookmark_offset);
    read_to_end(self, reader);
    close_file(self);
}

static void
tell_open_problem(OmenFileTail *self, OmenReader *reader)
{
    g_autofree char *problem = NULL;

    if (errno == ENOENT)
        problem = g_strdup_printf("%s does not exist yet; it is waited for", self->path);
    else if (errno == EINVAL)
        problem = g_strdup_printf("%s is not a plain file", self->path);
    else
        problem =
            g_strdup_printf("cannot open %s: %s; it is tried again", self->path, g_strerror(errno));
    omen_reader_set_problem(reader, problem);
    omen_reader_flush(reader, NULL);
}

/* Opens the file at its path, and goes to where reading has to begin. */
static gboolean
open_file(OmenFileTail *self, OmenReader *reader)
{
    struct stat status;

    if (!open_at(self, self->path, &status)) {
        self->from_start = self->from_start || errno == ENOENT;
        tell_open_problem(self, reader);
        return FALSE;
    }
    if (is_bookmarked(self, &status)) {
        gboolean is_whole = (guint64) status.st_size >= self->bookmark_offset;
        seek_to(self, is_whole ? (off_t) self->bookmark_offset : 0);
    } else if (self->has_bookmark) {
        catch_up(self, reader);
        if (!open_at(self, self->path, &status))
            return FALSE;
    } else if (!self->from_start) {
        seek_to(self, status.st_size);
    }
    self->has_bookmark = FALSE;
    self->from_start = TRUE;
    omen_reader_set_problem(reader, NULL);
    omen_reader_flush(reader, describe_place(self));
    return TRUE;
}

/* At the end of the open file: was it truncated, or is there another at its path? */
static void
follow(OmenFileTail *self, OmenReader *reader)
{
    struct stat open_status;
    struct stat path_status;

    if (fstat(self->fd, &open_status) == 0 && open_status.st_size < self->read_to) {
        g_byte_array_set_size(self->line, 0);
        self->skipping = FALSE;
        seek_to(self, 0);
        read_to_end(self, reader);
        return;
    }
    if (stat(self->path, &path_status) < 0 ||
        (path_status.st_ino == self->inode && path_status.st_dev == self->device))
        return;
    /* Its writer may have written on after the last read: once more, now that it is renamed. */
    if (!read_to_end(self, reader))
        return;
    if (self->line->len > 0)
        hand_over_line(self, reader, (const char *) self->line->data, self->line->len);
    close_file(self);
    if (open_file(self, reader))
        read_to_end(self, reader);
}

/* The folder tells of writes, of new files and of renames. */
static void
watch_folder(OmenFileTail *self)
{
    g_autofree char *folder = NULL;

    if (self->is_notified || self->notify_fd < 0)
        return;
    folder = g_path_get_dirname(self->path);
    self->is_notified =
        inotify_add_watch(self->notify_fd, folder,
                          IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF) >= 0;
}

static void
drain_notifications(OmenFileTail *self)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t length;

    while ((length = read(self->notify_fd, events, sizeof events)) > 0) {
        for (char *at = events; at < events + length;) {
            const struct inotify_event *event = (const struct inotify_event *) at;
            if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
                self->is_notified = FALSE;
            at += sizeof *event + event->len;
        }
    }
}

void
omen_file_tail_run(OmenReader *reader, gpointer data)
{
    OmenFileTail *self = data;

    do {
        if (self->notify_fd >= 0)
            drain_notifications(self);
        watch_folder(self);
        if (self->fd < 0 && !open_file(self, reader))
            continue;
        if (read_to_end(self, reader))
            follow(self, reader);
    } while (omen_reader_wait(reader, self->is_notified ? self->notify_fd : -1,
                              self->is_notified ? POLL_MS : NO_NOTIFY_MS));
}

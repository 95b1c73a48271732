/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/file-tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef O_NOATIME
#define O_NOATIME 0
#endif

#define MAX_BATCH  512
#define MAX_CHUNKS 16 /* at a time: other files have their turn */

struct _OmenFileTail {
    char *path;
    OmenFileLineFunc parse;

    int fd; /* -1: none open */
    guint n_opened;
    int told_error; /* why it could not be opened, as it was told last; 0: nothing */
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
omen_file_tail_free(OmenFileTail *self)
{
    close_file(self);
    g_byte_array_unref(self->line);
    g_free(self->path);
    g_free(self);
}

const char *
omen_file_tail_get_path(const OmenFileTail *self)
{
    return self->path;
}

int
omen_file_tail_get_fd(const OmenFileTail *self)
{
    return self->fd;
}

guint
omen_file_tail_get_n_opened(const OmenFileTail *self)
{
    return self->n_opened;
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
    if (!record.message)
        return;
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

static void
tell_read_problem(OmenFileTail *self, OmenReader *reader)
{
    g_autofree char *problem = g_strdup_printf("cannot read %s: %s", self->path, g_strerror(errno));

    omen_reader_set_problem(reader, problem);
    omen_reader_flush(reader, NULL);
}

typedef enum {
    READ_NOTHING, /* the end is where it was */
    READ_ALL,     /* up to the end */
    READ_PART,    /* there is more */
    READ_NO_MORE, /* it can't be read, or the reader was stopped */
} ReadResult;

static ReadResult
read_file(OmenFileTail *self, OmenReader *reader, char *chunk, guint max_chunks)
{
    ReadResult result = READ_PART;

    for (guint i = 0; i < max_chunks && result == READ_PART; i++) {
        ssize_t length;
        do
            length = read(self->fd, chunk, OMEN_FILE_TAIL_CHUNK);
        while (length < 0 && errno == EINTR);
        if (length < 0) {
            tell_read_problem(self, reader);
            return READ_NO_MORE;
        }
        if (length == 0 && i == 0)
            return READ_NOTHING;
        take_chunk(self, reader, chunk, (gsize) length);
        if (omen_reader_is_stopped(reader))
            return READ_NO_MORE;
        /* Where there was less than asked for, the end was reached. */
        if (length < OMEN_FILE_TAIL_CHUNK)
            result = READ_ALL;
    }
    if (omen_reader_get_batch_size(reader) > 0)
        omen_reader_flush(reader, describe_place(self));
    return result;
}

/* FALSE: it can't be read, or the reader was stopped. */
static gboolean
read_to_end(OmenFileTail *self, OmenReader *reader, char *chunk)
{
    return read_file(self, reader, chunk, G_MAXUINT) != READ_NO_MORE;
}

/* Where it may: a time of access would be written for each line. */
static int
open_quietly(const char *path)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = open(path, flags | O_NOATIME);

    return fd < 0 && errno == EPERM ? open(path, flags) : fd;
}

static gboolean
open_at(OmenFileTail *self, const char *path, struct stat *status)
{
    int fd = open_quietly(path);

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
    self->n_opened++;
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
catch_up(OmenFileTail *self, OmenReader *reader, char *chunk)
{
    g_autofree char *rotated = g_strconcat(self->path, ".1", NULL);
    struct stat status;

    if (stat(rotated, &status) < 0 || !is_bookmarked(self, &status) ||
        !open_at(self, rotated, &status))
        return;
    seek_to(self, (off_t) self->bookmark_offset);
    read_to_end(self, reader, chunk);
    close_file(self);
}

static void
tell_open_problem(OmenFileTail *self, OmenReader *reader)
{
    g_autofree char *problem = NULL;

    if (errno == self->told_error)
        return;
    self->told_error = errno;
    if (errno == ENOENT)
        problem = g_strdup_printf("%s does not exist yet; waiting for it", self->path);
    else if (errno == EINVAL)
        problem = g_strdup_printf("%s is not a plain file", self->path);
    else
        problem =
            g_strdup_printf("cannot open %s: %s; trying again", self->path, g_strerror(errno));
    omen_reader_set_problem(reader, problem);
    omen_reader_flush(reader, NULL);
}

/* Opens the file at its path, and goes to where reading has to begin. */
static gboolean
open_file(OmenFileTail *self, OmenReader *reader, char *chunk)
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
        catch_up(self, reader, chunk);
        if (!open_at(self, self->path, &status))
            return FALSE;
    } else if (!self->from_start) {
        seek_to(self, status.st_size);
    }
    self->has_bookmark = FALSE;
    self->from_start = TRUE;
    self->told_error = 0;
    omen_reader_set_problem(reader, NULL);
    omen_reader_flush(reader, describe_place(self));
    return TRUE;
}

/* Nothing is new at the end of the open file: was it truncated? */
static void
follow_truncation(OmenFileTail *self, OmenReader *reader, char *chunk)
{
    struct stat status;

    if (fstat(self->fd, &status) < 0 || status.st_size >= self->read_to)
        return;
    g_byte_array_set_size(self->line, 0);
    self->skipping = FALSE;
    seek_to(self, 0);
    read_to_end(self, reader, chunk);
}

/* Is there another file at its path? */
static void
follow_rename(OmenFileTail *self, OmenReader *reader, char *chunk)
{
    struct stat status;

    if (stat(self->path, &status) < 0 ||
        (status.st_ino == self->inode && status.st_dev == self->device))
        return;
    /* Its writer may have written on after the last read: once more, now that it is renamed. */
    if (!read_to_end(self, reader, chunk))
        return;
    if (self->line->len > 0)
        hand_over_line(self, reader, (const char *) self->line->data, self->line->len);
    close_file(self);
    if (open_file(self, reader, chunk))
        read_to_end(self, reader, chunk);
}

gboolean
omen_file_tail_step(OmenFileTail *self, OmenReader *reader, OmenFileNews news, char *chunk)
{
    ReadResult result;

    if (self->fd < 0 && (!(news & OMEN_FILE_NAMED) || !open_file(self, reader, chunk)))
        return FALSE;
    result = read_file(self, reader, chunk, MAX_CHUNKS);
    if (result == READ_NOTHING)
        follow_truncation(self, reader, chunk);
    if ((news & OMEN_FILE_NAMED) && (result == READ_NOTHING || result == READ_ALL))
        follow_rename(self, reader, chunk);
    return result == READ_PART;
}

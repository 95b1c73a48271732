/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that a syslog daemon writes, followed over rotation and truncation. */
#include "reader.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES OMEN_GUEST_PAYLOAD_MAX

/* "Nov 23 10:00:00 " */
static size_t
skip_rfc3164_time(const char *line, size_t length)
{
    if (length > 16 && isupper((unsigned char) line[0]) && line[3] == ' ' && line[6] == ' ' &&
        line[9] == ':' && line[12] == ':' && line[15] == ' ')
        return 16;
    return 0;
}

/* "2026-11-23T10:00:00.123456+00:00 " */
static size_t
skip_iso_time(const char *line, size_t length)
{
    const char *end;

    if (length < 20 || !isdigit((unsigned char) line[0]) || line[4] != '-' || line[10] != 'T')
        return 0;
    end = memchr(line, ' ', length < 40 ? length : 40);
    return end ? (size_t) (end - line) + 1 : 0;
}

static void
take_tag(Entry *entry)
{
    const char *line = entry->message;
    size_t limit = entry->message_length < 80 ? entry->message_length : 80;
    const char *colon = memchr(line, ':', limit);
    size_t tag;

    if (!colon || (size_t) (colon - line) + 1 >= entry->message_length || colon[1] != ' ')
        return;
    for (tag = 0; line + tag < colon && line[tag] != '['; tag++)
        if (isspace((unsigned char) line[tag]))
            return;
    entry->identifier = line;
    entry->identifier_length = tag;
    entry->message = colon + 2;
    entry->message_length -= (size_t) (entry->message - line);
}

void
parse_syslog_line(const char *line, size_t length, Entry *entry)
{
    size_t n_time;

    entry->identifier = "";
    entry->identifier_length = 0;
    n_time = skip_rfc3164_time(line, length);
    if (n_time == 0)
        n_time = skip_iso_time(line, length);
    line += n_time;
    length -= n_time;
    if (n_time > 0) { /* the host's name, and with busybox "FACILITY.PRIORITY" */
        const char *space = memchr(line, ' ', length);
        if (space) {
            length -= (size_t) (space + 1 - line);
            line = space + 1;
        }
    }
    entry->message = line;
    entry->message_length = length;
    static const char *const words[] = {"emerg", "alert",  "crit", "err",
                                        "warn",  "notice", "info", "debug"};
    const char *space = memchr(line, ' ', length < 24 ? length : 24);
    const char *dot = space ? memchr(line, '.', (size_t) (space - line)) : NULL;
    for (int i = 0; dot && i < 8; i++) {
        size_t n = (size_t) (space - dot) - 1;
        if (n == strlen(words[i]) && strncmp(dot + 1, words[i], n) == 0) {
            entry->priority = i;
            entry->message = space + 1;
            entry->message_length = length - (size_t) (space + 1 - line);
            break;
        }
    }
    take_tag(entry);
}

static void
take_line(Reader *self, Queue *queue, const char *line, size_t length)
{
    Entry entry = {.priority = 6, .place = self->place};

    if (length == 0)
        return;
    snprintf(self->place, sizeof self->place, "%llu:%llu:%llu", self->device, self->inode,
             self->offset);
    parse_syslog_line(line, length, &entry);
    if (!self->skip_kernel || entry.identifier_length != 6 ||
        strncmp(entry.identifier, "kernel", 6) != 0)
        queue_push(queue, self->number, &entry);
}

/* @self->offset is that of the pending bytes. */
static void
take_lines(Reader *self, Queue *queue)
{
    size_t done = 0;

    for (;;) {
        const char *line = self->pending + done;
        const char *feed = memchr(line, '\n', self->n_pending - done);
        size_t length = feed ? (size_t) (feed - line) : 0;
        if (!feed)
            break;
        self->offset += length + 1;
        if (!self->skipping)
            take_line(self, queue, line, length);
        self->skipping = false;
        done += length + 1;
    }
    self->n_pending -= done;
    memmove(self->pending, self->pending + done, self->n_pending);
    if (self->n_pending >= LINE_MAX_BYTES) { /* cut; what follows up to its end is left out */
        self->offset += self->n_pending;
        if (!self->skipping)
            take_line(self, queue, self->pending, self->n_pending);
        self->skipping = true;
        self->n_pending = 0;
    }
}

static void
open_file(Reader *self, bool at_end)
{
    struct stat status;

    self->fd = open(self->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (self->fd < 0)
        return;
    if (fstat(self->fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        close(self->fd);
        self->fd = -1;
        return;
    }
    if (self->inode != status.st_ino || self->device != status.st_dev ||
        self->offset > (unsigned long long) status.st_size)
        self->offset = at_end ? (unsigned long long) status.st_size : 0;
    self->device = status.st_dev;
    self->inode = status.st_ino;
    self->n_pending = 0;
    self->skipping = false;
}

static bool
is_replaced(const Reader *self)
{
    struct stat status;

    if (stat(self->path, &status) < 0)
        return false;
    return status.st_ino != self->inode || status.st_dev != self->device ||
           (unsigned long long) status.st_size < self->offset;
}

static void
close_file(Reader *self)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
}

static void
read_file(Reader *self, Queue *queue)
{
    for (size_t done = 0; self->fd >= 0 && done < TURN_SIZE_MAX;) {
        ssize_t n =
            pread(self->fd, self->pending + self->n_pending, self->pending_size - self->n_pending,
                  (off_t) (self->offset + self->n_pending));
        if (n > 0) {
            self->n_pending += (size_t) n;
            done += (size_t) n;
            take_lines(self, queue);
            continue;
        }
        if (!is_replaced(self))
            return;
        close_file(self);
    }
    if (self->fd < 0)
        open_file(self, false);
}

void
file_reader_init(Reader *self, const char *path, const char *place)
{
    snprintf(self->path, sizeof self->path, "%s", path);
    self->name = self->path;
    self->read = read_file;
    self->close = close_file;
    self->pending_size = LINE_MAX_BYTES + READ_SIZE / 4;
    self->pending = malloc(self->pending_size);
    self->fd = -1;
    if (!self->pending)
        abort();
    if (place)
        sscanf(place, "%llu:%llu:%llu", &self->device, &self->inode, &self->offset);
    open_file(self, place == NULL);
}

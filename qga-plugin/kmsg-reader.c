/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's log, /dev/kmsg: a record a read, "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;MESSAGE". */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RECORD_MAX 8192

static void
read_boot_id(char *out, size_t size)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static void
take_record(Reader *self, Queue *queue, char *text, size_t length)
{
    unsigned int facility_priority;
    unsigned long long sequence;
    unsigned long long time_us;
    char *message = memchr(text, ';', length);
    char *feed = memchr(text, '\n', length);
    Entry entry = {.identifier = "kernel", .identifier_length = 6, .place = self->place};

    if (!message || sscanf(text, "%u,%llu,%llu", &facility_priority, &sequence, &time_us) != 3 ||
        sequence <= self->sequence)
        return;
    message++;
    entry.message = message;
    entry.message_length = (size_t) ((feed ? feed : text + length) - message);
    entry.priority = (int) (facility_priority & 7);
    self->sequence = sequence;
    snprintf(self->place, sizeof self->place, "%s:%llu", self->boot_id, sequence);
    /* What programs write there (facility 1 and above) is theirs, not the kernel's. */
    if (facility_priority >> 3 != 0)
        parse_syslog_line(entry.message, entry.message_length, &entry);
    queue_push(queue, self->number, &entry);
}

static void
read_kmsg(Reader *self, Queue *queue)
{
    char text[RECORD_MAX + 1];

    for (size_t done = 0; done < TURN_SIZE_MAX;) {
        ssize_t n = read(self->fd, text, RECORD_MAX);
        if (n < 0 && errno == EPIPE) /* overwritten before it was read */
            continue;
        if (n <= 0)
            return;
        text[n] = '\0';
        take_record(self, queue, text, (size_t) n);
        done += (size_t) n;
    }
}

static void
close_kmsg(Reader *self)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
}

void
kmsg_reader_init(Reader *self, const char *place)
{
    const char *colon = place ? strrchr(place, ':') : NULL;

    self->name = "kmsg";
    self->read = read_kmsg;
    self->close = close_kmsg;
    self->readable_by_poll = true;
    self->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (self->fd < 0)
        fprintf(stderr, "virt-omen-forward: /dev/kmsg: %s\n", strerror(errno));
    read_boot_id(self->boot_id, sizeof self->boot_id);
    if (colon && strlen(self->boot_id) == (size_t) (colon - place) &&
        strncmp(place, self->boot_id, strlen(self->boot_id)) == 0)
        self->sequence = strtoull(colon + 1, NULL, 10);
    /* Of a boot that was never read, what was said at its beginning is news. */
}

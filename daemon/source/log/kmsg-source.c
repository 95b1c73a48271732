/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/kmsg-source.h"

#include "source/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <virt-omen/line-format.h>

/* The kernel gives one record a read and refuses buffers that are too small; this is its own limit.
 */
#define RECORD_MAX 8192
#define MAX_BATCH  256
#define RETRY_MS   2000
#define POLL_MS    5000
#define BOOT_ID    "/proc/sys/kernel/random/boot_id"

struct _OmenKmsgSource {
    OmenSource parent_instance;

    char *path;
    OmenReader *reader;
};

G_DEFINE_FINAL_TYPE(OmenKmsgSource, omen_kmsg_source, OMEN_TYPE_SOURCE)

/* The thread's own. */
typedef struct {
    char *path;
    char *boot_id;
    gint64 boot_us;
    gboolean has_place; /* this or an earlier life has read records before */
    gboolean same_boot; /* the last record read is of this boot */
    guint64 sequence;   /* of that record */
} Place;

static void
place_free(gpointer data)
{
    Place *self = data;

    g_free(self->path);
    g_free(self->boot_id);
    g_free(self);
}

/* @bookmark: "BOOT-ID:SEQUENCE". */
static Place *
place_new(const char *path, const char *bookmark)
{
    Place *self = g_new0(Place, 1);
    const char *colon = bookmark ? strrchr(bookmark, ':') : NULL;

    self->path = g_strdup(path);
    if (!g_file_get_contents(BOOT_ID, &self->boot_id, NULL, NULL))
        self->boot_id = g_strdup("unknown");
    g_strchomp(self->boot_id);
    self->boot_us = g_get_real_time() - g_get_monotonic_time();
    if (colon) {
        self->has_place = TRUE;
        self->same_boot = strlen(self->boot_id) == (gsize) (colon - bookmark) &&
                          strncmp(bookmark, self->boot_id, strlen(self->boot_id)) == 0;
        self->sequence = g_ascii_strtoull(colon + 1, NULL, 10);
    }
    return self;
}

static char *
describe_place(const Place *self)
{
    return self->same_boot ? g_strdup_printf("%s:%" G_GUINT64_FORMAT, self->boot_id, self->sequence)
                           : NULL;
}

/* "PRIORITY,SEQUENCE,...": FALSE for text that is no record. What processes write to /dev/kmsg
 * never has the kernel's own facility, which is 0. */
static gboolean
read_head(const char *record, guint64 *sequence, OmenOrigin *origin)
{
    unsigned int priority;

    if (sscanf(record, "%u,%" G_GUINT64_FORMAT ",", &priority, sequence) != 2)
        return FALSE;
    *origin = priority < 8 ? OMEN_ORIGIN_KERNEL : OMEN_ORIGIN_USER;
    return TRUE;
}

static void
take_record(Place *self, OmenReader *reader, char *text, gsize length)
{
    OmenLineContext context = {.boot_us = self->boot_us, .now_us = g_get_real_time()};
    OmenRecord record = {0};
    guint64 sequence;
    OmenOrigin origin;
    /* Lines after the first hold its dictionary. */
    char *feed = memchr(text, '\n', length);

    if (feed)
        length = (gsize) (feed - text);
    text[length] = '\0';
    if (!read_head(text, &sequence, &origin) || (self->same_boot && sequence <= self->sequence))
        return;
    self->same_boot = TRUE;
    self->sequence = sequence;
    omen_line_format_parse(OMEN_LINE_FORMAT_KMSG, &context, text, length, &record);
    record.origin = origin;
    record.writer = origin == OMEN_ORIGIN_KERNEL ? "kernel" : "a process that writes to /dev/kmsg";
    record.writer_length = strlen(record.writer);
    omen_reader_add(reader, &record);
}

/* Takes all that is there. Returns 0, or the errno of what went wrong. */
static int
take_all(Place *self, OmenReader *reader, int fd)
{
    g_autofree char *text = g_malloc(RECORD_MAX + 1);

    for (;;) {
        ssize_t length = read(fd, text, RECORD_MAX);
        if (length < 0 && errno == EPIPE) { /* overwritten before it was read */
            omen_reader_add_dropped(reader, 1);
            continue;
        }
        if (length < 0 && errno == EINTR)
            continue;
        if (omen_reader_get_batch_size(reader) >= MAX_BATCH || length <= 0)
            omen_reader_flush(reader, describe_place(self));
        if (length < 0)
            return errno == EAGAIN ? 0 : errno;
        if (length == 0)
            return ENODATA;
        take_record(self, reader, text, (gsize) length);
        if (omen_reader_is_stopped(reader))
            return 0;
    }
}

static void
tell_problem(Place *self, OmenReader *reader, const char *what, int error)
{
    g_autofree char *problem = g_strdup_printf(
        "cannot %s %s: %s; trying again%s", what, self->path, g_strerror(error),
        error == EPERM || error == EACCES ? " (run virt-omend as root, or with CAP_SYSLOG)" : "");

    omen_reader_set_problem(reader, problem);
    omen_reader_flush(reader, NULL);
}

static void
read_kmsg(Place *self, OmenReader *reader)
{
    int fd = open(self->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int error = 0;

    if (fd < 0) {
        tell_problem(self, reader, "open", errno);
        return;
    }
    if (!self->has_place)
        lseek(fd, 0, SEEK_END);
    self->has_place = TRUE;
    omen_reader_set_problem(reader, NULL);
    do
        error = take_all(self, reader, fd);
    while (error == 0 && omen_reader_wait(reader, fd, POLL_MS));
    if (error != 0)
        tell_problem(self, reader, "read", error);
    close(fd);
}

static void
run(OmenReader *reader, gpointer data)
{
    do
        read_kmsg(data, reader);
    while (omen_reader_wait(reader, -1, RETRY_MS));
}

static void
omen_kmsg_source_start(OmenSource *source)
{
    OmenKmsgSource *self = OMEN_KMSG_SOURCE(source);
    g_autofree char *bookmark = omen_source_dup_bookmark(source);

    self->reader =
        omen_reader_start(source, "kmsg", run, place_new(self->path, bookmark), place_free);
    /* What the kernel says waits for nobody's flood. */
    omen_reader_set_urgent(self->reader);
}

static void
omen_kmsg_source_stop(OmenSource *source)
{
    g_clear_pointer(&OMEN_KMSG_SOURCE(source)->reader, omen_reader_stop);
}

static char *
omen_kmsg_source_dup_bookmark(OmenSource *source)
{
    OmenKmsgSource *self = OMEN_KMSG_SOURCE(source);

    return self->reader ? omen_reader_dup_bookmark(self->reader) : NULL;
}

static void
omen_kmsg_source_finalize(GObject *object)
{
    OmenKmsgSource *self = OMEN_KMSG_SOURCE(object);

    g_clear_pointer(&self->reader, omen_reader_stop);
    g_free(self->path);
    G_OBJECT_CLASS(omen_kmsg_source_parent_class)->finalize(object);
}

static void
omen_kmsg_source_class_init(OmenKmsgSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_kmsg_source_finalize;
    source_class->start = omen_kmsg_source_start;
    source_class->stop = omen_kmsg_source_stop;
    source_class->dup_bookmark = omen_kmsg_source_dup_bookmark;
}

static void
omen_kmsg_source_init(OmenKmsgSource *self G_GNUC_UNUSED)
{
}

OmenSource *
omen_kmsg_source_new(const char *path, const char *bookmark)
{
    OmenKmsgSource *self = g_object_new(OMEN_TYPE_KMSG_SOURCE, "name", "kmsg", "provenance",
                                        (int) OMEN_PROVENANCE_HOST, "bookmark", bookmark, NULL);

    self->path = g_strdup(path ? path : "/dev/kmsg");
    omen_source_set_origin(OMEN_SOURCE(self), OMEN_ORIGIN_USER);
    return OMEN_SOURCE(self);
}

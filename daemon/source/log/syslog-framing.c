/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/syslog-framing.h"

#include <string.h>

#define MAX_COUNT_DIGITS 9

void
omen_syslog_framing_init(OmenSyslogFraming *self, gsize limit)
{
    *self = (OmenSyslogFraming){.pending = g_byte_array_new(), .limit = limit};
}

void
omen_syslog_framing_clear(OmenSyslogFraming *self)
{
    g_clear_pointer(&self->pending, g_byte_array_unref);
}

typedef enum {
    FRAME_INCOMPLETE,
    FRAME_DONE,
} FrameResult;

typedef struct {
    const char *message;
    gsize length;   /* of the message */
    gsize consumed; /* bytes of the stream that it took */
} Frame;

/* "COUNT SP": the digits before a counted message; FALSE if it is none. */
static gboolean
read_count(const char *bytes, gsize length, gsize *count, gsize *header)
{
    gsize value = 0;
    gsize i = 0;

    for (; i < length && i < MAX_COUNT_DIGITS && g_ascii_isdigit(bytes[i]); i++)
        value = value * 10 + (gsize) (bytes[i] - '0');
    if (i == 0 || i == length || bytes[i] != ' ')
        return FALSE;
    *count = value;
    *header = i + 1;
    return TRUE;
}

static FrameResult
cut_counted(OmenSyslogFraming *self,
            const char *bytes,
            gsize length,
            gsize count,
            gsize header,
            Frame *frame)
{
    gsize available = length - header;

    if (count > self->limit && available >= self->limit) {
        *frame = (Frame){bytes + header, self->limit, header + self->limit};
        self->to_skip = count - self->limit;
        self->n_cut++;
        return FRAME_DONE;
    }
    if (available < count)
        return FRAME_INCOMPLETE;
    *frame = (Frame){bytes + header, count, header + count};
    return FRAME_DONE;
}

static FrameResult
cut_line(OmenSyslogFraming *self, const char *bytes, gsize length, Frame *frame)
{
    const char *feed = memchr(bytes, '\n', length);
    gsize line = feed ? (gsize) (feed - bytes) : length;

    if (line > self->limit) {
        *frame = (Frame){bytes, self->limit, self->limit};
        self->skipping = TRUE;
        self->n_cut++;
        return FRAME_DONE;
    }
    if (!feed)
        return FRAME_INCOMPLETE;
    *frame = (Frame){bytes, line, line + 1};
    return FRAME_DONE;
}

/* The rest of a message that was cut; returns how many bytes belong to it. */
static gsize
skip(OmenSyslogFraming *self, const char *bytes, gsize length)
{
    gsize n = 0;

    if (self->to_skip > 0) {
        n = MIN(self->to_skip, length);
        self->to_skip -= n;
    } else if (self->skipping) {
        const char *feed = memchr(bytes, '\n', length);
        n = feed ? (gsize) (feed - bytes) + 1 : length;
        self->skipping = feed == NULL;
    }
    return n;
}

void
omen_syslog_framing_feed(OmenSyslogFraming *self,
                         const char *bytes,
                         gsize length,
                         OmenSyslogMessageFunc function,
                         gpointer user_data)
{
    gsize at = 0;

    g_byte_array_append(self->pending, (const guint8 *) bytes, (guint) length);
    while (at < self->pending->len) {
        const char *rest = (const char *) self->pending->data + at;
        gsize left = self->pending->len - at;
        Frame frame;
        gsize count;
        gsize header;
        FrameResult result;

        if (self->to_skip > 0 || self->skipping) {
            at += skip(self, rest, left);
            continue;
        }
        result = read_count(rest, left, &count, &header)
                     ? cut_counted(self, rest, left, count, header, &frame)
                     : cut_line(self, rest, left, &frame);
        if (result == FRAME_INCOMPLETE)
            break;
        if (frame.length > 0)
            function(frame.message, frame.length, user_data);
        at += frame.consumed;
    }
    g_byte_array_remove_range(self->pending, 0, (guint) at);
}

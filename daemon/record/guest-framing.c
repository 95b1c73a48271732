/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/guest-framing.h"

#include <stdio.h>

/* A hostile guest may claim any number: a frame adds at most this to what is counted as missed. */
#define MISSED_A_FRAME G_MAXUINT32

void
omen_guest_framing_init(OmenGuestFraming *self, const char *bookmark)
{
    memset(self, 0, sizeof *self);
    self->is_opened = TRUE;
    self->has_session =
        bookmark &&
        sscanf(bookmark, "%" G_GINT64_MODIFIER "x:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
               &self->session, &self->sequence, &self->lost) == 3;
}

void
omen_guest_framing_reopen(OmenGuestFraming *self)
{
    self->n_bad_bytes += self->n_pending;
    self->n_pending = 0;
    self->is_opened = TRUE;
}

char *
omen_guest_framing_dup_bookmark(const OmenGuestFraming *self)
{
    if (!self->has_session)
        return NULL;
    return g_strdup_printf("%" G_GINT64_MODIFIER "x:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                           self->session, self->sequence, self->lost);
}

static void
begin_session(OmenGuestFraming *self, const OmenGuestFrame *frame)
{
    self->has_session = TRUE;
    self->session = frame->session;
    self->sequence = frame->sequence - (frame->type == OMEN_GUEST_FRAME_RECORD ? 1 : 0);
    self->lost = 0;
    self->missing = 0;
    self->dropped = 0;
}

/* What a guest dropped shows twice: as a gap, and in its own count. */
static void
count_missed(OmenGuestFraming *self, guint64 gap, guint64 dropped)
{
    guint64 before = MAX(self->missing, self->dropped);

    self->missing += MIN(gap, MISSED_A_FRAME);
    self->dropped += MIN(dropped, MISSED_A_FRAME);
    self->n_missed += MAX(self->missing, self->dropped) - before;
}

static void
take_frame(OmenGuestFraming *self,
           const OmenGuestFrame *frame,
           OmenGuestFrameFunc function,
           gpointer user_data)
{
    gboolean is_beat = frame->type == OMEN_GUEST_FRAME_BEAT;
    guint64 last; /* the record before this frame */

    if (!self->has_session || self->session != frame->session)
        begin_session(self, frame);
    if (!is_beat && frame->sequence <= self->sequence) {
        self->n_repeated++;
        return;
    }
    last = frame->sequence - (is_beat ? 0 : 1);
    if (last < self->sequence) {
        self->n_set_back++;
        self->lost = frame->lost;
    } else {
        count_missed(self, self->is_opened ? 0 : last - self->sequence,
                     frame->lost > self->lost ? frame->lost - self->lost : 0);
        self->lost = MAX(self->lost, frame->lost);
    }
    self->sequence = frame->sequence;
    self->is_opened = FALSE;
    function(frame, user_data);
}

/* Bytes up to where a frame may begin again, after the first one. */
static gsize
find_beginning(const guint8 *bytes, gsize length)
{
    const guint8 *next = length > 1 ? memchr(bytes + 1, OMEN_GUEST_MAGIC[0], length - 1) : NULL;

    return next ? (gsize) (next - bytes) : length;
}

/* Takes what is whole. Returns how many bytes are done with. */
static gsize
take_pending(OmenGuestFraming *self, OmenGuestFrameFunc function, gpointer user_data)
{
    gsize done = 0;

    while (done < self->n_pending) {
        const guint8 *at = self->pending + done;
        gsize left = self->n_pending - done;
        OmenGuestFrame frame;
        OmenGuestDecoding decoding = omen_guest_frame_decode(at, left, &frame);

        if (decoding == OMEN_GUEST_INCOMPLETE)
            break;
        if (decoding == OMEN_GUEST_DECODED) {
            take_frame(self, &frame, function, user_data);
            done += OMEN_GUEST_HEADER_SIZE + (gsize) frame.payload_length;
            continue;
        }
        gsize skipped = find_beginning(at, left);
        self->n_other_version += decoding == OMEN_GUEST_OTHER_VERSION ? 1 : 0;
        self->n_bad_bytes += skipped;
        done += skipped;
    }
    return done;
}

void
omen_guest_framing_feed(OmenGuestFraming *self,
                        const guint8 *bytes,
                        gsize length,
                        OmenGuestFrameFunc function,
                        gpointer user_data)
{
    while (length > 0) {
        gsize n = MIN(length, sizeof self->pending - self->n_pending);
        gsize done;

        memcpy(self->pending + self->n_pending, bytes, n);
        self->n_pending += n;
        bytes += n;
        length -= n;
        done = take_pending(self, function, user_data);
        self->n_pending -= done;
        memmove(self->pending, self->pending + done, self->n_pending);
    }
}

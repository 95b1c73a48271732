/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes, cut anywhere: each byte is a frame's or counted as bad, and frames keep their limits.
 */
#include "fuzz.h"
#include "record/guest-framing.h"

static void
take(const OmenGuestFrame *frame, gpointer user_data)
{
    guint8 again[OMEN_GUEST_FRAME_MAX];
    guint64 *last = user_data;

    g_assert_cmpuint(frame->payload_length, <=, OMEN_GUEST_PAYLOAD_MAX);
    g_assert_cmpuint(frame->identifier_length, <=, frame->payload_length);
    *last += omen_guest_frame_encode(frame, again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OmenGuestFraming framing;
    guint64 n_bytes = 0;
    gsize step = size > 0 ? data[0] + 1u : 1;

    omen_guest_framing_init(&framing, NULL);
    for (gsize at = 0; at < size; at += step)
        omen_guest_framing_feed(&framing, data + at, MIN(step, size - at), take, &n_bytes);
    if (framing.n_repeated == 0)
        g_assert_cmpuint(n_bytes + framing.n_bad_bytes + framing.n_pending, ==, size);
    return 0;
}

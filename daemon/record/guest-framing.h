/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Frames out of the bytes that a guest wrote to its port, whatever these are: what is no frame is
 * skipped and counted, nothing is delivered twice, and what is missing is known. Pure, of bounded
 * memory and linear time.
 */
#pragma once

#include <glib.h>
#include <virt-omen/guest-wire.h>

G_BEGIN_DECLS

typedef struct {
    guint8 pending[OMEN_GUEST_FRAME_MAX];
    gsize n_pending;
    gboolean has_session;
    gboolean is_opened; /* the next frame is the first of a connection */
    guint64 session;
    guint64 sequence; /* of the last record */
    guint64 lost;     /* as the guest last said */
    guint64 missing;  /* of this session: told by gaps */
    guint64 dropped;  /* of this session: told by the guest */
    guint64 n_missed; /* records that the guest had, and never came */
    guint64 n_bad_bytes;
    guint64 n_repeated;      /* records that came again, and were left out */
    guint64 n_set_back;      /* times that a guest returned to an earlier state */
    guint64 n_other_version; /* frames of an unknown version */
} OmenGuestFraming;

/* @frame is valid during the call. */
typedef void (*OmenGuestFrameFunc)(const OmenGuestFrame *frame, gpointer user_data);

/* @bookmark: (nullable): where an earlier life had come to. */
void omen_guest_framing_init(OmenGuestFraming *self, const char *bookmark);

/* Another connection begins: half a frame is forgotten, and a gap before the first one is not ours
 * to count, since another host may have read it. */
void omen_guest_framing_reopen(OmenGuestFraming *self);

void omen_guest_framing_feed(OmenGuestFraming *self,
                             const guint8 *bytes,
                             gsize length,
                             OmenGuestFrameFunc function,
                             gpointer user_data);

/* (transfer full) (nullable): NULL before the first frame. */
char *omen_guest_framing_dup_bookmark(const OmenGuestFraming *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What virt-omen-forward in a guest writes to its port. Not trusted: its text is cleaned, its rate
 * has a budget, and a guest that exceeds that by far is not listened to for a while.
 */
#pragma once

#include "hypervisor/hypervisor.h"
#include "source/source.h"

G_BEGIN_DECLS

typedef struct {
    guint lines_a_second;
    guint bytes_a_second;
} OmenGuestBudget;

#define OMEN_TYPE_GUEST_CHANNEL_SOURCE (omen_guest_channel_source_get_type())
G_DECLARE_FINAL_TYPE(
    OmenGuestChannelSource, omen_guest_channel_source, OMEN, GUEST_CHANNEL_SOURCE, OmenSource)

/* Named "channel:NAME". */
OmenSource *omen_guest_channel_source_new(OmenHypervisor *hypervisor,
                                          const char *uuid,
                                          const char *name,
                                          const OmenGuestBudget *budget,
                                          const char *bookmark);

/* When the forwarder last gave a sign of life, by the monotonic clock; 0: never, or the port is not
 * open at present. */
gint64 omen_guest_channel_source_get_last_beat_us(OmenGuestChannelSource *self);

G_END_DECLS

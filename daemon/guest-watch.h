/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How one guest is heard: by the forwarder's channel, through its agent, or by the log of its
 * serial console, whatever its domain offers; and what would improve that.
 */
#pragma once

#include "configuration.h"
#include "hypervisor/hypervisor.h"
#include "source/heartbeat-source.h"
#include "stream.h"

G_BEGIN_DECLS

typedef struct _OmenGuestWatch OmenGuestWatch;

/* Takes @stream, the guest's own; @settings must outlive it. */
OmenGuestWatch *omen_guest_watch_new(const OmenGuestSettings *settings,
                                     OmenHypervisor *hypervisor,
                                     const char *uuid,
                                     const char *name,
                                     OmenStream *stream);

/* Asks the agent whether it lives, and listens to the beats of the forwarder. */
void omen_guest_watch_add_heartbeats(OmenGuestWatch *self,
                                     OmenProber *prober,
                                     const OmenHeartbeatLimits *limits);

void omen_guest_watch_stop(OmenGuestWatch *self);
void omen_guest_watch_free(OmenGuestWatch *self);

/* Borrowed. */
OmenStream *omen_guest_watch_get_stream(OmenGuestWatch *self);

/* (transfer full): in words for an operator. @self: (nullable). */
char *omen_guest_watch_describe(OmenGuestWatch *self);

G_END_DECLS

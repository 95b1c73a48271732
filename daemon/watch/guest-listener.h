/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How one guest is heard: by the forwarder's channel, through its agent, or by the log of its
 * serial console, whatever its domain offers; and what would improve that.
 */
#pragma once

#include "configuration/configuration.h"
#include "hypervisor/hypervisor.h"
#include "source/health/heartbeat-source.h"
#include "source/log/file-watcher.h"
#include "watch/stream.h"

G_BEGIN_DECLS

typedef struct _OmenGuestListener OmenGuestListener;

/* Takes @stream, the guest's own; @settings must outlive it. @files follows its console's log. */
OmenGuestListener *omen_guest_listener_new(const OmenGuestSettings *settings,
                                           OmenFileWatcher *files,
                                           OmenHypervisor *hypervisor,
                                           const char *uuid,
                                           const char *name,
                                           OmenStream *stream);

/* Asks the agent whether it lives, and listens to the beats of the forwarder. */
void omen_guest_listener_add_heartbeats(OmenGuestListener *self,
                                        OmenProber *prober,
                                        const OmenHeartbeatLimits *limits);

void omen_guest_listener_stop(OmenGuestListener *self);
void omen_guest_listener_free(OmenGuestListener *self);

/* Borrowed. */
OmenStream *omen_guest_listener_get_stream(OmenGuestListener *self);

/* (transfer full): in words for an operator. @self: (nullable). */
char *omen_guest_listener_describe(OmenGuestListener *self);

G_END_DECLS

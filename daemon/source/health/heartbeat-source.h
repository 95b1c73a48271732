/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether something lives, as records where that changes: slow, silent, failed, and alive again.
 * What has never answered is not judged by its silence.
 */
#pragma once

#include "hypervisor/prober.h"
#include "source/source.h"

G_BEGIN_DECLS

typedef struct {
    guint period_s;
    guint misses; /* periods without an answer that are a failure */
} OmenHeartbeatLimits;

#define OMEN_TYPE_HEARTBEAT_SOURCE (omen_heartbeat_source_get_type())
G_DECLARE_FINAL_TYPE(OmenHeartbeatSource, omen_heartbeat_source, OMEN, HEARTBEAT_SOURCE, OmenSource)

/* Named "libvirtd", "monitor:NAME" or "agent:NAME"; the last one is the guest's own word, and of
 * its provenance. @uuid, @name: "" for libvirtd. */
OmenSource *omen_heartbeat_source_new(OmenProber *prober,
                                      OmenProbeKind kind,
                                      const char *uuid,
                                      const char *name,
                                      const OmenHeartbeatLimits *limits);

/* When a sign of life last came by another way, by the monotonic clock; 0: there is none now. */
typedef gint64 (*OmenHeartbeatFunc)(gpointer user_data);

/* The beats of a guest's forwarder. Named "beat:NAME". @function must be callable until it stops.
 */
OmenSource *omen_heartbeat_source_new_for_beats(const char *name,
                                                const OmenHeartbeatLimits *limits,
                                                OmenHeartbeatFunc function,
                                                gpointer user_data);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a host's memory is short: domains whose owners agreed (shrink-to in their metadata) give
 * back what they can spare, through their balloons. */
#pragma once

#include "hypervisor/libvirt-types.h"

G_BEGIN_DECLS

typedef struct {
    guint n_givers;      /* that agreed, whether or not there was something left to give */
    guint64 freed_bytes; /* by this call */
    gboolean is_enough;  /* the host has memory to spare now */
    GString *told;       /* of each giver: what it gave, and how it gets that back */
} OmenBalloonYield;

void omen_balloon_yield_clear(OmenBalloonYield *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OmenBalloonYield, omen_balloon_yield_clear)

/* All active domains but @except_uuid are asked. Blocks, for seconds a giver: for worker threads.
 * @self: zeroed. */
void
omen_balloon_reclaim(OmenBalloonYield *self, virConnectPtr connection, const char *except_uuid);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What replay has learnt of the host's stream, kept in a database of the daemon's form, so that the
 * next file goes on where the last one ended. */
#pragma once

#include <virt-omen/detector.h>

G_BEGIN_DECLS

typedef struct _ReplayMemory ReplayMemory;

/* Makes the file if it is not there. A damaged one is set aside with a warning. */
ReplayMemory *replay_memory_open(const char *path, GError **error);

/* NULL is fine. What was not kept is lost. */
void replay_memory_free(ReplayMemory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReplayMemory, replay_memory_free)

/* (transfer full): a detector that knows what was kept, or a new one. @self may be NULL: nothing
 * is. */
OmenDetector *replay_memory_take_up(const ReplayMemory *self,
                                    const OmenDetectorConfig *config,
                                    OmenJudge *judge,
                                    GError **error);

/* Keeps what @detector has learnt; FALSE if it is not on the disk. Nothing to do if @self is NULL.
 */
gboolean replay_memory_keep(ReplayMemory *self, const OmenDetector *detector, GError **error);

G_END_DECLS

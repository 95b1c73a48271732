/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the evacuations for an omen went, and the word about it that stays with the omen. */
#pragma once

#include "evacuation/queue/evacuator.h"
#include "hypervisor/hypervisor.h"
#include "omen/omen.h"

G_BEGIN_DECLS

typedef struct {
    guint total;
    guint final;
    guint moved;
    char *first_error; /* NULL: none */
} OmenEvacuationSummary;

void omen_evacuation_summary_clear(OmenEvacuationSummary *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OmenEvacuationSummary, omen_evacuation_summary_clear)

/* @self: zeroed. */
void omen_evacuation_summary_count(OmenEvacuationSummary *self,
                                   OmenEvacuator *evacuator,
                                   guint64 omen_id);

/* All have ended: how it went is the omen's outcome. */
void omen_evacuation_summary_conclude(const OmenEvacuationSummary *self, Omen *omen);

/* Nothing was queued for @omen now: it goes on if it is by @omen that domains move already, and
 * else is finished. @are_busy: domains are moved, by it or by another. */
void
omen_evacuation_summary_conclude_empty(OmenEvacuator *evacuator, Omen *omen, gboolean are_busy);

/* In mode observe: which domains would have been moved away is the omen's outcome. */
void omen_evacuation_summary_note_shadow(OmenHypervisor *hypervisor, char **uuids, Omen *omen);

/* After a restart, for an omen that is being evacuated: its evacuations ended unseen, or none was
 * begun when the daemon died. */
void omen_evacuation_summary_take_up(OmenEvacuator *evacuator, Omen *omen);

/* For a false alarm nothing more leaves; what is on its way arrives. */
void omen_evacuation_summary_cancel_queued(OmenEvacuator *evacuator, guint64 omen_id);

G_END_DECLS

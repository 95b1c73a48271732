/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the evacuations for an omen went, and the word about it that stays with the omen. */
#pragma once

#include "evacuation/evacuator.h"
#include "omen/omen.h"

G_BEGIN_DECLS

typedef struct {
    guint total;
    guint final;
    guint moved;
    char *first_error; /* NULL: none */
} OmenTally;

void omen_tally_clear(OmenTally *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OmenTally, omen_tally_clear)

/* @self: zeroed. */
void omen_tally_count(OmenTally *self, OmenEvacuator *evacuator, guint64 omen_id);

/* All have ended: how it went is the omen's outcome. */
void omen_tally_conclude(const OmenTally *self, OmenOmen *omen);

G_END_DECLS

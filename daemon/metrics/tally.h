/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts what came to pass since the daemon began: omens by class, evacuations by their end, and
 * how long these took. What is listed elsewhere is forgotten after a while; counters must not go
 * back.
 */
#pragma once

#include "evacuation/evacuator.h"
#include "metrics/histogram.h"
#include "omen/omen-registry.h"

G_BEGIN_DECLS

#define OMEN_TYPE_TALLY (omen_tally_get_type())
G_DECLARE_FINAL_TYPE(OmenTally, omen_tally, OMEN, TALLY, GObject)

/* References both, and counts from now on. What they took up of an earlier life is not counted,
 * unless it ends from now on. */
OmenTally *omen_tally_new(OmenOmenRegistry *omens, OmenEvacuator *evacuator);

guint64 omen_tally_get_n_omens(OmenTally *self, OmenFailureClass failure_class);
guint64 omen_tally_get_n_omens_with_action(OmenTally *self, OmenAction action);

/* @phase: a final one. */
guint64 omen_tally_get_n_evacuations(OmenTally *self, OmenPhase phase);

/* Of evacuations that succeeded. Seconds; borrowed. */
const OmenHistogram *omen_tally_get_durations(OmenTally *self);
const OmenHistogram *omen_tally_get_downtimes(OmenTally *self);

G_END_DECLS

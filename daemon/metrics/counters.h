/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts what came to pass since the daemon began: omens by class, evacuations by their end, and
 * how long these took. What is listed elsewhere is forgotten after a while; counters must not go
 * back.
 */
#pragma once

#include "evacuation/queue/evacuator.h"
#include "metrics/histogram.h"
#include "omen/omen-registry.h"

G_BEGIN_DECLS

#define OMEN_TYPE_COUNTERS (omen_counters_get_type())
G_DECLARE_FINAL_TYPE(OmenCounters, omen_counters, OMEN, COUNTERS, GObject)

/* References both, and counts from now on. What they took up of an earlier life is not counted,
 * unless it ends from now on. */
OmenCounters *omen_counters_new(OmenRegistry *omens, OmenEvacuator *evacuator);

guint64 omen_counters_get_n_omens(OmenCounters *self, OmenFailureClass failure_class);
guint64 omen_counters_get_n_omens_with_action(OmenCounters *self, OmenAction action);

/* @phase: a final one. */
guint64 omen_counters_get_n_evacuations(OmenCounters *self, OmenPhase phase);

/* Of evacuations that succeeded. Seconds; borrowed. */
const OmenHistogram *omen_counters_get_durations(OmenCounters *self);
const OmenHistogram *omen_counters_get_downtimes(OmenCounters *self);

G_END_DECLS

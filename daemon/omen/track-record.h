/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How right the omens of this host have been so far, and what that says of the next one.
 *
 * Pure. What a guest says of itself is a record of its own: a guest that cries wolf, or that dies
 * on purpose, changes nothing of what the host's or libvirt's word counts for; nor does what is not
 * proven by who wrote it.
 */
#pragma once

#include "omen/omen.h"

G_BEGIN_DECLS

typedef struct {
    guint n_of_fate[OMEN_N_FATES];
} OmenTrackRecord;

/* @omens: (element-type Omen). */
OmenTrackRecord omen_track_record_count(const GPtrArray *omens);

/* Fewer known ends than these say nothing in percent. */
#define OMEN_TRACK_LEAST_KNOWN 10

/* How many ends are known: what was real (failed, repaired, confirmed) or false (dismissed, or
 * nothing came). What was acted on, and nothing followed, is not: acting hides the truth. */
guint omen_track_record_count_real(const OmenTrackRecord *self);
guint omen_track_record_count_known(const OmenTrackRecord *self);

/* Share of what was real among all that is known of; -1: fewer than OMEN_TRACK_LEAST_KNOWN are. */
double omen_track_record_get_precision(const OmenTrackRecord *self);

/*
 * Seconds from the first sign to the failure: the geometric mean of what omens of the same class
 * and scope took, with the judge's @detection->urgency_s counted as OMEN_TRACK_PRIOR_WEIGHT of
 * them; 0 where neither is known.
 */
#define OMEN_TRACK_PRIOR_WEIGHT 4
guint omen_track_record_estimate_urgency_s(const GPtrArray *omens, const OmenData *detection);

/*
 * How sure a sign is by history: @detection->probability counted as OMEN_TRACK_CONFIDENCE_WEIGHT
 * omens of its class and scope, among those that came true or did not. At least OMEN_TRACK_LEAST:
 * false alarms make the next one wait for a second sign, and never silence it.
 */
#define OMEN_TRACK_CONFIDENCE_WEIGHT 8
#define OMEN_TRACK_LEAST             0.5
double omen_track_record_correct_probability(const GPtrArray *omens, const OmenData *detection);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limiter: may the daemon act on an omen by itself now? Pure.
 *
 * As systemd-oomd does it: what is not certain must last, or be backed by a second, independent
 * piece of evidence; after an action there is a pause; each domain and the host have a budget. And
 * where many are alarmed at once the cause is taken for a common one (storage, time, a changed log
 * format): an operator is asked instead of moving them all into each other.
 */
#pragma once

#include "configuration/configuration.h"
#include "evacuation/queue/evacuator.h"
#include "hypervisor/hypervisor.h"
#include "omen/omen-registry.h"

G_BEGIN_DECLS

/* How things stand. Counts are of now, or of the last day. */
typedef struct {
    double probability;
    gint64 first_us; /* the omen's first and last sign, since the epoch */
    gint64 last_us;
    guint n_independent; /* signs and open omens about the same, of another class or another source,
                          * and of a kind that is known */
    gint64 now_us;
    gint64 last_action_us;   /* when an evacuation for an omen last began for one it concerns; 0 */
    gboolean is_under_way;   /* and goes on: the omen joins it */
    guint n_moves_of_domain; /* the most of those that it concerns */
    guint n_moves;
    gboolean is_of_domain;
    guint n_alarmed_domains;
    guint n_domains;
    gboolean is_disconnected; /* from libvirt */
    guint n_endangered_destinations;
    guint n_destinations;
} OmenLimiterFacts;

/* OMEN_HOLD_NONE: it may act. @explanation: (out) (transfer none): a sentence, static; "" if it may
 * act. */
OmenHold omen_limiter_weigh(const OmenLimiterSettings *limits,
                            const OmenLimiterFacts *facts,
                            const char **explanation);

/* Looks around for the facts about @omen. */
OmenLimiterFacts omen_limiter_gather(const OmenData *omen,
                                     OmenRegistry *omens,
                                     OmenEvacuator *evacuator,
                                     OmenHypervisor *hypervisor,
                                     gint64 now_us);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The planner's search: which domains are safe in time, in which lane and at which destination.
 * Pure. */
#pragma once

#include "evacuation/plan/planner.h"

G_BEGIN_DECLS

/* A problem for a given number of moves at once ("lanes"), and its answer. */
typedef struct {
    const OmenPlanDomain *domains;
    gsize n_domains;
    const OmenPlanDestination *destinations;
    gsize n_destinations;
    const OmenPlanLimits *limits;
    guint n_lanes;
    double deadline_s; /* INFINITY: none */
    double *seconds;   /* a domain's move; INFINITY: never */

    double *lane_s; /* out: what is in each lane, in seconds */
    guint64 *room;  /* out: left at each destination, bytes */
    gssize *at;     /* out: each domain's destination, -1: not placed */
    gssize *lane;   /* out: its lane */
} OmenPlacement;

/* @domains and the others are borrowed; seconds are to be filled in. */
OmenPlacement *omen_placement_new(const OmenPlanDomain *domains,
                                  gsize n_domains,
                                  const OmenPlanDestination *destinations,
                                  gsize n_destinations,
                                  const OmenPlanLimits *limits,
                                  guint n_lanes);
void omen_placement_free(OmenPlacement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenPlacement, omen_placement_free)

/* May @domain go to @destination as things stand (room, group, what bars it)? */
gboolean omen_placement_fits(const OmenPlacement *self, gsize domain, gsize destination);

void omen_placement_put(OmenPlacement *self, gsize domain, gsize destination, gsize lane);

/* Takes it away again. */
void omen_placement_take(OmenPlacement *self, gsize domain);

/* Places as much importance as it finds a way to have safe by the deadline. */
void omen_placement_solve(OmenPlacement *self);

double omen_plan_importance(const OmenPlanDomain *domain);

G_END_DECLS

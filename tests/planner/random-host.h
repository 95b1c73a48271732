/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random hosts to plan for; the same seed gives the same host. */
#pragma once

#include "evacuation/plan/planner.h"

#define RANDOM_HOST_MAX_DOMAINS      40
#define RANDOM_HOST_MAX_DESTINATIONS 3

typedef struct {
    OmenPlanDomain domains[RANDOM_HOST_MAX_DOMAINS];
    char names[RANDOM_HOST_MAX_DOMAINS][8];
    gsize n_domains;
    OmenPlanDestination destinations[RANDOM_HOST_MAX_DESTINATIONS];
    gsize n_destinations;
    OmenPlanLimits limits;
} RandomHost;

/* From @min_domains to @max_domains; a deadline and rooms that are too tight for all, most times.
 */
void random_host_make(RandomHost *self, guint32 seed, guint min_domains, guint max_domains);

/* What a script does: the domains as they come, each to the first destination with room, so many at
 * once as allowed. Returns the importance that is away by the deadline. */
double random_host_first_come(const RandomHost *self);

/* The most that any plan of the same model can have away by the deadline, by dynamic programming
 * over all sets of domains; for n_domains <= 14. */
double random_host_exact(const RandomHost *self);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/plan/placement.h"

#include <math.h>
#include <string.h>

double
omen_plan_importance(const OmenPlanDomain *domain)
{
    return domain->importance > 0 ? domain->importance : 1.0;
}

OmenPlacement *
omen_placement_new(const OmenPlanDomain *domains,
                   gsize n_domains,
                   const OmenPlanDestination *destinations,
                   gsize n_destinations,
                   const OmenPlanLimits *limits,
                   guint n_lanes)
{
    OmenPlacement *self = g_new0(OmenPlacement, 1);

    self->domains = domains;
    self->n_domains = n_domains;
    self->destinations = destinations;
    self->n_destinations = n_destinations;
    self->limits = limits;
    self->n_lanes = n_lanes;
    self->deadline_s = limits->deadline_s > 0 ? limits->deadline_s : INFINITY;
    self->seconds = g_new0(double, n_domains + 1);
    self->lane_s = g_new0(double, n_lanes);
    self->room = g_new0(guint64, n_destinations + 1);
    self->at = g_new0(gssize, n_domains + 1);
    self->lane = g_new0(gssize, n_domains + 1);
    for (gsize i = 0; i < n_domains; i++)
        self->at[i] = self->lane[i] = -1;
    for (gsize i = 0; i < n_destinations; i++)
        self->room[i] = destinations[i].room_bytes;
    return self;
}

void
omen_placement_free(OmenPlacement *self)
{
    g_free(self->seconds);
    g_free(self->lane_s);
    g_free(self->room);
    g_free(self->at);
    g_free(self->lane);
    g_free(self);
}

static gboolean
has_company(const OmenPlacement *self, gsize domain, gsize destination)
{
    const char *group = self->domains[domain].group;

    if (!group)
        return FALSE;
    for (gsize i = 0; i < self->n_domains; i++) {
        if (self->at[i] == (gssize) destination && self->domains[i].group &&
            g_str_equal(self->domains[i].group, group))
            return TRUE;
    }
    return FALSE;
}

gboolean
omen_placement_fits(const OmenPlacement *self, gsize domain, gsize destination)
{
    const OmenPlanDomain *one = &self->domains[domain];
    const OmenPlanDestination *there = &self->destinations[destination];
    const char *only = self->limits->destination;

    return !there->unusable && (!only || g_str_equal(only, there->name)) &&
           !(destination < 64 && (one->barred >> destination & 1)) &&
           self->room[destination] >= one->memory_bytes && !has_company(self, domain, destination);
}

void
omen_placement_put(OmenPlacement *self, gsize domain, gsize destination, gsize lane)
{
    self->at[domain] = (gssize) destination;
    self->lane[domain] = (gssize) lane;
    self->room[destination] -= self->domains[domain].memory_bytes;
    self->lane_s[lane] += self->seconds[domain];
}

void
omen_placement_take(OmenPlacement *self, gsize domain)
{
    self->room[self->at[domain]] += self->domains[domain].memory_bytes;
    self->lane_s[self->lane[domain]] -= self->seconds[domain];
    self->at[domain] = self->lane[domain] = -1;
}

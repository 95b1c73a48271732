/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The brake over the fleet, as one host has it: on while this host and others are endangered by
 * what they have in common (fleet/cause.h), and for some time after. Pure: rows and clocks in, a
 * verdict out.
 *
 * It says only that nothing is to be moved from this host without an operator. Where rows are read
 * no longer it holds for twice the window from the last reading, and then not.
 */
#pragma once

#include "fleet/cause.h"

G_BEGIN_DECLS

typedef struct {
    OmenFleetCauseTerms terms;
    guint release_s; /* it holds for so long after the hosts have ceased to have it in common */
} OmenFleetBrakeSettings;

typedef struct {
    gint64 real_us;   /* since the epoch */
    gint64 steady_us; /* monotonic */
} OmenFleetMoment;

typedef struct _OmenFleetBrake OmenFleetBrake;

OmenFleetBrake *omen_fleet_brake_new(const OmenFleetBrakeSettings *settings);
void omen_fleet_brake_free(OmenFleetBrake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenFleetBrake, omen_fleet_brake_free)

/* Rows were read: @hosts (element-type OmenFleetHost), @own: this host as it is now. */
void omen_fleet_brake_look(OmenFleetBrake *self,
                           GPtrArray *hosts,
                           const OmenFleetHost *own,
                           const OmenFleetMoment *now);

gboolean omen_fleet_brake_holds(const OmenFleetBrake *self, const OmenFleetMoment *now);

/* (nullable) (transfer full): in words, why it holds; NULL: it does not. */
char *omen_fleet_brake_describe(const OmenFleetBrake *self, const OmenFleetMoment *now);

/* (nullable), borrowed: what it holds for; NULL: it does not. */
const OmenFleetCause *omen_fleet_brake_get_cause(const OmenFleetBrake *self,
                                                 const OmenFleetMoment *now);

G_END_DECLS

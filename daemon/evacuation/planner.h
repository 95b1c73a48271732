/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The planner: which domain goes where, in which order, and which stay. Pure: values in, values
 * out.
 *
 * Smallest first, each to the first destination, in the operator's order, that still has room: so
 * the most domains are away soonest. Estimates are of memory over bandwidth.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    const char *uuid;
    const char *name;
    guint64 memory_bytes;
    const char *immovable; /* why it can't be moved; NULL: it can */
} OmenPlanDomain;

typedef struct {
    const char *name;
    guint64 room_bytes;   /* free, less what must stay free and what is promised */
    const char *unusable; /* why it is none; NULL: it is one */
} OmenPlanDestination;

typedef struct {
    guint concurrency;        /* moves at once, >= 1 */
    guint64 bytes_per_second; /* of one move; >= 1 */
    const char *destination;  /* only this one; NULL: any */
} OmenPlanLimits;

typedef struct {
    gsize domain;       /* index */
    gssize destination; /* index; -1: it stays */
    double start_s;
    double end_s;
    char *reason; /* why it stays; NULL if it moves */
} OmenPlannedMove;

void omen_planned_move_free(OmenPlannedMove *self);

/* (transfer full) (element-type OmenPlannedMove): moves in their order, then those that stay. */
GPtrArray *omen_planner_plan(const OmenPlanDomain *domains,
                             gsize n_domains,
                             const OmenPlanDestination *destinations,
                             gsize n_destinations,
                             const OmenPlanLimits *limits);

G_END_DECLS

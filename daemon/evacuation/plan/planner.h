/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The planner: which domain goes where, when and how, and which stay. Pure: values in, values out.
 *
 * What is maximised is the importance of the domains that are away before the deadline; of equal
 * plans the one with the smallest sum of importance times end wins, so without a deadline the most
 * importance is safe soonest (Smith's rule: by importance over time; of equals the shortest first).
 * Each number of moves at once is tried, since moves at once share the link. What can't be safe in
 * time goes after the rest, into the room that is left.
 *
 * Which domains make it is found exactly for a handful (placement-exact.h). For more it is a search
 * by branch and bound over places (lane, destination), begun with the best of several greedy orders
 * and bounded in steps: never worse than greedy.
 */
#pragma once

#include "evacuation/plan/technique.h"

G_BEGIN_DECLS

typedef struct {
    const char *uuid;
    const char *name;
    guint64 memory_bytes;   /* that it takes at a destination */
    guint64 transfer_bytes; /* of memory to be sent; 0: memory_bytes */
    guint64 disk_bytes;     /* to be copied; 0: shared storage */
    double dirty_bytes_per_second;
    double importance;       /* > 0; 0: 1 */
    OmenTechnique technique; /* wished; _AUTO: the planner's choice */
    const char *group;       /* no two of a group to one destination; NULL: none */
    guint64 barred;          /* bit i: destination i can't run it */
    const char *immovable;   /* why it can't be moved; NULL: it can */
} OmenPlanDomain;

typedef struct {
    const char *name;
    guint64 room_bytes;     /* free, less what must stay free and what is promised or reserved */
    const char *unusable;   /* why it is none; NULL: it is one */
    guint64 reserved_bytes; /* of what was taken off: for domains of other hosts */
    guint64 later_bytes;    /* room_bytes, if nothing of it were reserved; 0: not known */
} OmenPlanDestination;

typedef struct {
    guint concurrency;               /* moves at once at most, >= 1 */
    guint concurrency_a_destination; /* 0: as many */
    double link_bytes_per_second;    /* that moves at once share; > 0 */
    double move_bytes_per_second;    /* a single one gets no more; 0: no limit */
    double deadline_s;               /* from now; 0: none */
    guint downtime_limit_ms;         /* 0: QEMU's 300 */
    gboolean post_copy;              /* may be chosen */
    const char *destination;         /* only this one; NULL: any */
} OmenPlanLimits;

typedef struct {
    gsize domain;       /* index */
    gssize destination; /* index; -1: it stays */
    OmenTechnique technique;
    double start_s;
    double end_s; /* INFINITY: not to be foreseen: it does not converge */
    guint downtime_ms;
    gboolean is_late;       /* ends after the deadline */
    gboolean may_fit_later; /* it stays, but might fit if what others reserved becomes free */
    char *reason;           /* why it stays; NULL if it moves */
} OmenPlannedMove;

/* The importance of what is away by the deadline (all that moves where there is none). */
double omen_plan_value(GPtrArray *plan, const OmenPlanDomain *domains);

/* (transfer full) (element-type OmenPlannedMove): moves by their start, then those that stay. */
GPtrArray *omen_planner_plan(const OmenPlanDomain *domains,
                             gsize n_domains,
                             const OmenPlanDestination *destinations,
                             gsize n_destinations,
                             const OmenPlanLimits *limits);

G_END_DECLS

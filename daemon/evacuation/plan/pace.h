/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A migration under way, beside what it was to be: is it late, and what is to be done? Pure. */
#pragma once

#include "evacuation/plan/technique.h"

G_BEGIN_DECLS

typedef struct {
    double progress; /* 0..1 */
    guint64 remaining_bytes;
    double bytes_per_second;
    double dirty_bytes_per_second;
    guint passes;      /* over the memory, begun */
    gboolean is_after; /* post-copy goes on: the guest runs there */
    guint downtime_limit_ms;
} OmenMigrationProgress;

typedef struct {
    OmenTechnique technique; /* never _AUTO */
    gboolean post_copy;      /* libvirt was told that it may come to that */
    double left_s;           /* until the deadline; INFINITY: none */
    guint max_downtime_ms;   /* no more than this */
} OmenPaceTerms;

typedef enum {
    OMEN_PACE_KEEP,
    OMEN_PACE_RAISE_DOWNTIME,
    OMEN_PACE_SWITCH_TO_POST_COPY,
} OmenPaceAction;

typedef struct {
    OmenPaceAction action;
    guint downtime_ms; /* with _RAISE_DOWNTIME */
    double expected_s; /* to its end; INFINITY: it does not converge */
} OmenPaceDecision;

OmenPaceDecision omen_pace_decide(const OmenMigrationProgress *progress,
                                  const OmenPaceTerms *terms);

G_END_DECLS

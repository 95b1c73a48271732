/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain is, asked at both ends of a migration whose outcome is not known; and what
 * follows.
 */
#pragma once

#include "hypervisor/libvirt-types.h"

G_BEGIN_DECLS

typedef enum {
    OMEN_PRESENCE_UNKNOWN, /* that end did not answer */
    OMEN_PRESENCE_ABSENT,  /* not known there, or known and shut off */
    OMEN_PRESENCE_RUNNING,
    OMEN_PRESENCE_PAUSED,
    OMEN_PRESENCE_BROKEN, /* a post-copy broke off: it has only a part of its memory */
    OMEN_PRESENCE_IN_JOB, /* active, with a migration under way */
} OmenPresence;

typedef struct {
    OmenPresence here;
    OmenPresence there;
} OmenWhereabouts;

typedef enum {
    OMEN_OUTCOME_OPEN,    /* not settled yet: ask again */
    OMEN_OUTCOME_ARRIVED, /* runs there, and not here */
    OMEN_OUTCOME_STAYED,  /* runs here, and can not run there */
    OMEN_OUTCOME_BROKEN,  /* in the middle of post-copy; both ends answer, and it can be resumed */
    OMEN_OUTCOME_PAUSED_HERE,
    OMEN_OUTCOME_PAUSED_THERE,
    OMEN_OUTCOME_NOWHERE,
    OMEN_OUTCOME_TWICE,
} OmenOutcome;

/*
 * Pure. A domain that runs here while no job is under way has not left: with pre-copy it runs there
 * only after it was stopped here. A pause on one side is part of a hand-over and is open until it
 * lasts.
 */
OmenOutcome omen_whereabouts_judge(OmenWhereabouts whereabouts);

/* The same once asking has gone on for long: a pause that lasts is an outcome of its own. */
OmenOutcome omen_whereabouts_judge_finally(OmenWhereabouts whereabouts);

/* Blocks: for worker threads. Opens connections to both ends. */
OmenWhereabouts
omen_whereabouts_ask(const char *source_uri, const char *destination_uri, const char *uuid);

G_END_DECLS

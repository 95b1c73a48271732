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
} OmenDomainLocation;

typedef enum {
    OMEN_MIGRATION_OUTCOME_OPEN,    /* not settled yet: ask again */
    OMEN_MIGRATION_OUTCOME_ARRIVED, /* runs there, and not here */
    OMEN_MIGRATION_OUTCOME_STAYED,  /* runs here, and can not run there */
    OMEN_MIGRATION_OUTCOME_BROKEN,  /* in the middle of post-copy; both ends answer, and it can be
                                       resumed */
    OMEN_MIGRATION_OUTCOME_PAUSED_HERE,
    OMEN_MIGRATION_OUTCOME_PAUSED_THERE,
    OMEN_MIGRATION_OUTCOME_NOWHERE,
    OMEN_MIGRATION_OUTCOME_TWICE,
} OmenMigrationOutcome;

/*
 * Pure. A domain that runs here while no job is under way has not left: with pre-copy it runs there
 * only after it was stopped here. A pause on one side is part of a hand-over and is open until it
 * lasts.
 */
OmenMigrationOutcome omen_domain_location_judge(OmenDomainLocation location);

/* The same once asking has gone on for long: a pause that lasts is an outcome of its own. */
OmenMigrationOutcome omen_domain_location_judge_finally(OmenDomainLocation location);

/* Blocks: for worker threads. Opens connections to both ends. */
OmenDomainLocation
omen_domain_location_ask(const char *source_uri, const char *destination_uri, const char *uuid);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ways to migrate a running domain, and what each would take. Pure.
 *
 * The estimate follows what QEMU does: pass after pass sends what was dirtied during the last one,
 * until the rest fits into the downtime limit; auto-converge slows the guest's CPUs by 20 %, then
 * by 10 % more a step, when a pass does not halve what remains (QEMU's migration/ram.c:
 * cpu-throttle-initial, cpu-throttle-increment, throttle-trigger-threshold).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* When a guest may run on the destination before all of its memory is there. */
typedef enum {
    OMEN_POST_COPY_NEVER,
    OMEN_POST_COPY_HEALTHY, /* only while no omen says that this host may die */
    OMEN_POST_COPY_ALWAYS,  /* a guest that is lost with the host is taken for the lesser evil */
} OmenPostCopy;

typedef enum {
    OMEN_TECHNIQUE_AUTO,          /* by the estimate */
    OMEN_TECHNIQUE_PRE_COPY,      /* never slows the guest */
    OMEN_TECHNIQUE_AUTO_CONVERGE, /* pre-copy that slows a guest which dirties too fast */
    OMEN_TECHNIQUE_HYBRID,        /* one pass of pre-copy, the rest by post-copy */
    OMEN_TECHNIQUE_POST_COPY,     /* the guest moves at once, its memory follows */
    OMEN_N_TECHNIQUES,
} OmenTechnique;

/* "auto", "pre-copy", "auto-converge", "hybrid", "post-copy". */
const char *omen_technique_to_string(OmenTechnique technique);
gboolean omen_technique_from_string(const char *word, OmenTechnique *out);

/* The guest runs on the destination before all of its memory is there: if either end dies then, it
 * is lost. */
gboolean omen_technique_is_post_copy(OmenTechnique technique);

/* What is to be moved, and over what. */
typedef struct {
    guint64 memory_bytes; /* to be sent at least once */
    guint64 disk_bytes;   /* local disks to be copied first; 0: shared storage */
    double dirty_bytes_per_second;
    double bytes_per_second; /* what this move gets of the link; > 0 */
    guint downtime_limit_ms; /* QEMU's downtime-limit */
} OmenMigrationLoad;

typedef struct {
    double seconds; /* INFINITY: it does not converge */
    guint downtime_ms;
} OmenMigrationEstimate;

OmenMigrationEstimate omen_technique_estimate(OmenTechnique technique,
                                              const OmenMigrationLoad *load);

/*
 * The gentlest technique that ends within @limit_s (INFINITY: any time): pre-copy, auto-converge,
 * then, if @post_copy is allowed, hybrid; if none does, the quickest that ends at all.
 */
OmenTechnique omen_technique_choose(const OmenMigrationLoad *load,
                                    gboolean post_copy,
                                    double limit_s,
                                    OmenMigrationEstimate *estimate);

G_END_DECLS

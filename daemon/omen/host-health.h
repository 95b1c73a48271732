/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a host is, by its open omens: what status, the metrics, Pacemaker and the file of conditions
 * all tell. Pure.
 *
 *   red     the whole host is endangered
 *   yellow  a device or a domain is, or the host by something that moving away does not help
 *           against
 *   green   neither; a guest's word about itself says nothing of its host, and is told beside
 */
#pragma once

#include "omen/omen-registry.h"

G_BEGIN_DECLS

typedef enum {
    OMEN_HEALTH_GREEN,
    OMEN_HEALTH_YELLOW,
    OMEN_HEALTH_RED,
} OmenHealthLevel;

const char *omen_health_level_to_string(OmenHealthLevel level);

typedef struct {
    OmenHealthLevel level;
    const OmenData *cause; /* the likeliest omen of that level; NULL: there is none. Borrowed from
                            * the registry until it changes */
    char *text;            /* in a sentence: "no sign of failure" only if nothing is endangered */
} OmenHostHealth;

void omen_host_health_clear(OmenHostHealth *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OmenHostHealth, omen_host_health_clear)

/* Fills @self, which is to be cleared. */
void omen_host_health_assess(OmenHostHealth *self, OmenRegistry *omens, gint64 now_us);

G_END_DECLS

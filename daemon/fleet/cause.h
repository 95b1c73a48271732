/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether hosts that are endangered have something in common, so that moving domains from one of
 * them to another helps nobody. Pure.
 *
 * A host counts while it has an open omen that was raised within the window. What hosts can have in
 * common, the more telling first:
 *
 *   storage    omens of the same shared storage
 *   line       omens by the same line
 *   rack, kernel, version, libvirt, qemu    any omens, where hosts without it have half as many or
 *              fewer: what all hosts have explains nothing
 *   class      omens of the same class of failure, which is known
 */
#pragma once

#include "fleet/host-row.h"

G_BEGIN_DECLS

typedef struct {
    guint hosts;   /* at least so many; 0: nothing is looked for */
    guint percent; /* and at least this share of the hosts that could have it: of those that use the
                    * storage, stand in the rack, run the version; of a line or a class, of all */
    guint window_s; /* within which they were raised */
} OmenFleetCauseTerms;

/* What was found before: it lasts as long as enough hosts still have their omens. */
typedef struct {
    const char *key;
    gint64 since_us;
} OmenFleetCauseAnchor;

typedef struct {
    char *key;        /* "storage nfs server", "rack a4", "class disk" ... */
    char *text;       /* in words */
    GPtrArray *hosts; /* char *: names of those that have it, by name */
    guint n_hosts;    /* that could have it */
    gint64 since_us;  /* the first of those omens, since the epoch */
} OmenFleetCause;

void omen_fleet_cause_free(OmenFleetCause *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenFleetCause, omen_fleet_cause_free)

/*
 * What @own has in common with others. @hosts: (element-type OmenFleetHost): rows of live hosts, of
 * which one may be an older one of @own. @anchor: (nullable). @now_us: since the epoch. Other
 * hosts' clocks may be wrong.
 * Returns: (transfer full) (nullable): NULL: nothing, or not enough hosts.
 */
OmenFleetCause *omen_fleet_cause_find(const OmenFleetCauseTerms *terms,
                                      GPtrArray *hosts,
                                      const OmenFleetHost *own,
                                      const OmenFleetCauseAnchor *anchor,
                                      gint64 now_us);

G_END_DECLS

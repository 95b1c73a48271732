/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which hosts of the fleet are good destinations for this one. Pure.
 *
 * Those that take domains, are in no maintenance, and whose URI may be used (fleet/uri.h); such
 * that have a row before those that had one, well ones before others, such in another rack
 * ("rack=..." among the labels) before those in the same, and then by their free memory. Memory is
 * weighed by a number of each pair of hosts, so that many hosts in need do not all choose the same.
 */
#pragma once

#include "fleet/host-row.h"

G_BEGIN_DECLS

/* Of the host that looks for destinations. */
typedef struct {
    const char *name;
    char **labels;
    char **transports; /* of URIs */
} OmenFleetSeeker;

/* @hosts: (element-type OmenFleetHost). Returns: (transfer container), best first, at most @max,
 * borrowed from @hosts. */
GPtrArray *omen_fleet_choose(GPtrArray *hosts, const OmenFleetSeeker *seeker, guint max);

G_END_DECLS

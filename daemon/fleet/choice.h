/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which hosts of the fleet are good destinations for this one. Pure.
 *
 * Those that take domains, and are in no maintenance; well ones before others, such in another rack
 * ("rack=..." among the labels) before those in the same, and then by their free memory. Memory is
 * weighed by a number of each pair of hosts, so that many hosts in need do not all choose the same.
 */
#pragma once

#include "fleet/host-row.h"

G_BEGIN_DECLS

/* @hosts: (element-type OmenFleetHost). @labels: of this host. Returns: (transfer container), best
 * first, at most @max, borrowed from @hosts. */
GPtrArray *omen_fleet_choose(GPtrArray *hosts, const char *own_name, char **labels, guint max);

G_END_DECLS

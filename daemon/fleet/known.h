/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a host knows of the others, as of several looks at the store. Pure.
 *
 * A row that is missing proves nothing: a store that elects a leader, or has lost leases, has no
 * rows for seconds, and so has a host whose virt-omend starts. What was known stays known for a
 * while, for each destination is asked before a move anyway.
 */
#pragma once

#include "fleet/host-row.h"

G_BEGIN_DECLS

/* @hosts: (element-type OmenFleetHost): as read @now_us (monotonic). Those of @before (nullable),
 * of the same type, that are not among them, and were read less than @max_age_us ago, move there,
 * marked as missing; what is read of their maintenance holds. A host that has just started is taken
 * to be what it was. */
void omen_fleet_known_carry(GPtrArray *hosts, GPtrArray *before, gint64 now_us, gint64 max_age_us);

/* (nullable): borrowed: the host of that name, or else the one that others reach by that URI.
 * @hosts: (nullable). */
const OmenFleetHost *omen_fleet_known_find(GPtrArray *hosts, const char *name, const char *uri);

/* One that is called so, or that others reach so. */
gboolean omen_fleet_known_is(const OmenFleetHost *host, const char *name, const char *uri);

/* What it said of itself less than @max_age_us ago, or what an operator said of it, speaks against
 * moves to it. */
gboolean omen_fleet_known_is_barred(const OmenFleetHost *host, gint64 now_us, gint64 max_age_us);

G_END_DECLS

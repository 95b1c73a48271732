/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The best placement of a handful of domains, by dynamic programming over all sets of them. Pure.
 *
 * A set fills the lanes (and so the destinations) one after the other; of all orders in which it
 * may, the one is kept that ends in the earliest bin with the least in it. So each set is looked at
 * once for each of its members, not once for each way to part it.
 */
#pragma once

#include "evacuation/plan/placement.h"

G_BEGIN_DECLS

#define OMEN_PLACEMENT_EXACT_MAX 14 /* domains */

/* @candidates: the @n domains that could be safe by the deadline. FALSE: no placement is worth more
 * than @above; else the best is in @self, which must be empty before. */
gboolean
omen_placement_solve_exactly(OmenPlacement *self, const gsize *candidates, gsize n, double above);

G_END_DECLS

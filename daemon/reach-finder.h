/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds out whom the trouble of a host's device reaches, and writes it into the omen.
 *
 * Reads the host's storage and the definitions of the running domains on a worker thread, anew for
 * each omen, and again when domains have come or changed while one is open. Within a bounded time:
 * libvirt or a disk that does not answer, or libvirt that is away, makes it everybody's trouble,
 * and the omen says so.
 */
#pragma once

#include "hypervisor/hypervisor.h"
#include "omen/omen-registry.h"

G_BEGIN_DECLS

#define OMEN_TYPE_REACH_FINDER (omen_reach_finder_get_type())
G_DECLARE_FINAL_TYPE(OmenReachFinder, omen_reach_finder, OMEN, REACH_FINDER, GObject)

/* References what it is given. */
OmenReachFinder *omen_reach_finder_new(OmenOmenRegistry *omens, OmenHypervisor *hypervisor);

/* A sign of a host's device, before it is raised: marks it as one whose reach is sought, and names
 * the device by its lines if the judge did not. Leaves other signs as they are. */
void omen_reach_finder_prepare(OmenOmenData *sign);

/* Seeks what was marked, and does nothing for others. */
void omen_reach_finder_seek(OmenReachFinder *self, OmenOmen *omen);

/* Adds the UUIDs of those that use the omen's device and still run. */
void
omen_reach_finder_add_users(OmenReachFinder *self, const OmenOmenData *omen, GStrvBuilder *builder);

/* Signal "found" (OmenOmen *): its reach is another one than before. On the main context. */

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds out whom the trouble of a host's device reaches, and writes it into the omen; and whether
 * the storage is shared with other hosts, which a domain that moved there would meet again. That is
 * asked of the errors that QEMU met in a domain's disks, too.
 *
 * Reads the host's storage and the definitions of the running domains on a worker thread, anew for
 * each omen, and again when domains have come or changed while one is open. Within a bounded time:
 * libvirt or a disk that does not answer, or libvirt that is away, makes it everybody's trouble,
 * and the omen says so.
 */
#pragma once

#include "evacuation/queue/evacuator.h"
#include "hypervisor/hypervisor.h"
#include "omen/omen-registry.h"

G_BEGIN_DECLS

#define OMEN_TYPE_IMPACT (omen_impact_get_type())
G_DECLARE_FINAL_TYPE(OmenImpact, omen_impact, OMEN, IMPACT, GObject)

/* References what it is given. */
OmenImpact *
omen_impact_new(OmenRegistry *omens, OmenEvacuator *evacuator, OmenHypervisor *hypervisor);

/* A sign of a host's device, or of a disk of a domain, before it is raised: marks it as one whose
 * reach is sought, and names the device by its lines if the judge did not. Leaves other signs as
 * they are. */
void omen_impact_prepare(OmenData *detection);

/* Seeks what was marked, and does nothing for others. */
void omen_impact_seek(OmenImpact *self, Omen *omen);

/* Adds the UUIDs of those that use the omen's device and still run. */
void omen_impact_add_users(OmenImpact *self, const OmenData *omen, GStrvBuilder *builder);

/* Signal "found" (Omen *): its reach is another one than before. On the main context. */

G_END_DECLS

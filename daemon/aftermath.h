/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened after an omen: a domain that fails is told in the outcome of the omens that were
 * open of it, and so is known to have been foretold. */
#pragma once

#include "hypervisor/hypervisor.h"
#include "omen/omen-registry.h"

G_BEGIN_DECLS

/* Listens to @hypervisor as long as @omens lives. */
void omen_aftermath_watch(OmenHypervisor *hypervisor, OmenOmenRegistry *omens);

/* For tests: @event may have ended a domain. */
void omen_aftermath_take_event(OmenOmenRegistry *omens, const OmenDomainEvent *event);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happened after an omen: the domain failed or hung, memory ran out, the host went down, the
 * disk was replaced. It is written beside the omens that were open then, in words and as their
 * fate, and so is known to have been foretold.
 */
#pragma once

#include "hypervisor/hypervisor.h"
#include "omen/omen-registry.h"

#include <virt-omen/record.h>

G_BEGIN_DECLS

/* Listens to @hypervisor as long as @omens lives. */
void omen_outcome_watch(OmenHypervisor *hypervisor, OmenRegistry *omens);

/* @event may have ended a domain. */
void omen_outcome_take_event(OmenRegistry *omens, const OmenDomainEvent *event);

/* A line of that stream may tell that something has failed, or works again. What a guest says of
 * itself is beside its own omens alone. */
void omen_outcome_take_line(OmenRegistry *omens,
                            const char *stream_name,
                            const OmenRecord *record,
                            gint64 now_us);

/* The host went down without warning, at about @time_us: what was open of it then came true. */
void omen_outcome_take_crash(OmenRegistry *omens, gint64 time_us);

G_END_DECLS

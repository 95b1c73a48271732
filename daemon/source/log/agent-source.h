/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's log, fetched through its agent now and then, while nothing better is there. Not
 * trusted, cleaned, and of bounded rate by its nature: 48 KiB a period.
 */
#pragma once

#include "hypervisor/hypervisor.h"
#include "source/source.h"

G_BEGIN_DECLS

#define OMEN_TYPE_AGENT_SOURCE (omen_agent_source_get_type())
G_DECLARE_FINAL_TYPE(OmenAgentSource, omen_agent_source, OMEN, AGENT_SOURCE, OmenSource)

/* Named "pull:NAME". @period_s: seconds from one fetch to the next. */
OmenSource *omen_agent_source_new(OmenHypervisor *hypervisor,
                                  const char *uuid,
                                  const char *name,
                                  guint period_s,
                                  const char *bookmark);

/* It rests while the guest is heard by a better way. */
void omen_agent_source_set_resting(OmenAgentSource *self, gboolean resting);

/* It has read something, and was not refused since. */
gboolean omen_agent_source_is_reading(OmenAgentSource *self);

G_END_DECLS

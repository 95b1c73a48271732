/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt and QEMU's monitor tell of one domain, as records. Steps of migrations are left out:
 * they are our own doing, or another operator's, and a sign of nothing. */
#pragma once

#include "hypervisor/hypervisor.h"
#include "source/source.h"

G_BEGIN_DECLS

#define OMEN_TYPE_DOMAIN_EVENT_SOURCE (omen_domain_event_source_get_type())
G_DECLARE_FINAL_TYPE(
    OmenDomainEventSource, omen_domain_event_source, OMEN, DOMAIN_EVENT_SOURCE, OmenSource)

/* Named "events:NAME". References @hypervisor. */
OmenSource *
omen_domain_event_source_new(OmenHypervisor *hypervisor, const char *uuid, const char *name);

G_END_DECLS

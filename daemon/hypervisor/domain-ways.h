/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* By which ways a guest can be heard, as its domain's XML says. */
#pragma once

#include "hypervisor/hypervisor.h"

G_BEGIN_DECLS

typedef struct {
    gboolean has_channel;       /* a port for virt-omen-forward */
    gboolean channel_connected; /* something in the guest has opened it */
    gboolean has_agent;         /* a port for the guest agent */
    gboolean agent_connected;
    char *serial_log; /* file that the serial console is logged to; "" if none */
} OmenDomainWays;

void omen_domain_ways_free(OmenDomainWays *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDomainWays, omen_domain_ways_free)

/* Asks libvirt. */
void omen_domain_ways_read_async(OmenHypervisor *hypervisor,
                                 const char *uuid,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);

/* (transfer full): NULL with @error. */
OmenDomainWays *omen_domain_ways_read_finish(GAsyncResult *result, GError **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection to this host's libvirt, and what is known of its domains.
 *
 * Connects in a worker thread, stays connected (keepalive; after a loss again and again with
 * growing, jittered pauses of 1 to 60 s), and holds a cache of all domains. After a reconnection
 * the events are listened to first and the domains listed then, and the difference to the cache is
 * told as events, so there is no gap in what is known. No libvirt call runs on the main context.
 *
 * Migrations open connections of their own (see evacuation/), since a call of theirs holds one of
 * the few requests that libvirtd serves on a connection at once (max_client_requests).
 *
 * Signals, on the main context: "connected"; "disconnected" (const char *why); "domain-added",
 * "domain-changed", "domain-removed" (const OmenDomainInfo *); "event" (OmenDomainEvent *), with
 * the domain's UUID as detail.
 */
#pragma once

#include "hypervisor/domain-event.h"
#include "hypervisor/workers.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
    char *name;
    char uuid[VIR_UUID_STRING_BUFLEN];
    int state;  /* virDomainState */
    int reason; /* its reason, by the state's own enumeration */
    gboolean persistent;
    guint64 memory_bytes; /* the most it may have */
} OmenDomainInfo;

/* Runs or is paused: there is something to lose. */
gboolean omen_domain_info_is_active(const OmenDomainInfo *self);

/* "running", "paused", "shut off" ... as virsh says. */
const char *omen_domain_info_get_state_name(const OmenDomainInfo *self);

#define OMEN_TYPE_HYPERVISOR (omen_hypervisor_get_type())
G_DECLARE_FINAL_TYPE(OmenHypervisor, omen_hypervisor, OMEN, HYPERVISOR, GObject)

/* @monitor_events: listen to QEMU's monitor events as well. */
OmenHypervisor *omen_hypervisor_new(const char *uri, gboolean monitor_events);

/* Begins to connect; stops for good. */
void omen_hypervisor_start(OmenHypervisor *self);
void omen_hypervisor_stop(OmenHypervisor *self);

const char *omen_hypervisor_get_uri(OmenHypervisor *self);
gboolean omen_hypervisor_is_connected(OmenHypervisor *self);

/* Why it is not connected, in words that say what to do; NULL if it is. */
const char *omen_hypervisor_get_problem(OmenHypervisor *self);

/* (transfer container): OmenDomainInfo, borrowed until the main loop turns. */
GPtrArray *omen_hypervisor_list(OmenHypervisor *self);

/* (nullable), borrowed until the main loop turns. By UUID, or by name. */
const OmenDomainInfo *omen_hypervisor_lookup(OmenHypervisor *self, const char *uuid_or_name);

/* (transfer full): of all that run or are paused. */
char **omen_hypervisor_list_active_uuids(OmenHypervisor *self);

/* For calls that answer soon. Borrowed. */
OmenWorkers *omen_hypervisor_get_workers(OmenHypervisor *self);

/* (transfer full) (nullable): another reference to the connection for queries, for worker threads.
 */
virConnectPtr omen_hypervisor_ref_connection(OmenHypervisor *self);

G_END_DECLS

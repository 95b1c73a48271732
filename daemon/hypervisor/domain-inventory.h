/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocking half of the hypervisor: what its worker threads do. */
#pragma once

#include "hypervisor/hypervisor.h"

G_BEGIN_DECLS

void omen_domain_info_free(OmenDomainInfo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDomainInfo, omen_domain_info_free)

/* What a connection needs to begin with. */
typedef struct {
    char *uri;
    int keepalive_interval_s;
    unsigned int keepalive_count;
    gboolean monitor_events;
    OmenDomainEventFunc on_event;
    gpointer event_address; /* given to libvirt, or freed by free_address */
    virConnectCloseFunc on_closed;
    gpointer closed_address; /* likewise */
    GDestroyNotify free_address;
} OmenInventoryRequest;

void omen_inventory_request_free(gpointer self);

/* A connection whose events are listened to, and all its domains. */
typedef struct {
    virConnectPtr connection; /* NULL: taken by someone else */
    OmenDomainEventIds event_ids;
    virConnectCloseFunc on_closed;
    GPtrArray *infos; /* OmenDomainInfo */
} OmenInventory;

void omen_inventory_free(OmenInventory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenInventory, omen_inventory_free)

/* OmenInventoryRequest -> OmenInventory: opens, listens, lists. */
gpointer omen_domain_inventory_work(gpointer data, GError **error);

/* Frees an OmenInventory on a worker: ends the connection, which may have to say good-bye to a peer
 * that does not listen. */
gpointer omen_domain_inventory_close_work(gpointer data, GError **error);

/* One domain by UUID: takes the reference to @connection. -> OmenDomainInfo. */
gpointer omen_domain_lookup_new(virConnectPtr connection, const char *uuid);
void omen_domain_lookup_free(gpointer data);
gpointer omen_domain_lookup_work(gpointer data, GError **error);

G_END_DECLS

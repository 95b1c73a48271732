/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the host's storage each running domain uses, and whom a device's trouble reaches: what
 * a worker thread asks libvirt and the kernel for. */
#pragma once

#include "hypervisor/libvirt-types.h"
#include "topology/reach-search.h"
#include "topology/storage-ids.h"

G_BEGIN_DECLS

/* What it is told: the connection, and what is asked. */
typedef struct {
    virConnectPtr connection;
    OmenDeviceQuestion question; /* of a device of the host */
    char *uuid;                  /* or of a disk of this domain; NULL */
    char *line;                  /* what QEMU told of that */
    gint *n_begun;               /* (nullable): see omen_reach_request_count() */
} OmenReachRequest;

/* Both take the reference to @connection (nullable); the rest is copied. */
OmenReachRequest *omen_reach_request_new(virConnectPtr connection,
                                         const OmenDeviceQuestion *question);
OmenReachRequest *
omen_reach_request_new_of_domain(virConnectPtr connection, const char *uuid, const char *line);
void omen_reach_request_free(gpointer self);

/* It is one of @n_begun (atomic, of g_atomic_rc_box_new0()) until it is freed, on whatever thread
 * that is: so a search that hangs on a dead file server still counts when nobody waits for it any
 * more. */
void omen_reach_request_count(OmenReachRequest *self, gint *n_begun);

/* OmenReachRequest -> OmenDeviceReach. */
gpointer omen_domain_storage_reach_work(gpointer data, GError **error);

/* OmenReachRequest, of which the connection counts -> OmenStorageIds of the domains that run. */
gpointer omen_domain_storage_ids_work(gpointer data, GError **error);

G_END_DECLS

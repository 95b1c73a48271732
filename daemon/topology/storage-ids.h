/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which storage of other machines a host's domains lie on, by names that other hosts give it as
 * well: "nfs server:/export", "ceph mon1:pool", "iscsi iqn.2024-01.org.example:target" ...
 */
#pragma once

#include "topology/device-reach.h"
#include "topology/domain-disks.h"
#include "topology/storage.h"

G_BEGIN_DECLS

/* Of one host. */
#define OMEN_STORAGE_MAX_IDS 256

typedef struct {
    GHashTable *of_domain; /* UUID -> GPtrArray of char *: where its disks lie */
    GHashTable *of_device; /* the kernel's name of a block device -> char * */
    GPtrArray *all;        /* char *, sorted: those that domains use */
} OmenStorageIds;

/* @domains: (element-type OmenDomainDisks). May wait for a disk: for worker threads. */
OmenStorageIds *omen_storage_ids_new(const OmenStorage *storage, GPtrArray *domains);
void omen_storage_ids_free(OmenStorageIds *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenStorageIds, omen_storage_ids_free)

/* What an omen says of storage. */
typedef struct {
    const char *device;           /* "" */
    const OmenDeviceReach *reach; /* (nullable): whom it reaches, if that was sought */
    const char *line;
    gboolean is_of_domain; /* of the disks of one domain */
} OmenStorageTrouble;

/* Which of it is meant: by the device, by the disks of those that it reaches where all of these are
 * shared, by a server that the line names. @self: (nullable). Borrowed. "": not known; NULL: a
 * device of this host alone. */
const char *omen_storage_ids_find(const OmenStorageIds *self, const OmenStorageTrouble *trouble);

G_END_DECLS

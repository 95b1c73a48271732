/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The storage of a host at one moment: its block devices, what is mounted, where it swaps, and on
 * which of them the host itself lives. Reading and locating may wait for a disk: for worker
 * threads.
 */
#pragma once

#include "topology/block-graph.h"
#include "topology/mount-table.h"

G_BEGIN_DECLS

/* Where a path leads to. */
typedef enum {
    OMEN_PLACE_DEVICES,   /* to these block devices */
    OMEN_PLACE_ELSEWHERE, /* to another host, or to memory: to no device of this host */
    OMEN_PLACE_UNCLAIMED, /* to devices that nothing else uses, as ZFS's */
    OMEN_PLACE_UNKNOWN,
} OmenPlaceKind;

typedef struct {
    OmenPlaceKind kind;
    GPtrArray *devices; /* OmenBlockDevice, borrowed from the storage */
    char *mount_point;  /* of the file system that holds it; "": it is a device */
    const char *remote; /* static: the kind of storage, if other hosts use it as well; NULL */
    char *remote_id;    /* of a file system: which, as "nfs server:/export"; "" */
} OmenPlace;

void omen_place_clear(OmenPlace *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OmenPlace, omen_place_clear)

typedef struct _OmenStorage OmenStorage;

/* @root: "" for this host, or the folder of a recorded one, which holds /sys, /dev and /proc. */
OmenStorage *omen_storage_read(const char *root);
void omen_storage_free(OmenStorage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenStorage, omen_storage_free)

/* Borrowed. */
const OmenBlockGraph *omen_storage_get_graph(const OmenStorage *self);

/* Fills @place, which is to be cleared. */
void omen_storage_locate(const OmenStorage *self, const char *path, OmenPlace *place);

/* The host itself lives on shared storage of that kind. */
gboolean omen_storage_lives_on(const OmenStorage *self, const char *remote);

/* What a log calls a device: a name, a bus address, a port, a path in /dev, a mount point.
 * (transfer container): OmenBlockDevice, borrowed; empty: it is none that is known here. */
GPtrArray *omen_storage_resolve(const OmenStorage *self, const char *name);

/* (nullable), borrowed: what of the host itself lies on the device ("/var", "swap"). */
const char *omen_storage_get_own_use(const OmenStorage *self, const OmenBlockDevice *device);

/* The host itself lives somewhere that could not be found out: UNKNOWN; on ZFS: UNCLAIMED; else
 * DEVICES. */
OmenPlaceKind omen_storage_get_own_place(const OmenStorage *self);

/* Mounted, swapped to, or with something on it. */
gboolean omen_storage_is_claimed(const OmenStorage *self, const OmenBlockDevice *device);

G_END_DECLS

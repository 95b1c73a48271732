/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Block devices and what lies on what: a disk below its partitions, these below the volumes of LVM,
 * dm-crypt, multipath and md, a file system's device below the loop devices made of its files.
 * Pure. Rings, doubles and absurd numbers of devices are borne.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _OmenBlockDevice OmenBlockDevice;

struct _OmenBlockDevice {
    char *name;         /* the kernel's: "sda1", "dm-3", "cciss!c0d0" */
    char *label;        /* what people call it: "vg0/vm-a", "mpatha"; "" if the same */
    char *backing_file; /* of a loop device; "" */
    guint32 number;     /* omen_block_number() */
    const char *remote; /* static: the kind of shared storage that it is of; NULL */
    char *remote_id;    /* which, by a name that other hosts give it as well; "" not known */
    gboolean is_partition;
    gboolean is_adrift; /* what it lies on is not known, though it lies on something */
    GPtrArray *below;   /* OmenBlockDevice, borrowed: what it lies on */
    GPtrArray *above;   /* what lies on it */
};

typedef struct _OmenBlockGraph OmenBlockGraph;

OmenBlockGraph *omen_block_graph_new(void);
void omen_block_graph_free(OmenBlockGraph *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenBlockGraph, omen_block_graph_free)

/* The device of that name, made if there was none. Borrowed. NULL: there are too many. */
OmenBlockDevice *omen_block_graph_add(OmenBlockGraph *self, const char *name);

/* @device lies on @below. */
void omen_block_graph_link(OmenBlockGraph *self, OmenBlockDevice *device, OmenBlockDevice *below);

/* Another name under which logs know the device, or several at once: a volume's, a controller's, a
 * port's, a bus address. Case does not count. */
void omen_block_graph_add_handle(OmenBlockGraph *self, const char *handle, OmenBlockDevice *device);
void omen_block_graph_set_number(OmenBlockGraph *self,
                                 OmenBlockDevice *device,
                                 guint major_number,
                                 guint minor_number);

/* Borrowed, nullable. */
OmenBlockDevice *omen_block_graph_lookup(const OmenBlockGraph *self, const char *name);
OmenBlockDevice *
omen_block_graph_lookup_number(const OmenBlockGraph *self, guint major_number, guint minor_number);

/* (transfer container): all that a name or handle stands for; empty if it is not known. */
GPtrArray *omen_block_graph_resolve(const OmenBlockGraph *self, const char *name_or_handle);

/* (transfer container): OmenBlockDevice. */
GPtrArray *omen_block_graph_list(const OmenBlockGraph *self);

/*
 * All that lies on the @devices, themselves among it: each with the one through which it was
 * reached (NULL for the first). (transfer container) (element-type OmenBlockDevice
 * OmenBlockDevice).
 */
GHashTable *omen_block_graph_climb(const OmenBlockGraph *self, GPtrArray *devices);

/* The same downwards: all on which the @devices lie. */
GHashTable *omen_block_graph_descend(const OmenBlockGraph *self, GPtrArray *devices);

/* (transfer full): "vg0/vm-a (dm-3)", "sda1". */
char *omen_block_device_describe(const OmenBlockDevice *self);

G_END_DECLS

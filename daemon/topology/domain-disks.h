/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a host's storage a domain uses, by its live definition
 * (https://libvirt.org/formatdomain.html). Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OMEN_DOMAIN_DISKS_ERROR (omen_domain_disks_error_quark())
GQuark omen_domain_disks_error_quark(void);

typedef enum {
    OMEN_DOMAIN_DISKS_ERROR_BAD_XML,
} OmenDomainDisksError;

typedef enum {
    OMEN_DISK_PATH,    /* a file, a folder or a block device of the host */
    OMEN_DISK_VOLUME,  /* in a storage pool: libvirt knows its path */
    OMEN_DISK_HANDLE,  /* a device that was given to it: a bus address */
    OMEN_DISK_REMOTE,  /* on another host */
    OMEN_DISK_UNKNOWN, /* of a kind that is not known here */
} OmenDiskKind;

typedef struct {
    OmenDiskKind kind;
    char *target; /* "vda"; what else it is for: "filesystem", "hostdev" */
    char *path;   /* or the bus address; "" */
    char *pool;   /* of a volume; "" */
    char *volume;
    char *alias;           /* what libvirt's events call the disk: "virtio-disk0"; "" */
    char *node;            /* what QEMU's events call the image begins with it: "libvirt-2-"; "" */
    const char *remote;    /* static: the kind of another machine's storage; NULL */
    char *remote_id;       /* which, as "ceph mon1:pool": by the first of its servers; "" */
    gboolean is_removable; /* a CD or a floppy disk */
} OmenDomainDisk;

typedef struct {
    char *uuid;
    char *name;
    GPtrArray *disks;     /* OmenDomainDisk: each image of each disk's chain */
    gboolean is_complete; /* FALSE: there are more than can be listed, or it could not be read */
} OmenDomainDisks;

/* Of a domain whose definition could not be had. */
OmenDomainDisks *omen_domain_disks_new(const char *uuid, const char *name);
OmenDomainDisks *omen_domain_disks_new_from_xml(const char *xml, GError **error);
void omen_domain_disks_free(OmenDomainDisks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDomainDisks, omen_domain_disks_free)

/* What libvirt says of the pool that a volume is in: it may be of another machine. */
void omen_domain_disk_set_pool(OmenDomainDisk *self, const char *xml);

/* Where a volume was found to be. */
void omen_domain_disk_set_path(OmenDomainDisk *self, const char *path);

G_END_DECLS

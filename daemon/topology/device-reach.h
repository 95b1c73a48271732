/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a device's trouble reaches: the domains whose disks lie on it, the whole host, or nobody. */
#pragma once

#include "topology/domain-disks.h"
#include "topology/storage.h"

G_BEGIN_DECLS

typedef enum {
    OMEN_REACH_HOST,    /* all that run here */
    OMEN_REACH_DOMAINS, /* those that are listed */
    OMEN_REACH_NOBODY,
} OmenReach;

/* A domain that uses the device. */
typedef struct {
    char *uuid;
    char *name;
    char *chain; /* "sdb → vg0/vm-a (dm-3) → vda of a" */
} OmenDeviceUse;

typedef struct {
    OmenReach reach;
    GPtrArray *uses; /* OmenDeviceUse; also where the whole host is reached, those known */
    char *note;      /* why, in a sentence */
} OmenDeviceReach;

OmenDeviceReach *omen_device_reach_new(OmenReach reach, const char *note);
OmenDeviceReach *omen_device_reach_copy(const OmenDeviceReach *self);
void omen_device_reach_free(OmenDeviceReach *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDeviceReach, omen_device_reach_free)

/* What is asked. */
typedef struct {
    char **names;       /* what the device is called in the lines; the first that is known counts
                         * with all others that are */
    gboolean only_part; /* the trouble is of what lies there (a file system), not of the disk: other
                         * partitions of the disk are not concerned */
} OmenDeviceQuestion;

/* @domains: (element-type OmenDomainDisks), those that run. What is not known counts as reached.
 * May wait for a disk: for worker threads. Returns: (transfer full). */
OmenDeviceReach *omen_device_reach_find(const OmenStorage *storage,
                                        const OmenDeviceQuestion *question,
                                        GPtrArray *domains);

G_END_DECLS

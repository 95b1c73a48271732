/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds whom a device's trouble reaches. */
#pragma once

#include "topology/device-reach.h"
#include "topology/domain-disks.h"
#include "topology/storage.h"

G_BEGIN_DECLS

/* What is asked. */
typedef struct {
    char **names;       /* what the device is called in the lines; the first that is known counts
                         * with all others that are */
    gboolean only_part; /* the trouble is of what lies there (a file system), not of the disk: other
                         * partitions of the disk are not concerned */
    const char *remote; /* static: the kind of shared storage that the lines speak of; NULL */
    gboolean of_way;    /* the trouble is of a way to the storage, and may be this host's alone */
} OmenDeviceQuestion;

/* Whether other hosts have the same trouble is found too, where domains are reached.
 * @domains: (element-type OmenDomainDisks), those that run. What is not known counts as reached.
 * May wait for a disk: for worker threads. Returns: (transfer full). */
OmenDeviceReach *omen_device_reach_find(const OmenStorage *storage,
                                        const OmenDeviceQuestion *question,
                                        GPtrArray *domains);

G_END_DECLS

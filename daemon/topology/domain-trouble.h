/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On which storage an error lies that QEMU met in a disk of a domain. */
#pragma once

#include "topology/device-reach.h"
#include "topology/domain-disks.h"
#include "topology/storage.h"

G_BEGIN_DECLS

/*
 * @line: what QEMU or libvirt told of it. It means the image that it names, by its path or QEMU's
 * number of it; else the disk by libvirt's name; else any that is no CD. The reach is that
 * domain's, and shared if all that the line may mean is. May wait for a disk. Returns: (transfer
 * full).
 */
OmenDeviceReach *omen_domain_trouble_find(const OmenStorage *storage,
                                          const OmenDomainDisks *domain,
                                          const char *line);

G_END_DECLS

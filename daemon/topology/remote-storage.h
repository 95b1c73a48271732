/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storage that other hosts use as well: it lies on another machine, or is made for several. Pure.
 *
 * Each function returns the kind, a static word ("nfs", "smb", "ceph", "gluster", "iscsi", ...), or
 * NULL: it is this host's alone, as far as is known.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* By the type of a mounted file system, as in mountinfo. */
const char *omen_remote_kind_of_file_system(const char *fs_type);

/* By the protocol of a disk's source (https://libvirt.org/formatdomain.html). */
const char *omen_remote_kind_of_protocol(const char *protocol);

/* By the type of a storage pool whose volumes have no path on this host
 * (https://libvirt.org/storage.html); those of others are found by their path. */
const char *omen_remote_kind_of_pool(const char *type);

/* By a block device's name and its place in /sys. */
const char *omen_remote_kind_of_device(const char *name, const char *place);

/* By a line of the log: which kind of such storage it speaks of. */
const char *omen_remote_kind_of_line(const char *line);

/* Each host has a way of its own to it, and such a way may fail alone: adapters, cables, ports. */
gboolean omen_remote_kind_has_own_way(const char *kind);

G_END_DECLS

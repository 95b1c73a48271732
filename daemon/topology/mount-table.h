/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounted file systems, from the text of /proc/PID/mountinfo (proc_pid_mountinfo(5)). Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint major_number; /* 0: of no block device */
    guint minor_number;
    char *root; /* what of the file system is mounted here: "/" or a folder, for bind mounts */
    char *mount_point;
    char *fs_type;
    char *source;
    char *super_options;
} OmenMount;

typedef struct _OmenMountTable OmenMountTable;

/* Lines that can not be read are left out, and so is what is beyond 65536 lines. */
OmenMountTable *omen_mount_table_new(const char *mountinfo);
void omen_mount_table_free(OmenMountTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenMountTable, omen_mount_table_free)

guint omen_mount_table_get_size(const OmenMountTable *self);

/* Borrowed. */
const OmenMount *omen_mount_table_get(const OmenMountTable *self, guint index);

/*
 * The mount that holds the absolute @path (which has neither links nor ".."): that of the longest
 * mount point, of equals the last. Only those before number @before are asked (G_MAXUINT: all).
 * Borrowed, nullable. @index (nullable): its number.
 */
const OmenMount *
omen_mount_table_find(const OmenMountTable *self, const char *path, guint before, guint *index);

/* (transfer full) (nullable): the value of an option "NAME=VALUE" of the file system. */
char *omen_mount_get_option(const OmenMount *self, const char *name);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Symbolic links, followed within a folder that stands for the root of the file system, and /sys's
 * small files. All of it may wait for a disk: for worker threads. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The absolute @path without links, "." and "..", still as seen from @root ("" for the real one).
 * What does not exist stays as it is written; a ring of links ends the walk. Returns: (transfer
 * full) (nullable): NULL if it is not absolute.
 */
char *omen_path_walk(const char *root, const char *path);

/* (transfer full) (nullable): where the link at @path under @root leads to, as it is written. */
char *omen_path_read_link(const char *root, const char *path);

/* (transfer full) (nullable): the file's text without white space at its ends, at most 4 KiB of it.
 */
char *omen_path_read_text(const char *root, const char *path);

/* (transfer full) (element-type utf8): what is in a folder, at most @limit; empty if there is none.
 */
GPtrArray *omen_path_list(const char *root, const char *path, guint limit);

G_END_DECLS

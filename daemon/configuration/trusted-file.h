/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that a program acts on with its own rights: what they say must come from root, or from who
 * runs it. Blocks: for the start and for worker threads.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* FALSE with @error (G_FILE_ERROR_PERM): @path, a file or a folder that is there, belongs to
 * another user, or others than its owner may write it. What is not there, or can't be looked at, is
 * left to whoever reads it. */
gboolean omen_trusted_file_check(const char *path, GError **error);

/* The same for @folder and all files in it. */
gboolean omen_trusted_file_check_folder(const char *folder, GError **error);

/* Reads a regular file of at most @max_length bytes; anything else is an error, and is not waited
 * for. (transfer full): NUL-terminated. */
char *omen_trusted_file_read(const char *path, gsize max_length, gsize *length, GError **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory of systemd's journal files as input of an offline command. */
#pragma once

#include <glib.h>
#include <virt-omen/record.h>

G_BEGIN_DECLS

typedef struct JournalInput JournalInput;

/* @path has journal files in it. */
gboolean journal_input_is_there(const char *path);

/* NULL with @error. */
JournalInput *journal_input_open(const char *path, GError **error);
void journal_input_close(JournalInput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JournalInput, journal_input_close)

/* The next record, oldest first, in all files: its strings, and @line ("IDENTIFIER: MESSAGE"), are
 * valid until the next call. FALSE at the end, or with @error. */
gboolean
journal_input_read(JournalInput *self, OmenRecord *record, const char **line, GError **error);

G_END_DECLS

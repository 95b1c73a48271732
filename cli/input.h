/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A log as input of an offline command: lines of a file, or of standard input for "-". */
#pragma once

#include <glib.h>
#include <stdio.h>
#include <virt-omen/detector.h>
#include <virt-omen/line-format.h>

G_BEGIN_DECLS

typedef struct {
    FILE *file;
    const char *name; /* for messages */
    char *line;
    size_t capacity;
    guint64 number;   /* of the line, from 1 */
    guint64 n_binary; /* lines with bytes that no text has */
    guint64 bytes;
} Input;

/* FALSE with @error. */
gboolean input_open(Input *self, const char *path, GError **error);
void input_close(Input *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Input, input_close)

/* The next line without its end (LF or CRLF); NULL at the end, with @error on failure. */
const char *input_read(Input *self, gsize *length, GError **error);

/* At the end of what was read: was it a log? FALSE with @error: it had no line, or is binary. */
gboolean input_check_text(const Input *self, GError **error);

/* The engine's settings from a file (NULL: the defaults); the groups of the daemon are passed over.
 * @strings takes what @config points into. */
gboolean
input_load_config(const char *path, OmenDetectorConfig *config, GPtrArray *strings, GError **error);

/* Where the judge's knowledge lies: in $OMEN_DATA_DIR, beside this program, or NULL: as installed.
 * (transfer full). */
char *input_knowledge_dir(void);

G_END_DECLS

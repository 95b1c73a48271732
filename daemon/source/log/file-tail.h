/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that is followed: open or awaited, its place, its rotations. Used by the file watcher's
 * thread alone. */
#pragma once

#include "source/log/file-source.h"
#include "source/reader.h"

G_BEGIN_DECLS

#define OMEN_FILE_TAIL_CHUNK 65536

/* What may have happened to a file. */
typedef enum {
    OMEN_FILE_WRITTEN = 1 << 0, /* it was written to, or truncated */
    OMEN_FILE_NAMED = 1 << 1,   /* there may be another file of its name */
    OMEN_FILE_ANY = OMEN_FILE_WRITTEN | OMEN_FILE_NAMED,
} OmenFileNews;

typedef struct _OmenFileTail OmenFileTail;

/* @bookmark: "DEVICE:INODE:OFFSET" or NULL. */
OmenFileTail *omen_file_tail_new(const char *path, OmenFileLineFunc parse, const char *bookmark);
void omen_file_tail_free(OmenFileTail *self);

const char *omen_file_tail_get_path(const OmenFileTail *self);

/* Of the open file; -1: none is open. */
int omen_file_tail_get_fd(const OmenFileTail *self);

/* How many files were opened so far: another one is open where it differs. */
guint omen_file_tail_get_n_opened(const OmenFileTail *self);

/* Reads what is new, up to a limit, and hands it over by @reader. @chunk: OMEN_FILE_TAIL_CHUNK
 * bytes to read into. Returns: there is more to read at once. */
gboolean
omen_file_tail_step(OmenFileTail *self, OmenReader *reader, OmenFileNews news, char *chunk);

G_END_DECLS

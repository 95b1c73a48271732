/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the file source's thread does: an open file, its place, its rotations. */
#pragma once

#include "source/log/file-source.h"
#include "source/reader.h"

G_BEGIN_DECLS

typedef struct _OmenFileTail OmenFileTail;

/* @bookmark: "DEVICE:INODE:OFFSET" or NULL. */
OmenFileTail *omen_file_tail_new(const char *path, OmenFileLineFunc parse, const char *bookmark);
void omen_file_tail_free(gpointer self);

/* An OmenReaderFunc: reads until the reader is stopped. */
void omen_file_tail_run(OmenReader *reader, gpointer self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a log file that others write: from its end in the first life, from where it had come to in
 * later ones. Follows rotation by rename (the old file to its end, then the new from its start,
 * also if it was rotated to NAME.1 while nobody looked) and by truncation; waits for a file that is
 * not there yet. A line is a record when its line feed is there; one of more than
 * OMEN_FILE_LINE_MAX bytes is cut and counted.
 */
#pragma once

#include "source/source.h"

#include <virt-omen/line-format.h>

G_BEGIN_DECLS

#define OMEN_FILE_LINE_MAX    65536

#define OMEN_TYPE_FILE_SOURCE (omen_file_source_get_type())
G_DECLARE_FINAL_TYPE(OmenFileSource, omen_file_source, OMEN, FILE_SOURCE, OmenSource)

/* From a line, without its end, to a record that points into it; without a message it is none. Runs
 * on the watcher's thread. */
typedef void (*OmenFileLineFunc)(const char *line, gsize length, OmenRecord *record);

/* See file-watcher.h. */
typedef struct _OmenFileWatcher OmenFileWatcher;

/* The host's log at @path, followed by @files: named "file:PATH", its format recognised line by
 * line. */
OmenSource *omen_file_source_new(OmenFileWatcher *files, const char *path, const char *bookmark);

/* The same with all that may differ. */
OmenSource *omen_file_source_new_full(OmenFileWatcher *files,
                                      const char *name,
                                      const char *path,
                                      OmenProvenance provenance,
                                      OmenFileLineFunc parse,
                                      const char *bookmark);

G_END_DECLS

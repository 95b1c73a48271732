/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follows files: one thread and one inotify for all of them, and no wake-up for what is written
 * beside them.
 *
 * An open file is watched itself, its folder for new names only. So a file that is not there costs
 * nothing until its folder tells of it, and a line costs four system calls: the wait, what
 * happened, the line, the hand-over. Lines that come shortly after others
 * are read together. Once a second all is looked at without being told, for file systems that tell
 * nothing.
 *
 * A file whose disk or file server does not answer is left to the thread that hangs at it, and
 * told; another goes on with all others within some seconds, from where they were. Stopping never
 * waits for a thread. All functions are for one main context.
 */
#pragma once

#include "source/log/file-tail.h"

G_BEGIN_DECLS

/* Its thread starts with the first file. Returns: (transfer full). */
OmenFileWatcher *omen_file_watcher_new(void);
OmenFileWatcher *omen_file_watcher_ref(OmenFileWatcher *self);
void omen_file_watcher_unref(OmenFileWatcher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenFileWatcher, omen_file_watcher_unref)

/* Follows @tail (transfer full) for @reader, until that is stopped. */
void omen_file_watcher_add(OmenFileWatcher *self, OmenReader *reader, OmenFileTail *tail);

/* A reader was stopped: its file is closed soon. */
void omen_file_watcher_wake(OmenFileWatcher *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notes to a program of the operator's: run once a note, with the note's fields in its environment
 * and as JSON on its standard input.
 *
 * SIGPIPE must be ignored: a program need not read its input.
 *
 * A program that takes too long is killed with all that it started. Few run at once, a bounded
 * number waits, what is beyond that is dropped and counted.
 */
#pragma once

#include "notify/note.h"

G_BEGIN_DECLS

#define OMEN_TYPE_COMMAND_HOOK (omen_command_hook_get_type())
G_DECLARE_FINAL_TYPE(OmenCommandHook, omen_command_hook, OMEN, COMMAND_HOOK, GObject)

/* @command: as a shell parts words; no shell runs it. NULL with @error if it makes no sense. */
OmenCommandHook *omen_command_hook_new(const char *command, guint timeout_s, GError **error);

/* Takes @note. */
void omen_command_hook_run(OmenCommandHook *self, OmenNote *note);

/* Notes whose program was not run, failed or was killed. */
guint64 omen_command_hook_get_n_failed(OmenCommandHook *self);

G_END_DECLS

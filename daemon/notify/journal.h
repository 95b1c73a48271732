/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notes to the systemd journal, with their fields.
 *
 * A journald that hangs blocks whoever writes to it, so this is a thread's work; what waits for it
 * is bounded.
 */
#pragma once

#include "notify/note.h"

G_BEGIN_DECLS

typedef struct _OmenJournal OmenJournal;

OmenJournal *omen_journal_new(void);

/* Gives up what still waits; does not wait for a journald that hangs. */
void omen_journal_free(OmenJournal *self);

/* Takes @note. */
void omen_journal_write(OmenJournal *self, OmenNote *note);

/* Notes lost because too many were waiting. */
guint64 omen_journal_get_n_dropped(OmenJournal *self);

G_END_DECLS

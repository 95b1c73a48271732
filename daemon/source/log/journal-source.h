/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the systemd journal (sd-journal(3)): from its end in the first life, from its cursor in
 * later ones. The daemon's own entries are left out, so that it never feeds on itself.
 */
#pragma once

#include "source/source.h"

G_BEGIN_DECLS

#define OMEN_TYPE_JOURNAL_SOURCE (omen_journal_source_get_type())
G_DECLARE_FINAL_TYPE(OmenJournalSource, omen_journal_source, OMEN, JOURNAL_SOURCE, OmenSource)

/* @folder: of journal files; NULL: this system's journal. Named "journal". */
OmenSource *omen_journal_source_new(const char *folder, const char *bookmark);

G_END_DECLS

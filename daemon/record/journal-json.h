/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One entry of `journalctl -o json`: a flat object of strings (a message that is no text is an
 * array of bytes). A scanner of its own, without recursion: the text may come from anybody. Pure.
 */
#pragma once

#include <virt-omen/record.h>

G_BEGIN_DECLS

/* @scratch: room for unescaped text; without it text stays escaped. FALSE: no such object, or one
 * without MESSAGE. */
gboolean omen_journal_json_parse(
    const char *line, gsize length, char *scratch, gsize scratch_size, OmenRecord *record);

G_END_DECLS

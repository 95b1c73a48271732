/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from outside, made fit to be shown. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Makes @text of @length bytes (-1: ends in NUL) valid, printable UTF-8 of one line and at most
 * @max_length bytes: broken sequences become U+FFFD, control characters (line feed and escape among
 * them) and characters that change the direction or look of what follows become "\xNN" or
 * "\u{NNNN}", what is too long is cut at a character and ends in U+2026. Returns: (transfer full).
 */
char *omen_text_sanitise(const char *text, gssize length, gsize max_length);

G_END_DECLS

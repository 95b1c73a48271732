/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A field of a CSV file (RFC 4180). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Quotes around it are taken off, doubled ones inside are one. (transfer full) */
char *csv_unquote(const char *field);

/* @text as a field, in quotes where it needs them. What a spreadsheet would take for a formula (it
 * begins with = + - @ or white space, and is no number) has an apostrophe before it. (transfer
 * full) */
char *csv_quote(const char *text);

G_END_DECLS

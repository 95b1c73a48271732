/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A time on the command line. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define TIME_ARGUMENT_HINT "example: 2026-05-17T03:12:44, 2026-05-17, or 2h for two hours ago"

/* ISO 8601 (local time unless it names a zone), a date, seconds since the epoch, or a span until
 * now: a number with s, m, h or d. @time_us: microseconds since the epoch. */
gboolean time_argument_parse(const char *word, gint64 *time_us);

G_END_DECLS

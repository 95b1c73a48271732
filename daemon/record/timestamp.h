/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time stamps of logs. Pure; all times in microseconds since the epoch, UTC. */
#pragma once

#include "record/scanner.h"

G_BEGIN_DECLS

/* "2024-01-15T16:35:31.000000+00:00" (RFC 3339; a space for the T is taken too; no offset means
 * UTC). */
gboolean omen_timestamp_scan_iso(OmenScanner *scanner, gint64 *time_us);

/* "Mar  5 02:00:00" (RFC 3164): without a year, taken for the latest such moment that is at most a
 * day after @now_us; @now_us 0: the time is 0. UTC is assumed. */
gboolean omen_timestamp_scan_bsd(OmenScanner *scanner, gint64 now_us, gint64 *time_us);

G_END_DECLS

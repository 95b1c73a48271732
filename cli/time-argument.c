/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "time-argument.h"

#include <string.h>

static gboolean
parse_span(const char *word, gint64 *time_us)
{
    static const struct {
        char unit;
        gint64 us;
    } units[] = {{'s', G_TIME_SPAN_SECOND},
                 {'m', G_TIME_SPAN_MINUTE},
                 {'h', G_TIME_SPAN_HOUR},
                 {'d', G_TIME_SPAN_DAY}};
    gsize length = strlen(word);
    g_autofree char *number = length > 1 ? g_strndup(word, length - 1) : NULL;
    guint64 n;

    if (!number || !g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT32, &n, NULL))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        if (units[i].unit != word[length - 1])
            continue;
        *time_us = MAX(g_get_real_time() - (gint64) n * units[i].us, 0);
        return TRUE;
    }
    return FALSE;
}

gboolean
time_argument_parse(const char *word, gint64 *time_us)
{
    g_autoptr(GTimeZone) local = g_time_zone_new_local();
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(word, local);
    g_autofree char *at_midnight = g_strconcat(word, "T00:00:00", NULL);
    guint64 seconds;

    if (!time)
        time = g_date_time_new_from_iso8601(at_midnight, local);
    if (time) {
        *time_us = g_date_time_to_unix(time) * G_USEC_PER_SEC;
        return TRUE;
    }
    if (!g_ascii_string_to_unsigned(word, 10, 1, G_MAXINT64 / G_USEC_PER_SEC, &seconds, NULL))
        return parse_span(word, time_us);
    *time_us = (gint64) seconds * G_USEC_PER_SEC;
    return TRUE;
}

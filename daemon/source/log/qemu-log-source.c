/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/qemu-log-source.h"

#include <string.h>

/* "2026-11-23 09:54:48.704+0000: " before what QEMU or libvirt says. */
#define STAMP "dddd-dd-dd dd:dd:dd.ddd+dddd: "

static gboolean
begins_with_stamp(const char *line, gsize length)
{
    if (length < strlen(STAMP))
        return FALSE;
    for (gsize i = 0; i < strlen(STAMP); i++) {
        if (STAMP[i] == 'd' ? !g_ascii_isdigit(line[i]) : line[i] != STAMP[i])
            return FALSE;
    }
    return TRUE;
}

static gint64
parse_stamp(const char *line)
{
    char iso[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    g_autoptr(GDateTime) time = NULL;

    memcpy(iso, line, strlen("dddd-dd-dd"));
    memcpy(iso + strlen("dddd-dd-ddT"), line + strlen("dddd-dd-dd "), strlen("dd:dd:dd.ddd"));
    time = g_date_time_new_from_iso8601(iso, NULL);
    return time ? g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time)
                : 0;
}

/* The command line that libvirt writes there when a domain starts: one argument or more a line,
 * with a backslash at the end of all but the last. It names devices and says nothing of them; and
 * some of it is as whoever defined the domain wants it. */
static gboolean
is_of_command_line(const char *line, gsize length)
{
    if (length >= 2 && line[length - 2] == ' ' && line[length - 1] == '\\')
        return TRUE;
    return length >= 2 && line[0] == '-' && g_ascii_isalpha(line[1]);
}

static void
parse_line(const char *line, gsize length, OmenRecord *record)
{
    record->identifier = "qemu";
    record->identifier_length = strlen("qemu");
    if (begins_with_stamp(line, length)) {
        record->time_us = parse_stamp(line);
        line += strlen(STAMP);
        length -= strlen(STAMP);
    }
    record->message = is_of_command_line(line, length) ? NULL : line;
    record->message_length = length;
}

OmenSource *
omen_qemu_log_source_new(OmenFileWatcher *files,
                         const char *folder,
                         const char *domain,
                         const char *bookmark)
{
    g_autofree char *name = g_strconcat("qemu-log:", domain, NULL);
    g_autofree char *file = g_strconcat(domain, ".log", NULL);
    g_autofree char *path = g_build_filename(folder, file, NULL);

    if (strchr(domain, '/'))
        return NULL;
    return omen_file_source_new_full(files, name, path, OMEN_PROVENANCE_DOMAIN, parse_line,
                                     bookmark);
}

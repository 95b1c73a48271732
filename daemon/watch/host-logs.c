/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/host-logs.h"

#include "source/log/file-source.h"
#include "source/log/journal-source.h"
#include "source/log/kmsg-source.h"
#include "source/log/syslog-source.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static gboolean
uses_journal(const OmenConfiguration *configuration)
{
    if (configuration->journal == OMEN_SWITCH_AUTO)
        return g_file_test(JOURNAL_SOCKET, G_FILE_TEST_EXISTS);
    return configuration->journal == OMEN_SWITCH_YES;
}

static gboolean
uses_files(const OmenConfiguration *configuration)
{
    if (configuration->read_files == OMEN_SWITCH_AUTO)
        return !uses_journal(configuration);
    return configuration->read_files == OMEN_SWITCH_YES;
}

/* The journal vouches for what is the kernel's; files and sockets do not. */
static gboolean
uses_kmsg(const OmenConfiguration *configuration)
{
    gboolean has_words =
        (uses_files(configuration) && configuration->files[0]) || configuration->syslog_sockets[0];

    if (configuration->kmsg == OMEN_SWITCH_AUTO)
        return !uses_journal(configuration) && has_words;
    return configuration->kmsg == OMEN_SWITCH_YES;
}

static gboolean
is_vouched_for(const OmenConfiguration *configuration, const char *path)
{
    return g_strv_contains((const char *const *) configuration->trusted_files, path);
}

gboolean
omen_host_logs_hear_services(const OmenConfiguration *configuration)
{
    for (guint i = 0; uses_files(configuration) && configuration->files[i]; i++) {
        if (is_vouched_for(configuration, configuration->files[i]))
            return TRUE;
    }
    return uses_journal(configuration);
}

static void
add_file(OmenStream *stream,
         const OmenConfiguration *configuration,
         OmenFileWatcher *files,
         const char *path,
         OmenSource *kmsg)
{
    g_autofree char *name = g_strconcat("file:", path, NULL);
    OmenSource *source = omen_file_source_new(files, path, omen_stream_get_bookmark(stream, name));
    gboolean is_vouched = is_vouched_for(configuration, path);

    if (is_vouched) {
        g_message("[sources] trusted_files: anyone who can have a line written to %s can cause "
                  "domains to be moved",
                  path);
        omen_source_set_origin(source, OMEN_ORIGIN_VOUCHED);
    }
    omen_stream_add_source(stream, source, is_vouched ? NULL : kmsg);
}

gboolean
omen_host_logs_add(OmenStream *stream,
                   const OmenConfiguration *configuration,
                   OmenFileWatcher *files,
                   OmenSource **kmsg,
                   GError **error)
{
    *kmsg = NULL;
    if (uses_kmsg(configuration)) {
        *kmsg = omen_kmsg_source_new(NULL, omen_stream_get_bookmark(stream, "kmsg"));
        omen_stream_add_source(stream, *kmsg, NULL);
    }
    if (uses_journal(configuration))
        omen_stream_add_source(
            stream, omen_journal_source_new(NULL, omen_stream_get_bookmark(stream, "journal")),
            *kmsg);
    for (guint i = 0; uses_files(configuration) && configuration->files[i]; i++)
        add_file(stream, configuration, files, configuration->files[i], *kmsg);
    for (guint i = 0; configuration->syslog_sockets[i]; i++) {
        OmenSource *source = omen_syslog_source_new(configuration->syslog_sockets[i], error);
        if (!source)
            return FALSE;
        omen_stream_add_source(stream, source, *kmsg);
    }
    return TRUE;
}

char *
omen_host_logs_describe_doubt(const OmenConfiguration *configuration, OmenSource *kmsg)
{
    const char *problem = kmsg ? omen_source_get_problem(kmsg) : NULL;

    if (omen_host_logs_hear_services(configuration) || (kmsg && !problem))
        return NULL;
    return g_strdup_printf(
        "no source proves who wrote a line: omens of this host from files and sockets are only "
        "proposed (%s)",
        problem ? problem : "[sources] kmsg=no, and there is no journal");
}

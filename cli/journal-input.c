/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal-input.h"

#include <string.h>
#include <systemd/sd-journal.h>

#define MAX_FIELD 65536

struct JournalInput {
    sd_journal *journal;
    const char *path;
    GString *identifier;
    GString *message;
    GString *line;
};

gboolean
journal_input_is_there(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ".journal") || g_str_has_suffix(name, ".journal~"))
            return TRUE;
    }
    return FALSE;
}

static void
fail(const char *path, int code, GError **error)
{
    g_set_error(error, G_FILE_ERROR, (int) g_file_error_from_errno(-code),
                "cannot read the journal in %s: %s", path, g_strerror(-code));
}

JournalInput *
journal_input_open(const char *path, GError **error)
{
    sd_journal *journal;
    int code = sd_journal_open_directory(&journal, path, 0);
    JournalInput *self;

    if (code < 0) {
        fail(path, code, error);
        return NULL;
    }
    sd_journal_set_data_threshold(journal, MAX_FIELD);
    self = g_new0(JournalInput, 1);
    self->journal = journal;
    self->path = path;
    self->identifier = g_string_new(NULL);
    self->message = g_string_new(NULL);
    self->line = g_string_new(NULL);
    return self;
}

void
journal_input_close(JournalInput *self)
{
    sd_journal_close(self->journal);
    g_string_free(self->identifier, TRUE);
    g_string_free(self->message, TRUE);
    g_string_free(self->line, TRUE);
    g_free(self);
}

/* FALSE: the entry has no such field. */
static gboolean
get_field(JournalInput *self, const char *name, GString *value)
{
    const void *data;
    size_t length;
    size_t prefix = strlen(name) + 1;

    g_string_truncate(value, 0);
    if (sd_journal_get_data(self->journal, name, &data, &length) < 0 || length < prefix)
        return FALSE;
    g_string_append_len(value, (const char *) data + prefix, (gssize) (length - prefix));
    return TRUE;
}

static void
fill(JournalInput *self, OmenRecord *record)
{
    uint64_t time_us = 0;
    g_autoptr(GString) priority = g_string_new(NULL);

    *record = (OmenRecord){.priority = OMEN_PRIORITY_INFO};
    sd_journal_get_realtime_usec(self->journal, &time_us);
    record->time_us = (gint64) time_us;
    if (get_field(self, "PRIORITY", priority) && priority->len == 1 && *priority->str >= '0' &&
        *priority->str <= '7')
        record->priority = (OmenPriority) (*priority->str - '0');
    if (!get_field(self, "SYSLOG_IDENTIFIER", self->identifier))
        get_field(self, "_COMM", self->identifier);
    record->identifier = self->identifier->str;
    record->identifier_length = self->identifier->len;
    record->message = self->message->str;
    record->message_length = self->message->len;
    g_string_printf(self->line, "%s: %s", self->identifier->str, self->message->str);
}

gboolean
journal_input_read(JournalInput *self, OmenRecord *record, const char **line, GError **error)
{
    int code;

    while ((code = sd_journal_next(self->journal)) > 0) {
        if (!get_field(self, "MESSAGE", self->message))
            continue;
        fill(self, record);
        *line = self->line->str;
        return TRUE;
    }
    if (code < 0)
        fail(self->path, code, error);
    return FALSE;
}

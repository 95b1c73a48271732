/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/journal-source.h"

#include "source/log/journal-writer.h"
#include "source/reader.h"

#include <string.h>
#include <systemd/sd-journal.h>

#define MAX_BATCH 512
#define RETRY_MS  2000
#define POLL_MS   1000
#define OWN_NAME  "virt-omend"

/* Of journald's "Suppressed N messages from UNIT" (systemd src/journal/journald-server.c). */
#define SUPPRESSED_ID "a596d6fe7bfa4994828e72309e95d61e"

struct _OmenJournalSource {
    OmenSource parent_instance;

    char *folder;
    OmenReader *reader;
};

G_DEFINE_FINAL_TYPE(OmenJournalSource, omen_journal_source, OMEN_TYPE_SOURCE)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_journal, sd_journal_close)

/* The thread's own. */
typedef struct {
    char *folder;
    char *cursor; /* of the last entry taken; NULL: begin at the end */
    OmenJournalWriters *writers;
} Place;

static void
place_free(gpointer data)
{
    Place *self = data;

    g_free(self->folder);
    g_free(self->cursor);
    omen_journal_writers_free(self->writers);
    g_free(self);
}

static char *
dup_identifier(sd_journal *journal, OmenOrigin origin)
{
    static const char *const fields[] = {"SYSLOG_IDENTIFIER", "_COMM"};
    gsize length;

    if (origin == OMEN_ORIGIN_KERNEL)
        return g_strdup("kernel");
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        const char *value = omen_journal_get_field(journal, fields[i], &length);
        if (value)
            return g_strndup(value, length);
    }
    return g_strdup("");
}

/* Journald could not take all that a service wrote, and says so itself. */
static void
note_suppression(sd_journal *journal, OmenReader *reader)
{
    gsize length;
    const char *value = omen_journal_get_field(journal, "MESSAGE_ID", &length);
    g_autofree char *number = NULL;
    guint64 n = 1;

    if (!value || length != strlen(SUPPRESSED_ID) || memcmp(value, SUPPRESSED_ID, length) != 0)
        return;
    value = omen_journal_get_field(journal, "N_DROPPED", &length);
    number = value ? g_strndup(value, length) : NULL;
    if (number && g_ascii_string_to_unsigned(number, 10, 1, G_MAXUINT64, &n, NULL))
        g_message("journald left out %" G_GUINT64_FORMAT " lines of one writer: its rate limit", n);
    omen_reader_add_dropped(reader, n);
}

/* For how long the system had run that wrote the entry: the last one, or one before it. */
static gint64
read_uptime(sd_journal *journal)
{
    uint64_t uptime_us = 0;
    sd_id128_t boot_id;

    return sd_journal_get_monotonic_usec(journal, &uptime_us, &boot_id) < 0
               ? 0
               : (gint64) MAX(uptime_us, 1);
}

static void
take_entry(sd_journal *journal, OmenReader *reader, OmenJournalWriters *writers)
{
    OmenRecord record = {.priority = OMEN_PRIORITY_INFO};
    OmenJournalWriter writer = {0};
    g_autofree char *identifier = NULL;
    uint64_t time_us = 0;
    gsize length;
    const char *value;

    record.origin = omen_journal_writers_identify(writers, journal, &writer);
    identifier = dup_identifier(journal, record.origin);
    if (g_str_equal(identifier, OWN_NAME))
        return;
    value = omen_journal_get_field(journal, "PRIORITY", &length);
    if (value && length == 1 && *value >= '0' && *value <= '7')
        record.priority = (OmenPriority) (*value - '0');
    sd_journal_get_realtime_usec(journal, &time_us);
    record.uptime_us = read_uptime(journal);
    record.time_us = (gint64) time_us;
    record.identifier = identifier;
    record.identifier_length = strlen(identifier);
    record.writer = writer.name;
    record.writer_length = strlen(writer.name);
    record.unit = writer.unit;
    record.unit_length = strlen(writer.unit);
    if (record.origin == OMEN_ORIGIN_SYSTEM && g_str_equal(writer.name, "systemd-journald"))
        note_suppression(journal, reader);
    record.message = omen_journal_get_field(journal, "MESSAGE", &record.message_length);
    if (record.message && record.message_length > 0)
        omen_reader_add(reader, &record);
}

static void
tell_problem(OmenReader *reader, const char *what, int error)
{
    g_autofree char *problem = g_strdup_printf(
        "%s: %s; trying again (is journald running, and may this user read the journal?)", what,
        g_strerror(-error));

    omen_reader_set_problem(reader, problem);
    omen_reader_flush(reader, NULL);
}

/* Goes to where reading has to begin. */
static void
seek_place(sd_journal *journal, Place *place)
{
    if (!place->cursor) {
        sd_journal_seek_tail(journal);
        sd_journal_previous(journal);
        return;
    }
    if (sd_journal_seek_cursor(journal, place->cursor) < 0 || sd_journal_next(journal) <= 0)
        return;
    /* The entry at the cursor was taken already; if it is gone, this is the next one. */
    if (sd_journal_test_cursor(journal, place->cursor) <= 0)
        sd_journal_previous(journal);
}

static void
keep_cursor(sd_journal *journal, Place *place)
{
    char *cursor = NULL;

    if (sd_journal_get_cursor(journal, &cursor) < 0)
        return;
    g_free(place->cursor);
    place->cursor = g_strdup(cursor);
    free(cursor);
}

static void
hand_over(sd_journal *journal, OmenReader *reader, Place *place)
{
    keep_cursor(journal, place);
    omen_reader_flush(reader, g_strdup(place->cursor));
}

/* Takes all entries that are there. <0: an error. */
static int
take_all(sd_journal *journal, OmenReader *reader, Place *place)
{
    int result;

    while ((result = sd_journal_next(journal)) > 0) {
        take_entry(journal, reader, place->writers);
        if (omen_reader_get_batch_size(reader) >= MAX_BATCH)
            hand_over(journal, reader, place);
        if (omen_reader_is_stopped(reader))
            return 0;
    }
    /* At the end the last entry is still the current one. */
    if (omen_reader_get_batch_size(reader) > 0)
        hand_over(journal, reader, place);
    return result;
}

static int
open_journal(const Place *place, sd_journal **journal)
{
    if (place->folder)
        return sd_journal_open_directory(journal, place->folder, 0);
    return sd_journal_open(journal, SD_JOURNAL_LOCAL_ONLY);
}

/* Reads until the reader is stopped or the journal fails. */
static void
read_journal(OmenReader *reader, Place *place)
{
    g_autoptr(sd_journal) journal = NULL;
    int result = open_journal(place, &journal);

    if (result < 0) {
        tell_problem(reader, "cannot open the journal", result);
        return;
    }
    seek_place(journal, place);
    if (!place->cursor)
        keep_cursor(journal, place);
    omen_reader_set_problem(reader, NULL);
    omen_reader_flush(reader, g_strdup(place->cursor));
    do {
        result = take_all(journal, reader, place);
        if (result < 0) {
            tell_problem(reader, "cannot read the journal", result);
            return;
        }
        if (sd_journal_process(journal) < 0)
            return;
    } while (omen_reader_wait(reader, sd_journal_get_fd(journal), POLL_MS));
}

static void
run(OmenReader *reader, gpointer data)
{
    do
        read_journal(reader, data);
    while (omen_reader_wait(reader, -1, RETRY_MS));
}

static void
omen_journal_source_start(OmenSource *source)
{
    OmenJournalSource *self = OMEN_JOURNAL_SOURCE(source);
    Place *place = g_new0(Place, 1);

    place->folder = g_strdup(self->folder);
    place->writers = omen_journal_writers_new();
    place->cursor = omen_source_dup_bookmark(source);
    self->reader = omen_reader_start(source, "journal", run, place, place_free);
}

static void
omen_journal_source_stop(OmenSource *source)
{
    g_clear_pointer(&OMEN_JOURNAL_SOURCE(source)->reader, omen_reader_stop);
}

static char *
omen_journal_source_dup_bookmark(OmenSource *source)
{
    OmenJournalSource *self = OMEN_JOURNAL_SOURCE(source);

    return self->reader ? omen_reader_dup_bookmark(self->reader) : NULL;
}

static void
omen_journal_source_finalize(GObject *object)
{
    OmenJournalSource *self = OMEN_JOURNAL_SOURCE(object);

    g_clear_pointer(&self->reader, omen_reader_stop);
    g_free(self->folder);
    G_OBJECT_CLASS(omen_journal_source_parent_class)->finalize(object);
}

static void
omen_journal_source_class_init(OmenJournalSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_journal_source_finalize;
    source_class->start = omen_journal_source_start;
    source_class->stop = omen_journal_source_stop;
    source_class->dup_bookmark = omen_journal_source_dup_bookmark;
}

static void
omen_journal_source_init(OmenJournalSource *self G_GNUC_UNUSED)
{
}

OmenSource *
omen_journal_source_new(const char *folder, const char *bookmark)
{
    OmenJournalSource *self =
        g_object_new(OMEN_TYPE_JOURNAL_SOURCE, "name", "journal", "provenance",
                     (int) OMEN_PROVENANCE_HOST, "bookmark", bookmark, NULL);

    self->folder = g_strdup(folder);
    omen_source_set_origin(OMEN_SOURCE(self), OMEN_ORIGIN_USER);
    return OMEN_SOURCE(self);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/floods.h"

#include <string.h>
#include <virt-omen/text.h>

/* A flood is over when the writer has kept within its share for so long. */
#define OVER_US         ((gint64) 60 * G_USEC_PER_SEC)

#define NAME_MAX_LENGTH 128

typedef struct {
    double tokens;
    gint64 refilled_us;
    gint64 late_us; /* when a line was last left out; 0: never */
    guint64 n_left_out;
} Writer;

struct _OmenFloods {
    GHashTable *writers; /* name -> Writer */
    Writer others;
};

OmenFloods *
omen_floods_new(void)
{
    OmenFloods *self = g_new0(OmenFloods, 1);

    self->writers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->others.tokens = OMEN_FLOODS_BURST;
    return self;
}

void
omen_floods_free(OmenFloods *self)
{
    g_hash_table_unref(self->writers);
    g_free(self);
}

static gboolean
is_flooding(const Writer *writer, gint64 now_us)
{
    return writer->late_us > 0 && now_us - writer->late_us < OVER_US;
}

static gboolean
is_idle(gpointer name G_GNUC_UNUSED, gpointer value, gpointer now_us)
{
    const Writer *writer = value;
    gint64 now = *(gint64 *) now_us;

    return !is_flooding(writer, now) && now - writer->refilled_us > OVER_US;
}

/* A service is named by its unit: its processes may be many. */
static void
name_writer(const OmenRecord *record, const char *source_name, char name[NAME_MAX_LENGTH])
{
    gboolean by_unit = record->origin == OMEN_ORIGIN_SYSTEM && record->unit_length > 0;
    const char *text = by_unit ? record->unit : record->writer;
    gsize length = by_unit ? record->unit_length : record->writer_length;

    if (!text || length == 0) {
        text = source_name;
        length = strlen(source_name);
    }
    g_strlcpy(name, text, MIN(length + 1, NAME_MAX_LENGTH));
}

static Writer *
find_writer(OmenFloods *self, const char *name, gint64 now_us)
{
    Writer *writer = g_hash_table_lookup(self->writers, name);

    if (writer)
        return writer;
    if (g_hash_table_size(self->writers) >= OMEN_FLOODS_MAX_WRITERS)
        g_hash_table_foreach_remove(self->writers, is_idle, &now_us);
    if (g_hash_table_size(self->writers) >= OMEN_FLOODS_MAX_WRITERS)
        return &self->others;
    writer = g_new0(Writer, 1);
    writer->tokens = OMEN_FLOODS_BURST;
    writer->refilled_us = now_us;
    g_hash_table_insert(self->writers, g_strdup(name), writer);
    return writer;
}

gboolean
omen_floods_admit(OmenFloods *self,
                  const OmenRecord *record,
                  const char *source_name,
                  gint64 now_us)
{
    char name[NAME_MAX_LENGTH];
    Writer *writer;
    double refill;

    name_writer(record, source_name, name);
    writer = find_writer(self, name, now_us);
    refill =
        (double) MAX(now_us - writer->refilled_us, 0) / G_USEC_PER_SEC * OMEN_FLOODS_LINES_A_SECOND;
    writer->tokens = MIN(writer->tokens + refill, OMEN_FLOODS_BURST);
    writer->refilled_us = now_us;
    if (writer->tokens >= 1) {
        writer->tokens--;
        return TRUE;
    }
    if (!is_flooding(writer, now_us)) {
        g_autofree char *shown = omen_text_sanitise(name, -1, NAME_MAX_LENGTH);
        g_warning("%s writes more than %d lines a second: the excess is dropped", shown,
                  OMEN_FLOODS_LINES_A_SECOND);
        writer->n_left_out = 0;
    }
    writer->late_us = now_us;
    writer->n_left_out++;
    return FALSE;
}

char *
omen_floods_describe(OmenFloods *self, gint64 now_us)
{
    GHashTableIter iter;
    gpointer name;
    gpointer value;
    const char *worst = NULL;
    guint64 n_left_out = 0;
    guint n = 0;
    g_autofree char *shown = NULL;

    g_hash_table_iter_init(&iter, self->writers);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const Writer *writer = value;
        if (!is_flooding(writer, now_us))
            continue;
        n++;
        if (writer->n_left_out >= n_left_out) {
            worst = name;
            n_left_out = writer->n_left_out;
        }
    }
    if (!worst)
        return NULL;
    shown = omen_text_sanitise(worst, -1, NAME_MAX_LENGTH);
    return g_strdup_printf("%s floods the log: %" G_GUINT64_FORMAT " of its lines were dropped%s",
                           shown, n_left_out, n > 1 ? ", and others do as well" : "");
}

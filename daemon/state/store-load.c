/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/store-load.h"

#include "state/engine-blob.h"

/* What a load is made of. */
typedef struct {
    OmenStateContents *contents;
    sqlite3_stmt *children; /* of the row that is read: its bookmarks or lines; may be NULL */
    guint n_skipped;
} Load;

typedef gboolean (*ReadRowFunc)(Load *load, sqlite3_stmt *row, GError **error);

static void
read_text(sqlite3_stmt *row, int column, char **text)
{
    g_free(*text);
    *text = omen_sql_dup_text(row, column);
}

static gboolean
read_bookmarks(Load *load, OmenStreamRow *stream, GError **error)
{
    g_autoptr(GError) local = NULL;

    sqlite3_bind_text(load->children, 1, stream->name, -1, SQLITE_STATIC);
    while (omen_sql_next(load->children, &local))
        g_hash_table_replace(stream->bookmarks, omen_sql_dup_text(load->children, 0),
                             omen_sql_dup_text(load->children, 1));
    sqlite3_reset(load->children);
    if (local == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
read_stream(Load *load, sqlite3_stmt *row, GError **error)
{
    g_autofree char *name = omen_sql_dup_text(row, 0);
    g_autofree char *kind = omen_sql_dup_text(row, 1);
    OmenProvenance provenance = OMEN_PROVENANCE_HOST;

    if (!omen_provenance_from_string(kind, &provenance)) {
        load->n_skipped++;
        return TRUE;
    }
    OmenStreamRow *stream = omen_stream_row_new(name, provenance);
    stream->saved_us = sqlite3_column_int64(row, 2);
    g_autoptr(GVariant) packed = omen_sql_dup_variant(row, 3);
    stream->engine = packed != NULL ? omen_engine_unpack(packed) : NULL;
    g_ptr_array_add(load->contents->streams, stream);
    return read_bookmarks(load, stream, error);
}

static gboolean
read_lines(Load *load, OmenData *data, GError **error)
{
    g_autoptr(GError) local = NULL;

    sqlite3_bind_int64(load->children, 1, (gint64) data->id);
    while (omen_sql_next(load->children, &local))
        g_ptr_array_add(data->records, omen_sql_dup_text(load->children, 0));
    sqlite3_reset(load->children);
    if (local == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
read_omen_words(sqlite3_stmt *row, OmenData *data)
{
    g_autofree char *scope = omen_sql_dup_text(row, 5);
    g_autofree char *failure_class = omen_sql_dup_text(row, 6);
    g_autofree char *action = omen_sql_dup_text(row, 15);
    g_autofree char *fate = omen_sql_dup_text(row, 21);
    g_autofree char *hold = omen_sql_dup_text(row, 24);
    g_autofree char *origin = omen_sql_dup_text(row, 25);

    return omen_scope_from_string(scope, &data->scope) &&
           omen_failure_class_from_string(failure_class, &data->failure_class) &&
           omen_action_from_string(action, &data->action) &&
           omen_fate_from_string(fate, &data->fate) && omen_hold_from_string(hold, &data->hold) &&
           omen_origin_from_string(origin, &data->origin);
}

static void
read_numbers(sqlite3_stmt *row, int column, GArray *numbers)
{
    g_autofree char *text = omen_sql_dup_text(row, column);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    for (guint i = 0; words[i]; i++) {
        guint64 number;
        guint32 narrow;
        if (!g_ascii_string_to_unsigned(words[i], 10, 0, G_MAXUINT32, &number, NULL))
            continue;
        narrow = (guint32) number;
        g_array_append_val(numbers, narrow);
    }
}

static void
read_packed_lines(sqlite3_stmt *row, int column, GPtrArray *lines)
{
    g_autofree char *text = omen_sql_dup_text(row, column);
    g_auto(GStrv) parts = g_strsplit(text, "\n", -1);

    for (guint i = 0; parts[i] && parts[i + 1]; i++)
        g_ptr_array_add(lines, g_strdup(parts[i]));
}

static void
read_reach(sqlite3_stmt *row, OmenData *data)
{
    g_autofree char *text = omen_sql_dup_text(row, 23);

    data->device_reach = omen_device_reach_new_from_text(text);
}

static void
read_course(sqlite3_stmt *row, OmenData *data)
{
    g_autofree char *text = omen_sql_dup_text(row, 28);

    g_ptr_array_unref(data->course);
    data->course = omen_course_new_from_text(text);
}

static gboolean
read_omen(Load *load, sqlite3_stmt *row, GError **error)
{
    g_autoptr(OmenData) data = omen_data_new();

    if (!read_omen_words(row, data)) {
        load->n_skipped++;
        return TRUE;
    }
    data->id = (guint64) sqlite3_column_int64(row, 0);
    data->time_us = sqlite3_column_int64(row, 1);
    data->last_us = sqlite3_column_int64(row, 2);
    data->expires_us = sqlite3_column_int64(row, 3);
    read_text(row, 4, &data->stream);
    read_text(row, 7, &data->device);
    read_text(row, 8, &data->domain_uuid);
    read_text(row, 9, &data->domain_name);
    data->probability = sqlite3_column_double(row, 10);
    data->migration_helps = sqlite3_column_int(row, 11) != 0;
    read_text(row, 12, &data->reason);
    data->n_records = (guint64) sqlite3_column_int64(row, 13);
    data->template_id = (guint32) sqlite3_column_int64(row, 14);
    read_text(row, 16, &data->outcome);
    data->urgency_s = (guint) sqlite3_column_int64(row, 17);
    read_numbers(row, 18, data->templates);
    read_packed_lines(row, 19, data->normal);
    read_text(row, 20, &data->judges);
    data->fate_us = sqlite3_column_int64(row, 22);
    read_reach(row, data);
    read_text(row, 26, &data->writer);
    data->is_proven = sqlite3_column_int(row, 27) != 0;
    read_course(row, data);
    if (!read_lines(load, data, error))
        return FALSE;
    g_ptr_array_add(load->contents->omens, g_steal_pointer(&data));
    return TRUE;
}

static gboolean
read_verdict(Load *load, sqlite3_stmt *row, GError **error)
{
    g_autoptr(OmenVerdictRow) verdict = omen_verdict_row_new();
    g_autofree char *failure_class = omen_sql_dup_text(row, 6);

    if (!omen_failure_class_from_string(failure_class, &verdict->failure_class)) {
        load->n_skipped++;
        return TRUE;
    }
    verdict->time_us = sqlite3_column_int64(row, 0);
    read_text(row, 1, &verdict->stream);
    verdict->template_id = (guint32) sqlite3_column_int64(row, 2);
    read_text(row, 3, &verdict->template_text);
    read_text(row, 4, &verdict->judge);
    verdict->probability = sqlite3_column_double(row, 5);
    verdict->omen_id = (guint64) sqlite3_column_int64(row, 7);
    read_text(row, 8, &verdict->word);
    g_ptr_array_add(load->contents->verdicts, g_steal_pointer(&verdict));
    return TRUE;
}

static gboolean
read_evacuation(Load *load, sqlite3_stmt *row, GError **error)
{
    g_autoptr(OmenEvacuationData) data = omen_evacuation_data_new();
    g_autofree char *phase = omen_sql_dup_text(row, 6);

    if (!omen_phase_from_string(phase, &data->phase)) {
        load->n_skipped++;
        return TRUE;
    }
    data->id = (guint64) sqlite3_column_int64(row, 0);
    read_text(row, 1, &data->domain_uuid);
    read_text(row, 2, &data->domain_name);
    data->omen_id = (guint64) sqlite3_column_int64(row, 3);
    read_text(row, 4, &data->destination);
    read_text(row, 5, &data->destination_uri);
    data->attempt = (guint) sqlite3_column_int64(row, 7);
    data->progress = sqlite3_column_double(row, 8);
    data->remaining_bytes = (guint64) sqlite3_column_int64(row, 9);
    data->downtime_ms = (guint64) sqlite3_column_int64(row, 10);
    data->queued_us = sqlite3_column_int64(row, 11);
    data->started_us = sqlite3_column_int64(row, 12);
    data->switched_us = sqlite3_column_int64(row, 13);
    data->ended_us = sqlite3_column_int64(row, 14);
    read_text(row, 15, &data->error);
    read_text(row, 16, &data->source_uri);
    g_ptr_array_add(load->contents->evacuations, g_steal_pointer(&data));
    return TRUE;
}

static gboolean
read_setting(Load *load, sqlite3_stmt *row, GError **error)
{
    g_hash_table_replace(load->contents->settings, omen_sql_dup_text(row, 0),
                         omen_sql_dup_text(row, 1));
    return TRUE;
}

/* Columns in the order in which the schema has them. */
static const struct {
    const char *rows;
    const char *children;
    ReadRowFunc read;
} tables[] = {
    {"SELECT * FROM streams ORDER BY saved_us DESC LIMIT ?1",
     "SELECT source, position FROM bookmarks WHERE stream = ?1", read_stream},
    {"SELECT * FROM (SELECT * FROM omens ORDER BY id DESC LIMIT ?1) ORDER BY id",
     "SELECT line FROM omen_records WHERE omen = ?1 ORDER BY place", read_omen},
    {"SELECT time_us, stream, template_id, template, judge, probability, class, omen, word FROM "
     "(SELECT * FROM verdicts ORDER BY id DESC LIMIT ?1) ORDER BY id",
     NULL, read_verdict},
    {"SELECT * FROM evacuations WHERE phase NOT IN ('succeeded', 'failed', 'cancelled') "
     "OR id IN (SELECT id FROM evacuations ORDER BY id DESC LIMIT ?1) ORDER BY id",
     NULL, read_evacuation},
    {"SELECT key, value FROM settings LIMIT ?1", NULL, read_setting},
};

static gboolean
load_table(Load *load, sqlite3 *db, guint table, guint max_rows, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(sqlite3_stmt) rows = omen_sql_prepare(db, tables[table].rows, error);
    g_autoptr(sqlite3_stmt) children = NULL;

    if (rows == NULL)
        return FALSE;
    if (tables[table].children != NULL) {
        children = omen_sql_prepare(db, tables[table].children, error);
        if (children == NULL)
            return FALSE;
    }
    load->children = children;
    sqlite3_bind_int64(rows, 1, max_rows);
    while (omen_sql_next(rows, &local)) {
        if (!tables[table].read(load, rows, error))
            return FALSE;
    }
    if (local == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

OmenStateContents *
omen_store_load(sqlite3 *db, guint max_rows, GError **error)
{
    g_autoptr(OmenStateContents) contents = omen_state_contents_new();
    Load load = {.contents = contents};

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (!load_table(&load, db, i, max_rows, error))
            return NULL;
    }
    if (load.n_skipped > 0)
        contents->warning = g_strdup_printf(
            "state database: %u rows are not understood by this version and were skipped",
            load.n_skipped);
    return g_steal_pointer(&contents);
}

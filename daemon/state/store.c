/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/store.h"

#include "state/engine-blob.h"

enum {
    PUT_STREAM,
    DELETE_BOOKMARKS,
    PUT_BOOKMARK,
    PUT_OMEN,
    DELETE_OMEN,
    DELETE_OMEN_RECORDS,
    PUT_OMEN_RECORD,
    PUT_VERDICT,
    PUT_EVACUATION,
    PUT_SETTING,
    N_STATEMENTS,
};

static const char *const statement_texts[N_STATEMENTS] = {
    [PUT_STREAM] = "INSERT INTO streams VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET "
                   "kind = ?2, saved_us = ?3, engine = ?4",
    [DELETE_BOOKMARKS] = "DELETE FROM bookmarks WHERE stream = ?1",
    [PUT_BOOKMARK] = "INSERT INTO bookmarks VALUES (?1, ?2, ?3)",
    [PUT_OMEN] = "INSERT INTO omens VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
                 "?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, "
                 "?27, ?28, ?29) "
                 "ON CONFLICT (id) DO UPDATE SET time_us = ?2, "
                 "last_us = ?3, expires_us = ?4, stream = ?5, scope = ?6, class = ?7, device = ?8, "
                 "domain_uuid = ?9, domain_name = ?10, probability = ?11, migration_helps = ?12, "
                 "reason = ?13, n_records = ?14, template_id = ?15, action = ?16, outcome = ?17, "
                 "urgency_s = ?18, templates = ?19, normal = ?20, judges = ?21, fate = ?22, "
                 "fate_us = ?23, device_reach = ?24, hold = ?25, origin = ?26, writer = ?27, "
                 "is_proven = ?28, course = ?29",
    [DELETE_OMEN] = "DELETE FROM omens WHERE id = ?1",
    [DELETE_OMEN_RECORDS] = "DELETE FROM omen_records WHERE omen = ?1",
    [PUT_OMEN_RECORD] = "INSERT INTO omen_records VALUES (?1, ?2, ?3)",
    [PUT_VERDICT] = "INSERT INTO verdicts (time_us, stream, template_id, template, judge, "
                    "probability, class, omen, word) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
                    "ON CONFLICT (stream, template_id, omen) DO UPDATE SET time_us = ?1, "
                    "template = ?4, judge = ?5, probability = ?6, class = ?7, word = ?9",
    [PUT_EVACUATION] = "INSERT OR REPLACE INTO evacuations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
                       "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    [PUT_SETTING] = "INSERT OR REPLACE INTO settings VALUES (?1, ?2)",
};

struct _OmenStore {
    sqlite3 *db;
    sqlite3_stmt *statements[N_STATEMENTS]; /* prepared at first use */
    guint64 n_stream_bytes;
};

OmenStore *
omen_store_new(sqlite3 *db)
{
    OmenStore *self = g_new0(OmenStore, 1);
    self->db = db;
    return self;
}

void
omen_store_free(OmenStore *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < N_STATEMENTS; i++)
        sqlite3_finalize(self->statements[i]);
    sqlite3_close(self->db);
    g_free(self);
}

gboolean
omen_store_has_moved(OmenStore *self)
{
    int moved = 0;

    return sqlite3_file_control(self->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved != 0;
}

gboolean
omen_store_begin(OmenStore *self, gboolean durable, GError **error)
{
    /* With a write-ahead log NORMAL does not wait for the disk at a commit, FULL does. */
    return omen_sql_exec(self->db,
                         durable ? "PRAGMA synchronous = FULL; BEGIN IMMEDIATE"
                                 : "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
                         error);
}

gboolean
omen_store_commit(OmenStore *self, GError **error)
{
    return omen_sql_exec(self->db, "COMMIT", error);
}

void
omen_store_rollback(OmenStore *self)
{
    /* SQLite has rolled back by itself after some failures; then there is nothing to do. */
    if (!sqlite3_get_autocommit(self->db))
        sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
}

static sqlite3_stmt *
get_statement(OmenStore *self, guint which, GError **error)
{
    if (self->statements[which] == NULL)
        self->statements[which] = omen_sql_prepare(self->db, statement_texts[which], error);
    return self->statements[which];
}

static gint64
to_int64(guint64 number)
{
    return (gint64) MIN(number, (guint64) G_MAXINT64);
}

static gboolean
put_bookmarks(OmenStore *self, const OmenStreamRow *row, GError **error)
{
    sqlite3_stmt *remove = get_statement(self, DELETE_BOOKMARKS, error);
    sqlite3_stmt *put = remove != NULL ? get_statement(self, PUT_BOOKMARK, error) : NULL;
    GHashTableIter iter;
    gpointer source = NULL, position = NULL;

    if (put == NULL || !omen_sql_run(remove, error, "t", row->name))
        return FALSE;
    g_hash_table_iter_init(&iter, row->bookmarks);
    while (g_hash_table_iter_next(&iter, &source, &position)) {
        if (!omen_sql_run(put, error, "ttt", row->name, (const char *) source,
                          (const char *) position))
            return FALSE;
    }
    return TRUE;
}

guint64
omen_store_get_n_stream_bytes(const OmenStore *self)
{
    return self->n_stream_bytes;
}

gboolean
omen_store_put_stream(OmenStore *self, const OmenStreamRow *row, GError **error)
{
    sqlite3_stmt *put = get_statement(self, PUT_STREAM, error);
    g_autoptr(GVariant) packed = row->engine != NULL ? omen_engine_pack(row->engine) : NULL;

    self->n_stream_bytes += packed != NULL ? g_variant_get_size(packed) : 0;
    return put != NULL &&
           omen_sql_run(put, error, "ttib", row->name, omen_provenance_to_string(row->kind),
                        row->saved_us, packed) &&
           put_bookmarks(self, row, error);
}

static gboolean
put_omen_records(OmenStore *self, const OmenData *data, GError **error)
{
    sqlite3_stmt *remove = get_statement(self, DELETE_OMEN_RECORDS, error);
    sqlite3_stmt *put = remove != NULL ? get_statement(self, PUT_OMEN_RECORD, error) : NULL;

    if (put == NULL || !omen_sql_run(remove, error, "i", to_int64(data->id)))
        return FALSE;
    for (guint i = 0; i < data->records->len; i++) {
        if (!omen_sql_run(put, error, "iit", to_int64(data->id), (gint64) i,
                          (const char *) g_ptr_array_index(data->records, i)))
            return FALSE;
    }
    return TRUE;
}

/* "3 17 4". */
static char *
pack_numbers(const GArray *numbers)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < numbers->len; i++)
        g_string_append_printf(text, "%s%u", i > 0 ? " " : "", g_array_index(numbers, guint32, i));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Each ends in a newline; none holds one. */
static char *
pack_lines(const GPtrArray *lines)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < lines->len; i++)
        g_string_append_printf(text, "%s\n", (const char *) g_ptr_array_index(lines, i));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean
delete_omen(OmenStore *self, guint64 id, GError **error)
{
    sqlite3_stmt *delete = get_statement(self, DELETE_OMEN, error);

    return delete != NULL && omen_sql_run(delete, error, "i", to_int64(id));
}

gboolean
omen_store_put_omen(OmenStore *self, const OmenData *data, GError **error)
{
    if (data->part_of != 0)
        return delete_omen(self, data->id, error);

    sqlite3_stmt *put = get_statement(self, PUT_OMEN, error);
    g_autofree char *templates = pack_numbers(data->templates);
    g_autofree char *normal = pack_lines(data->normal);
    g_autofree char *reach =
        data->device_reach ? omen_device_reach_to_text(data->device_reach) : g_strdup("");
    g_autofree char *course = omen_course_to_text(data->course);

    return put != NULL &&
           omen_sql_run(
               put, error, "iiiittttttditiittittttittttit", to_int64(data->id), data->time_us,
               data->last_us, data->expires_us, data->stream, omen_scope_to_string(data->scope),
               omen_failure_class_to_string(data->failure_class), data->device, data->domain_uuid,
               data->domain_name, data->probability, (gint64) data->migration_helps, data->reason,
               to_int64(data->n_records), (gint64) data->template_id,
               omen_action_to_string(data->action), data->outcome, (gint64) data->urgency_s,
               templates, normal, data->judges, omen_fate_to_string(data->fate), data->fate_us,
               reach, omen_hold_to_string(data->hold), omen_origin_to_string(data->origin),
               data->writer, (gint64) data->is_proven, course) &&
           put_omen_records(self, data, error);
}

gboolean
omen_store_put_verdict(OmenStore *self, const OmenVerdictRow *row, GError **error)
{
    sqlite3_stmt *put = get_statement(self, PUT_VERDICT, error);

    return put != NULL &&
           omen_sql_run(put, error, "itittdtit", row->time_us, row->stream,
                        (gint64) row->template_id, row->template_text, row->judge, row->probability,
                        omen_failure_class_to_string(row->failure_class), to_int64(row->omen_id),
                        row->word);
}

gboolean
omen_store_put_evacuation(OmenStore *self, const OmenEvacuationData *data, GError **error)
{
    sqlite3_stmt *put = get_statement(self, PUT_EVACUATION, error);

    return put != NULL &&
           omen_sql_run(put, error, "ittitttidiiiiiitt", to_int64(data->id), data->domain_uuid,
                        data->domain_name, to_int64(data->omen_id), data->destination,
                        data->destination_uri, omen_phase_to_string(data->phase),
                        (gint64) data->attempt, data->progress, to_int64(data->remaining_bytes),
                        to_int64(data->downtime_ms), data->queued_us, data->started_us,
                        data->switched_us, data->ended_us, data->error, data->source_uri);
}

gboolean
omen_store_put_setting(OmenStore *self, const char *key, const char *value, GError **error)
{
    sqlite3_stmt *put = get_statement(self, PUT_SETTING, error);

    return put != NULL && omen_sql_run(put, error, "tt", key, value);
}

/* Age counts from @now_us or from the table's latest row, whichever is earlier. */
static const char *const prune_texts[] = {
    "DELETE FROM omens WHERE last_us < min(?1, (SELECT max(last_us) FROM omens)) - ?2 "
    "OR id <= (SELECT id FROM omens ORDER BY id DESC LIMIT 1 OFFSET ?3)",
    "DELETE FROM verdicts WHERE time_us < min(?1, (SELECT max(time_us) FROM verdicts)) - ?2 "
    "OR id <= (SELECT id FROM verdicts ORDER BY id DESC LIMIT 1 OFFSET ?3)",
    "DELETE FROM evacuations WHERE phase IN ('succeeded', 'failed', 'cancelled') AND ("
    "ended_us < min(?1, (SELECT max(ended_us) FROM evacuations)) - ?2 "
    "OR id <= (SELECT id FROM evacuations ORDER BY id DESC LIMIT 1 OFFSET ?3))",
    "DELETE FROM streams WHERE saved_us < min(?1, (SELECT max(saved_us) FROM streams)) - ?2 "
    "OR name IN (SELECT name FROM streams ORDER BY saved_us DESC LIMIT -1 OFFSET ?3)",
};

gboolean
omen_store_prune(OmenStore *self, const OmenStoreLimits *limits, gint64 now_us, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(prune_texts); i++) {
        g_autoptr(sqlite3_stmt) prune = omen_sql_prepare(self->db, prune_texts[i], error);
        if (prune == NULL || !omen_sql_run(prune, error, "iii", now_us, limits->max_age_us,
                                           (gint64) limits->max_rows))
            return FALSE;
    }
    return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/engine-blob.h"
#include "state/schema.h"
#include "state/state-db.h"
#include "state/state-queue.h"

typedef struct {
    char *directory;
    char *path;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->directory = g_dir_make_tmp("virt-omen-state-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "state.db", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(fixture->directory, 0, NULL);

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
        g_remove(path);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    g_free(fixture->path);
}

static OmenStateDb *
open_db(const char *path, OmenStateContents **contents)
{
    g_autoptr(GError) error = NULL;
    OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;

    config.retry_ms = 20;
    OmenStateDb *db = omen_state_db_open(path, &config, contents, &error);
    g_assert_no_error(error);
    return db;
}

static void
set_text(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

static OmenEvacuationData *
new_evacuation(guint64 id, OmenPhase phase)
{
    OmenEvacuationData *data = omen_evacuation_data_new();
    data->id = id;
    data->phase = phase;
    data->attempt = 2;
    data->progress = 0.5;
    data->remaining_bytes = 12345;
    data->downtime_ms = 42;
    data->queued_us = 1;
    data->started_us = 2;
    data->switched_us = 3;
    data->ended_us = 4;
    data->omen_id = 9;
    set_text(&data->domain_uuid, "u1");
    set_text(&data->domain_name, "g1");
    set_text(&data->destination, "beta");
    set_text(&data->destination_uri, "qemu+tcp://beta/system");
    set_text(&data->error, "it's \"so\"");
    return data;
}

static OmenData *
new_omen(guint64 id)
{
    const guint32 another = 3;
    OmenData *data = omen_data_new();
    data->id = id;
    data->time_us = 100 + (gint64) id;
    data->last_us = 200 + (gint64) id;
    data->expires_us = 300;
    data->scope = OMEN_SCOPE_DEVICE;
    data->failure_class = OMEN_FAILURE_RAID;
    data->probability = 0.75;
    data->migration_helps = TRUE;
    data->n_records = 17;
    data->template_id = 4294967295U;
    g_array_append_val(data->templates, data->template_id);
    g_array_append_val(data->templates, another);
    g_ptr_array_add(data->normal, g_strdup(""));
    g_ptr_array_add(data->normal, g_strdup("Started Session <*>"));
    set_text(&data->judges, "embedded: disk with probability 0.9");
    data->origin = OMEN_ORIGIN_SYSTEM;
    set_text(&data->writer, "smartd");
    data->is_proven = TRUE;
    data->fate = OMEN_FATE_REPAIRED;
    data->fate_us = 77;
    data->hold = OMEN_HOLD_WAITING;
    data->action = OMEN_ACTION_PROPOSED;
    set_text(&data->stream, "host");
    set_text(&data->device, "md0");
    set_text(&data->domain_uuid, "u1");
    set_text(&data->domain_name, "g1");
    set_text(&data->reason, "RAID array degraded");
    set_text(&data->outcome, "none yet");
    data->urgency_s = 761;
    data->device_reach = omen_device_reach_new(OMEN_REACH_DOMAINS, "used by g1");
    omen_device_reach_add_use(data->device_reach, "u1", "g1", "md0 → vda of g1");
    omen_course_add(data->course, &(OmenCourseStep){.time_us = 1,
                                                    .stream = (char *) "host",
                                                    .scope = OMEN_SCOPE_DEVICE,
                                                    .failure_class = OMEN_FAILURE_RAID,
                                                    .device = (char *) "md0",
                                                    .line = (char *) "first"});
    omen_course_add(data->course, &(OmenCourseStep){.time_us = 2,
                                                    .stream = (char *) "domain:u1",
                                                    .scope = OMEN_SCOPE_DOMAIN,
                                                    .failure_class = OMEN_FAILURE_QEMU_BLOCK,
                                                    .device = (char *) "",
                                                    .line = (char *) "QEMU says"});
    g_ptr_array_add(data->records, g_strdup("first"));
    g_ptr_array_add(data->records, g_strdup("second"));
    return data;
}

static OmenStreamRow *
new_stream(const char *name, gint64 saved_us, guint size)
{
    OmenStreamRow *row = omen_stream_row_new(name, OMEN_PROVENANCE_GUEST);
    g_autofree guint8 *bytes = g_malloc(size);
    g_autoptr(GRand) random = g_rand_new_with_seed(size);

    /* What can't be compressed. */
    for (guint i = 0; i < size; i++)
        bytes[i] = (guint8) g_rand_int(random);
    row->saved_us = saved_us;
    row->engine = g_variant_ref_sink(
        g_variant_new("(u@ay)", 7, g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, size, 1)));
    g_hash_table_insert(row->bookmarks, g_strdup("journal"), g_strdup("s=abc"));
    g_hash_table_insert(row->bookmarks, g_strdup("file:/x"), g_strdup("12:34"));
    return row;
}

static OmenVerdictRow *
new_verdict(guint32 template_id, gint64 time_us)
{
    OmenVerdictRow *row = omen_verdict_row_new();
    row->time_us = time_us;
    row->template_id = template_id;
    row->probability = 0.9;
    row->failure_class = OMEN_FAILURE_DISK;
    row->omen_id = 1;
    set_text(&row->stream, "host");
    set_text(&row->template_text, "disk <*> is gone");
    set_text(&row->judge, "embedded");
    set_text(&row->word, "dismissed");
    return row;
}

static void
put_all(OmenStateDb *db)
{
    g_autoptr(OmenData) omen = new_omen(5);
    g_autoptr(OmenEvacuationData) evacuation = new_evacuation(3, OMEN_PHASE_RUNNING);

    omen_state_db_put_stream(db, new_stream("guest:u1", 77, 100));
    omen_state_db_put_omen(db, omen);
    omen_state_db_put_verdict(db, new_verdict(8, 10));
    omen_state_db_put_evacuation(db, evacuation);
    omen_state_db_put_setting(db, "mode", "enforce");
}

static void
check_omen(const OmenData *got)
{
    g_autoptr(OmenData) want = new_omen(5);

    g_assert_cmpuint(got->id, ==, want->id);
    g_assert_cmpint(got->time_us, ==, want->time_us);
    g_assert_cmpint(got->last_us, ==, want->last_us);
    g_assert_cmpint(got->expires_us, ==, want->expires_us);
    g_assert_cmpstr(got->stream, ==, want->stream);
    g_assert_cmpuint(got->scope, ==, want->scope);
    g_assert_cmpuint(got->failure_class, ==, want->failure_class);
    g_assert_cmpstr(got->device, ==, want->device);
    g_assert_cmpstr(got->domain_uuid, ==, want->domain_uuid);
    g_assert_cmpstr(got->domain_name, ==, want->domain_name);
    g_assert_cmpfloat(got->probability, ==, want->probability);
    g_assert_true(got->migration_helps);
    g_assert_cmpstr(got->reason, ==, want->reason);
    g_assert_cmpuint(got->n_records, ==, want->n_records);
    g_assert_cmpuint(got->template_id, ==, want->template_id);
    g_assert_cmpuint(got->action, ==, want->action);
    g_assert_cmpstr(got->outcome, ==, want->outcome);
    g_assert_cmpmem(got->templates->data, got->templates->len * sizeof(guint32),
                    want->templates->data, want->templates->len * sizeof(guint32));
    g_assert_cmpuint(got->normal->len, ==, want->normal->len);
    for (guint i = 0; i < got->normal->len; i++)
        g_assert_cmpstr(g_ptr_array_index(got->normal, i), ==, g_ptr_array_index(want->normal, i));
    g_assert_cmpstr(got->judges, ==, want->judges);
    g_assert_cmpint(got->origin, ==, want->origin);
    g_assert_cmpstr(got->writer, ==, want->writer);
    g_assert_cmpint(got->is_proven, ==, want->is_proven);
    g_assert_cmpint(got->fate, ==, want->fate);
    g_assert_cmpint(got->hold, ==, want->hold);
    g_assert_cmpuint(got->course->len, ==, 2);
    g_assert_cmpstr(((OmenCourseStep *) g_ptr_array_index(got->course, 1))->line, ==, "QEMU says");
    g_assert_cmpint(got->fate_us, ==, want->fate_us);
    g_assert_cmpuint(got->urgency_s, ==, want->urgency_s);
    g_assert_cmpuint(got->records->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(got->records, 1), ==, "second");
}

static void
check_evacuation(const OmenEvacuationData *got)
{
    g_assert_cmpuint(got->id, ==, 3);
    g_assert_cmpuint(got->phase, ==, OMEN_PHASE_RUNNING);
    g_assert_cmpuint(got->attempt, ==, 2);
    g_assert_cmpfloat(got->progress, ==, 0.5);
    g_assert_cmpuint(got->remaining_bytes, ==, 12345);
    g_assert_cmpuint(got->downtime_ms, ==, 42);
    g_assert_cmpint(got->queued_us, ==, 1);
    g_assert_cmpint(got->started_us, ==, 2);
    g_assert_cmpint(got->switched_us, ==, 3);
    g_assert_cmpint(got->ended_us, ==, 4);
    g_assert_cmpuint(got->omen_id, ==, 9);
    g_assert_cmpstr(got->domain_uuid, ==, "u1");
    g_assert_cmpstr(got->domain_name, ==, "g1");
    g_assert_cmpstr(got->destination, ==, "beta");
    g_assert_cmpstr(got->destination_uri, ==, "qemu+tcp://beta/system");
    g_assert_cmpstr(got->error, ==, "it's \"so\"");
}

static void
check_all(const OmenStateContents *contents)
{
    g_assert_null(contents->warning);
    g_assert_cmpuint(contents->streams->len, ==, 1);
    const OmenStreamRow *stream = g_ptr_array_index(contents->streams, 0);
    g_autoptr(OmenStreamRow) want = new_stream("guest:u1", 77, 100);
    g_assert_cmpstr(stream->name, ==, "guest:u1");
    g_assert_cmpuint(stream->kind, ==, OMEN_PROVENANCE_GUEST);
    g_assert_cmpint(stream->saved_us, ==, 77);
    g_assert_cmpvariant(stream->engine, want->engine);
    g_assert_cmpuint(g_hash_table_size(stream->bookmarks), ==, 2);
    g_assert_cmpstr(g_hash_table_lookup(stream->bookmarks, "journal"), ==, "s=abc");

    g_assert_cmpuint(contents->omens->len, ==, 1);
    check_omen(g_ptr_array_index(contents->omens, 0));
    g_assert_cmpuint(contents->evacuations->len, ==, 1);
    check_evacuation(g_ptr_array_index(contents->evacuations, 0));

    g_assert_cmpuint(contents->verdicts->len, ==, 1);
    const OmenVerdictRow *verdict = g_ptr_array_index(contents->verdicts, 0);
    g_assert_cmpuint(verdict->template_id, ==, 8);
    g_assert_cmpstr(verdict->template_text, ==, "disk <*> is gone");
    g_assert_cmpstr(verdict->judge, ==, "embedded");
    g_assert_cmpstr(verdict->word, ==, "dismissed");
    g_assert_cmpuint(verdict->failure_class, ==, OMEN_FAILURE_DISK);
    g_assert_cmpuint(verdict->omen_id, ==, 1);
    g_assert_cmpstr(g_hash_table_lookup(contents->settings, "mode"), ==, "enforce");
}

static void
test_round_trip(Fixture *fixture, gconstpointer data)
{
    for (guint life = 0; life < 3; life++) {
        g_autoptr(OmenStateContents) contents = NULL;
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);

        if (life > 0)
            check_all(contents);
        put_all(db);
        g_assert_true(omen_state_db_flush(db, 5000));
        g_assert_null(omen_state_db_get_problem(db));
        g_assert_cmpuint(omen_state_db_get_n_dropped(db), ==, 0);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    GStatBuf attributes;
    g_assert_cmpint(g_stat(fixture->path, &attributes), ==, 0);
    g_assert_cmpuint(attributes.st_mode & 0777, ==, 0600);
}

/* Streams have so much an hour; what is put all the same is written. */
static void
test_stream_share(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);

    g_assert_true(omen_state_db_may_put_streams(db));
    omen_state_db_put_stream(db, new_stream("small", 1, 1000));
    g_assert_true(omen_state_db_flush(db, 5000));
    g_assert_true(omen_state_db_may_put_streams(db));
    omen_state_db_put_stream(db, new_stream("large", 1, 2000000));
    g_assert_true(omen_state_db_flush(db, 5000));
    g_assert_false(omen_state_db_may_put_streams(db));
    omen_state_db_put_stream(db, new_stream("all the same", 1, 1000));
    g_assert_true(omen_state_db_close(db, 5000));
    g_clear_pointer(&contents, omen_state_contents_free);
    db = open_db(fixture->path, &contents);
    g_assert_cmpuint(contents->streams->len, ==, 3);
}

/* What repeats takes little room, and is what it was. */
static void
test_engine_blob(void)
{
    g_autoptr(GVariant) engine = g_variant_ref_sink(g_variant_new_parsed(
        "(%u, ['medium error', 'medium error', 'medium error', 'medium error', 'medium error'])",
        7));
    g_autoptr(GVariant) packed = omen_engine_pack(engine);
    g_autoptr(GVariant) unpacked = omen_engine_unpack(packed);
    g_autoptr(GVariant) plain = omen_engine_unpack(engine);
    g_autoptr(GVariant) cut = g_variant_ref_sink(g_variant_new_fixed_array(
        G_VARIANT_TYPE_BYTE, g_variant_get_data(packed), g_variant_get_size(packed) - 4, 1));

    g_assert_cmpuint(g_variant_get_size(packed), <, g_variant_get_size(engine));
    g_assert_cmpvariant(unpacked, engine);
    g_assert_cmpvariant(plain, engine);
    g_assert_null(omen_engine_unpack(cut));
}

static void
test_latest_wins(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        for (guint i = 0; i <= 1000; i++) {
            g_autoptr(OmenData) omen = new_omen(1);
            omen->n_records = i;
            omen_state_db_put_omen(db, omen);
        }
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 1);
    g_assert_cmpuint(((OmenData *) g_ptr_array_index(contents->omens, 0))->n_records, ==, 1000);
}

/* Numbers that are none, text that is none. */
static void
test_odd_values(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        g_autoptr(OmenData) omen = new_omen(1);
        omen->probability = 0.0 / 0.0;
        omen->n_records = G_MAXUINT64;
        set_text(&omen->reason, "\xff'; DROP TABLE omens; --");
        omen_state_db_put_omen(db, omen);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
    const OmenData *omen = g_ptr_array_index(contents->omens, 0);
    g_assert_cmpfloat(omen->probability, ==, 0);
    g_assert_cmpuint(omen->n_records, ==, G_MAXINT64);
    g_assert_cmpstr(omen->reason, ==, "\xef\xbf\xbd'; DROP TABLE omens; --");
}

static guint
count_files(Fixture *fixture, const char *part)
{
    g_autoptr(GDir) dir = g_dir_open(fixture->directory, 0, NULL);
    guint n = 0;

    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        n += strstr(name, part) != NULL;
    return n;
}

static void
test_damage(Fixture *fixture, gconstpointer data)
{
    for (guint round = 0; round < 5; round++) {
        g_autoptr(OmenStateContents) contents = NULL;
        g_assert_true(
            g_file_set_contents(fixture->path, "not a database, not at all, no", -1, NULL));
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        g_assert_nonnull(strstr(contents->warning, ".damaged-"));
        g_assert_cmpuint(contents->omens->len, ==, 0);
        put_all(db);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_assert_cmpuint(count_files(fixture, ".damaged-"), ==, 3);
}

/* Broken in the middle, header intact. */
static void
test_inner_damage(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        omen_state_db_put_stream(db, new_stream("guest:u1", 77, 200000));
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    FILE *file = fopen(fixture->path, "r+b");
    g_autofree char *rubbish = g_strnfill(8192, 'z');
    fseek(file, 4096, SEEK_SET);
    fwrite(rubbish, 1, 8192, file);
    fclose(file);

    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
    g_assert_nonnull(contents->warning);
    g_assert_cmpuint(contents->streams->len, ==, 0);
    g_assert_cmpuint(count_files(fixture, ".damaged-"), >=, 1);
}

static void
run_sql(const char *path, const char *sql)
{
    g_autoptr(sqlite3) db = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    omen_sql_exec(db, sql, &error);
    g_assert_no_error(error);
}

static void
test_newer(Fixture *fixture, gconstpointer data)
{
    OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL, *after = NULL;
    gsize length = 0, length_after = 0;

    run_sql(fixture->path, "CREATE TABLE future (x); PRAGMA user_version = 4711");
    g_file_get_contents(fixture->path, &before, &length, NULL);
    g_assert_null(omen_state_db_open(fixture->path, &config, &contents, &error));
    g_assert_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_NEWER);
    g_file_get_contents(fixture->path, &after, &length_after, NULL);
    g_assert_cmpmem(before, length, after, length_after);
}

/* A file of version 0, as an empty one is, gets the whole schema; all has its number then. */
static void
test_migration(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(GError) error = NULL;
    gint64 version = 0;

    g_assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        put_all(db);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_autoptr(sqlite3) raw = NULL;
    g_assert_cmpint(sqlite3_open(fixture->path, &raw), ==, SQLITE_OK);
    g_assert_true(omen_sql_get_int64(raw, "PRAGMA user_version", &version, &error));
    g_assert_cmpint(version, ==, omen_state_schema_version());
}

/* Before version 6 only the words of its outcome told that an omen waits. */
/* What is part of another is gone from the file as well. */
static void
test_part_of(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db = open_db(fixture->path, &contents);
    g_autoptr(OmenData) omen = new_omen(7);

    omen_state_db_put_omen(db, omen);
    omen->part_of = 1;
    g_assert_true(omen_state_db_flush(db, 5000));
    omen_state_db_put_omen(db, omen);
    g_assert_true(omen_state_db_close(db, 5000));
    g_clear_object(&db);
    g_clear_pointer(&contents, omen_state_contents_free);
    db = open_db(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 0);
}

static void
test_migration_of_hold(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        put_all(db);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    run_sql(fixture->path, "ALTER TABLE omens DROP COLUMN hold;"
                           "ALTER TABLE omens DROP COLUMN origin;"
                           "ALTER TABLE omens DROP COLUMN writer;"
                           "ALTER TABLE omens DROP COLUMN is_proven;"
                           "ALTER TABLE omens DROP COLUMN course;"
                           "UPDATE omens SET action = 'proposed', outcome = 'libvirt does not "
                           "answer: waits until it does, or for approval';"
                           "PRAGMA user_version = 5");
    g_clear_pointer(&contents, omen_state_contents_free);
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 1);
    const OmenData *got = g_ptr_array_index(contents->omens, 0);
    g_assert_cmpint(got->hold, ==, OMEN_HOLD_WAITING);
}

static void
test_unknown_words(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        put_all(db);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    run_sql(fixture->path, "UPDATE omens SET class = 'gremlins'");
    g_clear_pointer(&contents, omen_state_contents_free);
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 0);
    g_assert_cmpuint(contents->evacuations->len, ==, 1);
    g_assert_nonnull(strstr(contents->warning, "1 rows"));
}

static void
test_no_directory(Fixture *fixture, gconstpointer data)
{
    OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_null(omen_state_db_open("/dev/null/state/state.db", &config, &contents, &error));
    g_assert_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "/dev/null/state"));

    g_autofree char *deep = g_build_filename(fixture->directory, "a", "b", "state.db", NULL);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(deep, &contents);
        g_assert_nonnull(db);
    }
    g_autofree char *remove = g_strdup_printf("rm -r '%s/a'", fixture->directory);
    g_assert_cmpint(system(remove), ==, 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

static void
test_prune(Fixture *fixture, gconstpointer data)
{
    OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;
    gint64 now = g_get_real_time();
    g_autoptr(OmenStateContents) contents = NULL;

    config.limits.max_rows = 10;
    config.limits.max_age_us = G_TIME_SPAN_DAY;
    for (guint life = 0; life < 2; life++) {
        g_clear_pointer(&contents, omen_state_contents_free);
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED =
            omen_state_db_open(fixture->path, &config, &contents, NULL);
        for (guint64 id = 1; life == 0 && id <= 40; id++) {
            g_autoptr(OmenData) omen = new_omen(id);
            g_autoptr(OmenEvacuationData) evacuation =
                new_evacuation(id, id == 2 ? OMEN_PHASE_RECONCILING : OMEN_PHASE_FAILED);
            omen->last_us = id < 35 ? now - 2 * G_TIME_SPAN_DAY : now;
            evacuation->ended_us = now;
            omen_state_db_put_omen(db, omen);
            omen_state_db_put_evacuation(db, evacuation);
        }
        g_assert_true(omen_state_db_flush(db, 5000));
        /* The prune comes before the first write of a life. */
        omen_state_db_put_setting(db, "x", "y");
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 6);
    g_assert_cmpuint(contents->evacuations->len, ==, 11);
    g_assert_cmpuint(((OmenEvacuationData *) g_ptr_array_index(contents->evacuations, 0))->id, ==,
                     2);
}

static void
test_wrong_clock_does_not_empty(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenStore) store =
        omen_store_new(omen_state_schema_open(fixture->path, NULL, &error));
    const OmenStoreLimits limits = {.max_rows = 10, .max_age_us = 1000};
    gint64 left = 0;

    g_assert_no_error(error);
    for (guint64 id = 1; id <= 3; id++) {
        g_autoptr(OmenData) omen = new_omen(id);
        g_assert_true(omen_store_put_omen(store, omen, &error));
    }
    g_assert_true(omen_store_prune(store, &limits, G_MAXINT64, &error));
    g_autoptr(sqlite3) raw = NULL;
    g_assert_cmpint(sqlite3_open(fixture->path, &raw), ==, SQLITE_OK);
    g_assert_true(omen_sql_get_int64(raw, "SELECT count(*) FROM omens", &left, &error));
    g_assert_cmpint(left, ==, 3);
}

static void
on_put(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GError **error = user_data;

    if (omen_state_db_put_evacuation_finish(OMEN_STATE_DB(source), result, error))
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "written");
}

/* Returns: what the put ended with; "written" if it was. */
static GError *
put_and_wait(OmenStateDb *db, guint64 id)
{
    g_autoptr(OmenEvacuationData) evacuation = new_evacuation(id, OMEN_PHASE_CHECKING);
    GError *error = NULL;

    omen_state_db_put_evacuation_async(db, evacuation, on_put, &error);
    while (error == NULL)
        g_main_context_iteration(NULL, TRUE);
    return error;
}

static gboolean
wait_until(gboolean (*is_so)(OmenStateDb *db), OmenStateDb *db)
{
    for (guint i = 0; i < 1000 && !is_so(db); i++) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(10000);
    }
    return is_so(db);
}

static gboolean
has_problem(OmenStateDb *db)
{
    return omen_state_db_get_problem(db) != NULL;
}

static gboolean
has_no_problem(OmenStateDb *db)
{
    return omen_state_db_get_problem(db) == NULL;
}

/* A try that was under way while there was no room still fails; the next does not. */
static gboolean
is_written(OmenStateDb *db)
{
    return omen_state_db_flush(db, 1000) && has_no_problem(db);
}

/* A mount namespace with a small file system at the fixture's directory. */
static gboolean
mount_small(Fixture *fixture, const char *options)
{
    static gboolean private_mounts = FALSE;

    if (!private_mounts) {
        if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
            g_test_skip("needs root and mount namespaces");
            return FALSE;
        }
        private_mounts = TRUE;
    }
    g_autofree char *with_mode = g_strconcat(options, ",mode=0700", NULL);
    g_assert_cmpint(mount("tmpfs", fixture->directory, "tmpfs", 0, with_mode), ==, 0);
    return TRUE;
}

static void
ignore_log(const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
    g_test_message("%s", message);
}

static void
test_disk_full(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;

    if (!mount_small(fixture, "size=400k"))
        return;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        g_autoptr(GError) written = put_and_wait(db, 1);
        g_assert_cmpstr(written->message, ==, "written");

        omen_state_db_put_stream(db, new_stream("guest:big", 1, 600000));
        g_assert_false(omen_state_db_flush(db, 5000));
        g_assert_true(wait_until(has_problem, db));
        g_test_message("%s", omen_state_db_get_problem(db));
        g_assert_nonnull(strstr(omen_state_db_get_problem(db), "free some space"));

        /* Small rows still get through, or say that they did not. */
        g_autoptr(GError) second = put_and_wait(db, 2);
        g_test_message("second: %s", second->message);

        g_assert_cmpint(mount("tmpfs", fixture->directory, "tmpfs", MS_REMOUNT, "size=8m"), ==, 0);
        g_assert_true(wait_until(is_written, db));
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        g_assert_cmpuint(contents->streams->len, ==, 1);
        g_assert_cmpuint(contents->evacuations->len, ==, 2);
    }
    umount2(fixture->directory, MNT_DETACH);
}

static void
fill_disk(const char *path)
{
    g_autofree char *zeros = g_malloc0(65536);
    int fd = g_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    for (gsize size = 65536; size > 0; size /= 2) {
        while (write(fd, zeros, size) == (gssize) size) {
        }
    }
    g_close(fd, NULL);
}

/* In a process of its own, that ends in the middle. */
static void
put_all_and_die(const char *path)
{
    pid_t child = fork();
    int status = 1;

    if (child == 0) {
        g_autoptr(OmenStateContents) contents = NULL;
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(path, &contents);
        put_all(db);
        _exit(omen_state_db_flush(db, 5000) ? 0 : 1);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

static void
put_all_and_close(const char *path)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(path, &contents);

    put_all(db);
    g_assert_true(omen_state_db_close(db, 5000));
}

/* The state's file system was filled while we were away: all is still known, and said to be so. */
static void
check_start_on_full_disk(Fixture *fixture, void (*live)(const char *path))
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autofree char *filler = g_build_filename(fixture->directory, "filler", NULL);
    g_autofree char *shm = g_strconcat(fixture->path, "-shm", NULL);

    if (!mount_small(fixture, "size=2m"))
        return;
    live(fixture->path);
    g_unlink(shm);
    fill_disk(filler);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        check_all(contents);
        g_assert_true(has_problem(db));
        g_assert_nonnull(strstr(omen_state_db_get_problem(db), "free some space"));
        g_unlink(filler);
        put_all(db);
        g_assert_true(wait_until(is_written, db));
    }
    umount2(fixture->directory, MNT_DETACH);
}

static void
test_start_on_full_disk(Fixture *fixture, gconstpointer data)
{
    check_start_on_full_disk(fixture, put_all_and_close);
}

static void
test_start_on_full_disk_killed(Fixture *fixture, gconstpointer data)
{
    check_start_on_full_disk(fixture, put_all_and_die);
}

static void
check_untrusted(Fixture *fixture)
{
    OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_null(omen_state_db_open(fixture->path, &config, &contents, &error));
    g_assert_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNTRUSTED);
    g_test_message("%s", error->message);
}

/* What another user could have put there is not believed, and a pipe does not hold us up. */
static void
test_untrusted(Fixture *fixture, gconstpointer data)
{
    g_autofree char *other = g_build_filename(fixture->directory, "other.db", NULL);

    put_all_and_close(fixture->path);
    g_chmod(fixture->path, 0666);
    check_untrusted(fixture);
    g_chmod(fixture->path, 0600);
    g_chmod(fixture->directory, 0777);
    check_untrusted(fixture);
    g_chmod(fixture->directory, 0700);
    if (geteuid() == 0) {
        g_assert_cmpint(chown(fixture->path, 65534, 65534), ==, 0);
        check_untrusted(fixture);
    }
    g_assert_cmpint(rename(fixture->path, other), ==, 0);
    g_assert_cmpint(symlink(other, fixture->path), ==, 0);
    check_untrusted(fixture);
    g_unlink(fixture->path);
    g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
    check_untrusted(fixture);
    g_unlink(fixture->path);
    g_assert_cmpint(g_mkdir(fixture->path, 0700), ==, 0);
    check_untrusted(fixture);
}

static void
test_read_only(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    const unsigned long read_only = MS_REMOUNT | MS_RDONLY;

    if (!mount_small(fixture, "size=4m"))
        return;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        put_all(db);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    g_assert_cmpint(mount("tmpfs", fixture->directory, "tmpfs", read_only, NULL), ==, 0);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        check_all(contents);
        g_assert_true(has_problem(db));
        g_test_message("%s", omen_state_db_get_problem(db));
        g_autoptr(GError) refused = put_and_wait(db, 4);
        g_assert_error(refused, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNAVAILABLE);

        g_assert_cmpint(mount("tmpfs", fixture->directory, "tmpfs", MS_REMOUNT, NULL), ==, 0);
        g_assert_true(wait_until(is_written, db));
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        g_assert_cmpuint(contents->evacuations->len, ==, 2);
    }
    umount2(fixture->directory, MNT_DETACH);
}

static void
test_file_removed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
    g_autofree char *wal = g_strconcat(fixture->path, "-wal", NULL);

    put_all(db);
    g_assert_true(omen_state_db_flush(db, 5000));
    g_unlink(fixture->path);
    g_unlink(wal);
    put_all(db);
    g_assert_true(omen_state_db_close(db, 5000));
    g_clear_object(&db);
    g_clear_pointer(&contents, omen_state_contents_free);
    db = open_db(fixture->path, &contents);
    check_all(contents);
}

static void
test_queue_is_bounded(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateQueue) queue = omen_state_queue_new(100, 1024 * 1024);
    guint n_dropped = 0;

    for (guint64 i = 0; i < 50; i++)
        n_dropped += omen_state_queue_push(
            queue,
            omen_state_op_new(OMEN_ROW_EVACUATION, new_evacuation(i, OMEN_PHASE_QUEUED), NULL));
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *name = g_strdup_printf("guest:%u", i);
        n_dropped += omen_state_queue_push(
            queue, omen_state_op_new(OMEN_ROW_STREAM, new_stream(name, 1, 100000), NULL));
        g_assert_cmpuint(omen_state_queue_get_length(queue), <=, 100);
    }
    g_assert_cmpuint(n_dropped, ==, 1050 - omen_state_queue_get_length(queue));
    g_autoptr(GPtrArray) first = omen_state_queue_pop(queue);
    g_assert_cmpuint(first->len, ==, 50);
    for (guint i = 0; i < first->len; i++)
        g_assert_cmpuint(((OmenStateOp *) g_ptr_array_index(first, i))->kind, ==,
                         OMEN_ROW_EVACUATION);
}

/* The child writes on and on, and says which number was acknowledged. */
static void
write_until_killed(const char *path)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(path, &contents);

    for (guint64 id = contents->evacuations->len + 1;; id++) {
        omen_state_db_put_stream(db, new_stream("guest:u1", (gint64) id, 50000));
        g_autoptr(GError) outcome = put_and_wait(db, id);
        if (!g_str_equal(outcome->message, "written") ||
            write(STDOUT_FILENO, &id, sizeof id) != sizeof id)
            _exit(1);
    }
}

static void
test_killed(Fixture *fixture, gconstpointer data)
{
    for (guint round = 0; round < 5; round++) {
        g_autoptr(GError) error = NULL;
        /* Not a mere fork: SQLite's locks do not survive one. */
        g_autoptr(GSubprocess) writer =
            g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "/proc/self/exe",
                             "--write-until-killed", fixture->path, NULL);
        g_assert_no_error(error);
        GInputStream *words = g_subprocess_get_stdout_pipe(writer);
        guint64 id = 0, last = 0;
        /* However slow its start is. */
        g_assert_cmpint(g_input_stream_read(words, &last, sizeof last, NULL, NULL), ==,
                        sizeof last);
        g_usleep((gulong) g_test_rand_int_range(0, 300000));
        g_subprocess_force_exit(writer);
        g_subprocess_wait(writer, NULL, NULL);
        while (g_input_stream_read(words, &id, sizeof id, NULL, NULL) == sizeof id)
            last = id;

        g_autoptr(OmenStateContents) contents = NULL;
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        g_assert_null(contents->warning);
        g_assert_cmpuint(last, >, 0);
        g_assert_cmpuint(contents->evacuations->len, >=, last);
        g_test_message("%" G_GUINT64_FORMAT " acknowledged, %u found", last,
                       contents->evacuations->len);
    }
}

static void
test_thousand_streams(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
        for (guint i = 0; i < 1000; i++) {
            g_autofree char *name = g_strdup_printf("guest:%u", i);
            omen_state_db_put_stream(db, new_stream(name, i, 30000));
        }
        g_assert_true(omen_state_db_flush(db, 60000));
        g_assert_cmpuint(omen_state_db_get_n_dropped(db), ==, 0);
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    gint64 start = g_get_monotonic_time();
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = open_db(fixture->path, &contents);
    g_assert_cmpuint(contents->streams->len, ==, 1000);
    g_test_message("1000 streams of 30 kB read in %.3f s",
                   (double) (g_get_monotonic_time() - start) / 1e6);
}

#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    if (argc == 3 && g_str_equal(argv[1], "--write-until-killed"))
        write_until_killed(argv[2]);
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal((GLogLevelFlags) (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK));
    g_log_set_handler("virt-omen-state", G_LOG_LEVEL_MASK, ignore_log, NULL);
    ADD("/state-db/killed", test_killed);
    ADD("/state-db/round-trip", test_round_trip);
    ADD("/state-db/stream-share", test_stream_share);
    g_test_add_func("/state-db/engine-blob", test_engine_blob);
    ADD("/state-db/latest-wins", test_latest_wins);
    ADD("/state-db/odd-values", test_odd_values);
    ADD("/state-db/damage", test_damage);
    ADD("/state-db/inner-damage", test_inner_damage);
    ADD("/state-db/newer", test_newer);
    ADD("/state-db/migration", test_migration);
    ADD("/state-db/migration-of-hold", test_migration_of_hold);
    ADD("/state-db/part-of", test_part_of);
    ADD("/state-db/unknown-words", test_unknown_words);
    ADD("/state-db/no-directory", test_no_directory);
    ADD("/state-db/prune", test_prune);
    ADD("/state-db/wrong-clock", test_wrong_clock_does_not_empty);
    ADD("/state-db/disk-full", test_disk_full);
    ADD("/state-db/start-on-full-disk", test_start_on_full_disk);
    ADD("/state-db/start-on-full-disk-killed", test_start_on_full_disk_killed);
    ADD("/state-db/untrusted", test_untrusted);
    ADD("/state-db/read-only", test_read_only);
    ADD("/state-db/file-removed", test_file_removed);
    ADD("/state-db/queue-is-bounded", test_queue_is_bounded);
    ADD("/state-db/thousand-streams", test_thousand_streams);
    return g_test_run();
}

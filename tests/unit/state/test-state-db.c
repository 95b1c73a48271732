/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was put into the state database is there again, whatever the file has been through. */
#include "state-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/engine-blob.h"
#include "state/schema.h"
#include "state/state-db.h"

static void
test_round_trip(StateFixture *fixture, gconstpointer data)
{
    for (guint life = 0; life < 3; life++) {
        g_autoptr(OmenStateContents) contents = NULL;
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);

        if (life > 0)
            state_fixture_check_all(contents);
        state_fixture_put_all(db);
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
test_stream_share(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);

    g_assert_true(omen_state_db_may_put_streams(db));
    omen_state_db_put_stream(db, state_fixture_new_stream("small", 1, 1000));
    g_assert_true(omen_state_db_flush(db, 5000));
    g_assert_true(omen_state_db_may_put_streams(db));
    omen_state_db_put_stream(db, state_fixture_new_stream("large", 1, 2000000));
    g_assert_true(omen_state_db_flush(db, 5000));
    g_assert_false(omen_state_db_may_put_streams(db));
    omen_state_db_put_stream(db, state_fixture_new_stream("all the same", 1, 1000));
    g_assert_true(omen_state_db_close(db, 5000));
    g_clear_pointer(&contents, omen_state_contents_free);
    db = state_fixture_open(fixture->path, &contents);
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
test_latest_wins(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        for (guint i = 0; i <= 1000; i++) {
            g_autoptr(OmenData) omen = state_fixture_new_omen(1);
            omen->n_records = i;
            omen_state_db_put_omen(db, omen);
        }
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 1);
    g_assert_cmpuint(((OmenData *) g_ptr_array_index(contents->omens, 0))->n_records, ==, 1000);
}

/* Numbers that are none, text that is none. */
static void
test_odd_values(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        g_autoptr(OmenData) omen = state_fixture_new_omen(1);
        omen->probability = 0.0 / 0.0;
        omen->n_records = G_MAXUINT64;
        state_fixture_set_text(&omen->reason, "\xff'; DROP TABLE omens; --");
        omen_state_db_put_omen(db, omen);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
    const OmenData *omen = g_ptr_array_index(contents->omens, 0);
    g_assert_cmpfloat(omen->probability, ==, 0);
    g_assert_cmpuint(omen->n_records, ==, G_MAXINT64);
    g_assert_cmpstr(omen->reason, ==, "\xef\xbf\xbd'; DROP TABLE omens; --");
}

static guint
count_files(StateFixture *fixture, const char *part)
{
    g_autoptr(GDir) dir = g_dir_open(fixture->directory, 0, NULL);
    guint n = 0;

    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        n += strstr(name, part) != NULL;
    return n;
}

static void
test_damage(StateFixture *fixture, gconstpointer data)
{
    for (guint round = 0; round < 5; round++) {
        g_autoptr(OmenStateContents) contents = NULL;
        g_assert_true(
            g_file_set_contents(fixture->path, "not a database, not at all, no", -1, NULL));
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        g_assert_nonnull(strstr(contents->warning, ".damaged-"));
        g_assert_cmpuint(contents->omens->len, ==, 0);
        state_fixture_put_all(db);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_assert_cmpuint(count_files(fixture, ".damaged-"), ==, 3);
}

/* Broken in the middle, header intact. */
static void
test_inner_damage(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        omen_state_db_put_stream(db, state_fixture_new_stream("guest:u1", 77, 200000));
        g_assert_true(omen_state_db_close(db, 5000));
    }
    g_clear_pointer(&contents, omen_state_contents_free);
    FILE *file = fopen(fixture->path, "r+b");
    g_autofree char *rubbish = g_strnfill(8192, 'z');
    fseek(file, 4096, SEEK_SET);
    fwrite(rubbish, 1, 8192, file);
    fclose(file);

    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
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
test_newer(StateFixture *fixture, gconstpointer data)
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
test_migration(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(GError) error = NULL;
    gint64 version = 0;

    g_assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        state_fixture_put_all(db);
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
test_part_of(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(OmenStateDb) db = state_fixture_open(fixture->path, &contents);
    g_autoptr(OmenData) omen = state_fixture_new_omen(7);

    omen_state_db_put_omen(db, omen);
    omen->part_of = 1;
    g_assert_true(omen_state_db_flush(db, 5000));
    omen_state_db_put_omen(db, omen);
    g_assert_true(omen_state_db_close(db, 5000));
    g_clear_object(&db);
    g_clear_pointer(&contents, omen_state_contents_free);
    db = state_fixture_open(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 0);
}

static void
test_migration_of_hold(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        state_fixture_put_all(db);
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
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 1);
    const OmenData *got = g_ptr_array_index(contents->omens, 0);
    g_assert_cmpint(got->hold, ==, OMEN_HOLD_WAITING);
}

static void
test_unknown_words(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(OmenStateContents) contents = NULL;
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
        state_fixture_put_all(db);
        g_assert_true(omen_state_db_close(db, 5000));
    }
    run_sql(fixture->path, "UPDATE omens SET class = 'gremlins'");
    g_clear_pointer(&contents, omen_state_contents_free);
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 0);
    g_assert_cmpuint(contents->evacuations->len, ==, 1);
    g_assert_nonnull(strstr(contents->warning, "1 rows"));
}

static void
test_no_directory(StateFixture *fixture, gconstpointer data)
{
    OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_null(omen_state_db_open("/dev/null/state/state.db", &config, &contents, &error));
    g_assert_error(error, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "/dev/null/state"));

    g_autofree char *deep = g_build_filename(fixture->directory, "a", "b", "state.db", NULL);
    {
        g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(deep, &contents);
        g_assert_nonnull(db);
    }
    g_autofree char *remove = g_strdup_printf("rm -r '%s/a'", fixture->directory);
    g_assert_cmpint(system(remove), ==, 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

static void
test_prune(StateFixture *fixture, gconstpointer data)
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
            g_autoptr(OmenData) omen = state_fixture_new_omen(id);
            g_autoptr(OmenEvacuationData) evacuation = state_fixture_new_evacuation(
                id, id == 2 ? OMEN_PHASE_RECONCILING : OMEN_PHASE_FAILED);
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
    g_autoptr(OmenStateDb) db G_GNUC_UNUSED = state_fixture_open(fixture->path, &contents);
    g_assert_cmpuint(contents->omens->len, ==, 6);
    g_assert_cmpuint(contents->evacuations->len, ==, 11);
    g_assert_cmpuint(((OmenEvacuationData *) g_ptr_array_index(contents->evacuations, 0))->id, ==,
                     2);
}

static void
test_wrong_clock_does_not_empty(StateFixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenStore) store =
        omen_store_new(omen_state_schema_open(fixture->path, NULL, &error));
    const OmenStoreLimits limits = {.max_rows = 10, .max_age_us = 1000};
    gint64 left = 0;

    g_assert_no_error(error);
    for (guint64 id = 1; id <= 3; id++) {
        g_autoptr(OmenData) omen = state_fixture_new_omen(id);
        g_assert_true(omen_store_put_omen(store, omen, &error));
    }
    g_assert_true(omen_store_prune(store, &limits, G_MAXINT64, &error));
    g_autoptr(sqlite3) raw = NULL;
    g_assert_cmpint(sqlite3_open(fixture->path, &raw), ==, SQLITE_OK);
    g_assert_true(omen_sql_get_int64(raw, "SELECT count(*) FROM omens", &left, &error));
    g_assert_cmpint(left, ==, 3);
}

static void
ignore_log(const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
    g_test_message("%s", message);
}

#define ADD(name, function)                                                                        \
    g_test_add(name, StateFixture, NULL, state_fixture_set_up, function, state_fixture_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal((GLogLevelFlags) (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK));
    g_log_set_handler("virt-omen-state", G_LOG_LEVEL_MASK, ignore_log, NULL);
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
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state-fixture.h"

#include <glib/gstdio.h>

void
state_fixture_set_up(StateFixture *fixture, gconstpointer data)
{
    fixture->directory = g_dir_make_tmp("virt-omen-state-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "state.db", NULL);
}

void
state_fixture_tear_down(StateFixture *fixture, gconstpointer data)
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

OmenStateDb *
state_fixture_open(const char *path, OmenStateContents **contents)
{
    g_autoptr(GError) error = NULL;
    OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;

    config.retry_ms = 20;
    OmenStateDb *db = omen_state_db_open(path, &config, contents, &error);
    g_assert_no_error(error);
    return db;
}

void
state_fixture_set_text(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

OmenEvacuationData *
state_fixture_new_evacuation(guint64 id, OmenPhase phase)
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
    state_fixture_set_text(&data->domain_uuid, "u1");
    state_fixture_set_text(&data->domain_name, "g1");
    state_fixture_set_text(&data->destination, "beta");
    state_fixture_set_text(&data->destination_uri, "qemu+tcp://beta/system");
    state_fixture_set_text(&data->error, "it's \"so\"");
    return data;
}

OmenData *
state_fixture_new_omen(guint64 id)
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
    state_fixture_set_text(&data->judges, "embedded: disk with probability 0.9");
    data->origin = OMEN_ORIGIN_SYSTEM;
    state_fixture_set_text(&data->writer, "smartd");
    data->is_proven = TRUE;
    data->fate = OMEN_FATE_REPAIRED;
    data->fate_us = 77;
    data->hold = OMEN_HOLD_WAITING;
    data->action = OMEN_ACTION_PROPOSED;
    state_fixture_set_text(&data->stream, "host");
    state_fixture_set_text(&data->device, "md0");
    state_fixture_set_text(&data->domain_uuid, "u1");
    state_fixture_set_text(&data->domain_name, "g1");
    state_fixture_set_text(&data->reason, "RAID array degraded");
    state_fixture_set_text(&data->outcome, "none yet");
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

OmenStreamRow *
state_fixture_new_stream(const char *name, gint64 saved_us, guint size)
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
    state_fixture_set_text(&row->stream, "host");
    state_fixture_set_text(&row->template_text, "disk <*> is gone");
    state_fixture_set_text(&row->judge, "embedded");
    state_fixture_set_text(&row->word, "dismissed");
    return row;
}

void
state_fixture_put_all(OmenStateDb *db)
{
    g_autoptr(OmenData) omen = state_fixture_new_omen(5);
    g_autoptr(OmenEvacuationData) evacuation = state_fixture_new_evacuation(3, OMEN_PHASE_RUNNING);

    omen_state_db_put_stream(db, state_fixture_new_stream("guest:u1", 77, 100));
    omen_state_db_put_omen(db, omen);
    omen_state_db_put_verdict(db, new_verdict(8, 10));
    omen_state_db_put_evacuation(db, evacuation);
    omen_state_db_put_setting(db, "mode", "enforce");
}

static void
check_omen(const OmenData *got)
{
    g_autoptr(OmenData) want = state_fixture_new_omen(5);

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

void
state_fixture_check_all(const OmenStateContents *contents)
{
    g_assert_null(contents->warning);
    g_assert_cmpuint(contents->streams->len, ==, 1);
    const OmenStreamRow *stream = g_ptr_array_index(contents->streams, 0);
    g_autoptr(OmenStreamRow) want = state_fixture_new_stream("guest:u1", 77, 100);
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

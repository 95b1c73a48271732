/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replay-memory.h"

#include "state/state-db.h"

#include <gio/gio.h>

#define STREAM   "host" /* as the daemon names it */
#define FLUSH_MS 30000

struct _ReplayMemory {
    char *path;
    OmenStateDb *db;
    OmenStreamRow *row; /* what is kept of the stream */
};

static OmenStreamRow *
find_row(OmenStateContents *contents)
{
    for (guint i = 0; i < contents->streams->len; i++) {
        const OmenStreamRow *row = g_ptr_array_index(contents->streams, i);
        if (g_str_equal(row->name, STREAM))
            return g_ptr_array_steal_index(contents->streams, i);
    }
    return omen_stream_row_new(STREAM, OMEN_PROVENANCE_HOST);
}

ReplayMemory *
replay_memory_open(const char *path, GError **error)
{
    const OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;
    g_autoptr(OmenStateContents) contents = NULL;
    g_autoptr(ReplayMemory) self = g_new0(ReplayMemory, 1);

    self->path = g_strdup(path);
    self->db = omen_state_db_open(path, &config, &contents, error);
    if (!self->db)
        return NULL;
    if (omen_state_db_get_problem(self->db)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES, "%s cannot be written: %s", path,
                    omen_state_db_get_problem(self->db));
        return NULL;
    }
    if (contents->warning)
        g_printerr("virt-omen replay: %s\n", contents->warning);
    self->row = find_row(contents);
    return g_steal_pointer(&self);
}

void
replay_memory_free(ReplayMemory *self)
{
    if (!self)
        return;
    if (self->db)
        omen_state_db_close(self->db, FLUSH_MS);
    g_clear_object(&self->db);
    g_clear_pointer(&self->row, omen_stream_row_free);
    g_free(self->path);
    g_free(self);
}

OmenDetector *
replay_memory_take_up(const ReplayMemory *self,
                      const OmenDetectorConfig *config,
                      OmenJudge *judge,
                      GError **error)
{
    OmenDetector *detector;

    if (!self || !self->row->engine)
        return omen_detector_new(config, OMEN_PROVENANCE_HOST, judge, error);
    detector = omen_detector_restore(config, OMEN_PROVENANCE_HOST, judge, self->row->engine, error);
    if (!detector)
        g_prefix_error(
            error, "%s does not fit these settings; name another file, or delete it: ", self->path);
    return detector;
}

gboolean
replay_memory_keep(ReplayMemory *self, const OmenDetector *detector, GError **error)
{
    OmenStreamRow *row;
    GHashTableIter iter;
    gpointer source;
    gpointer bookmark;

    if (!self)
        return TRUE;
    g_clear_pointer(&self->row->engine, g_variant_unref);
    self->row->engine = g_variant_ref_sink(omen_detector_save(detector));
    row = omen_stream_row_new(STREAM, OMEN_PROVENANCE_HOST);
    row->saved_us = g_get_real_time();
    row->engine = g_variant_ref(self->row->engine);
    g_hash_table_iter_init(&iter, self->row->bookmarks);
    while (g_hash_table_iter_next(&iter, &source, &bookmark))
        g_hash_table_replace(row->bookmarks, g_strdup(source), g_strdup(bookmark));
    omen_state_db_put_stream(self->db, row);
    if (omen_state_db_flush(self->db, FLUSH_MS))
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "cannot write %s: %s", self->path,
                omen_state_db_get_problem(self->db) ? omen_state_db_get_problem(self->db)
                                                    : "it took too long");
    return FALSE;
}

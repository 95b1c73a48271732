/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon keeps over a restart, and takes up again. */
#include "daemon-private.h"
#include "response/outcome.h"

#define CLOSE_LIMIT_MS 5000
#define MODE_SETTING   "mode"
#define SINCE_SETTING  "since_us"
#define ALIVE_SETTING  "alive" /* "BOOT TIME", of the running daemon; "" once it ended in order */
#define BOOT_ID_FILE   "/proc/sys/kernel/random/boot_id"

/* An operator may have chosen a lower mode, which is not known now. */
static void
be_careful(OmenDaemon *self)
{
    if (self->configuration->mode != OMEN_MODE_ENFORCE)
        return;
    g_warning(
        "the mode is advise: the mode that an operator may have set cannot be read, so enforce is not used");
    self->configuration->mode = OMEN_MODE_ADVISE;
}

gboolean
omen_daemon_open_state(OmenDaemon *self, GError **error)
{
    OmenStateDbConfig config = OMEN_STATE_DB_CONFIG_INIT;
    g_autofree char *path = g_build_filename(self->configuration->state_dir, "state.db", NULL);
    g_autoptr(GError) local = NULL;

    g_mkdir_with_parents(self->configuration->state_dir, 0700);
    self->state = omen_state_db_open(path, &config, &self->contents, &local);
    if (!self->state && g_error_matches(local, OMEN_STATE_ERROR, OMEN_STATE_ERROR_NEWER)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (!self->state) {
        self->state_problem = g_strdup_printf(
            "%s; what is learnt from now on is lost at the next restart", local->message);
        g_warning("%s", self->state_problem);
        be_careful(self);
        self->state = omen_state_db_open(":memory:", &config, &self->contents, error);
    }
    if (self->contents && self->contents->warning)
        g_warning("%s", self->contents->warning);
    return self->state != NULL;
}

static void
on_omen(OmenRegistry *omens G_GNUC_UNUSED, Omen *omen, gpointer user_data)
{
    omen_state_db_put_omen(OMEN_DAEMON(user_data)->state, omen_get_data(omen));
}

static void
on_evacuation_changed(OmenEvacuation *evacuation, gpointer user_data)
{
    omen_state_db_put_evacuation(OMEN_DAEMON(user_data)->state,
                                 omen_evacuation_get_data(evacuation));
}

static void
on_evacuation_added(OmenEvacuator *evacuator G_GNUC_UNUSED,
                    OmenEvacuation *evacuation,
                    gpointer user_data)
{
    on_evacuation_changed(evacuation, user_data);
    g_signal_connect_object(evacuation, "changed", G_CALLBACK(on_evacuation_changed), user_data, 0);
}

static GVariant *
pack_stream(const OmenStreamRow *row)
{
    GVariantBuilder builder;
    GVariantBuilder bookmarks;
    GHashTableIter iter;
    gpointer source;
    gpointer bookmark;

    g_variant_builder_init(&bookmarks, G_VARIANT_TYPE("a{ss}"));
    g_hash_table_iter_init(&iter, row->bookmarks);
    while (g_hash_table_iter_next(&iter, &source, &bookmark))
        g_variant_builder_add(&bookmarks, "{ss}", source, bookmark);
    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    if (row->engine)
        g_variant_builder_add(&builder, "{sv}", "detector", row->engine);
    g_variant_builder_add(&builder, "{sv}", "bookmarks", g_variant_builder_end(&bookmarks));
    return g_variant_builder_end(&builder);
}

static OmenStreamRow *
unpack_stream(const char *name, GVariant *state)
{
    OmenStreamRow *row = omen_stream_row_new(name, omen_stream_name_get_provenance(name));
    g_autoptr(GVariant) bookmarks =
        g_variant_lookup_value(state, "bookmarks", G_VARIANT_TYPE("a{ss}"));
    GVariantIter iter;
    char *source;
    char *bookmark;

    row->saved_us = g_get_real_time();
    row->engine = g_variant_lookup_value(state, "detector", NULL);
    g_variant_iter_init(&iter, bookmarks);
    while (g_variant_iter_next(&iter, "{ss}", &source, &bookmark))
        g_hash_table_replace(row->bookmarks, source, bookmark);
    return row;
}

void
omen_daemon_keep_stream(OmenDaemon *self, const char *stream_name, GVariant *state)
{
    omen_state_db_put_stream(self->state, unpack_stream(stream_name, state));
}

void
omen_daemon_save_streams(OmenDaemon *self, OmenSaving saving)
{
    gboolean all = saving == OMEN_SAVING_ALL || omen_state_db_may_put_streams(self->state);
    g_autoptr(GPtrArray) streams = omen_streams_list(self->streams);

    for (guint i = 0; i < streams->len; i++) {
        OmenStream *stream = g_ptr_array_index(streams, i);
        g_autoptr(GVariant) state =
            all || omen_stream_is_marked(stream) ? omen_stream_save(stream) : NULL;
        if (!state)
            continue;
        g_variant_ref_sink(state);
        omen_daemon_keep_stream(self, omen_stream_get_name(stream), state);
    }
}

/* (transfer full): of this boot, "" where the kernel does not tell. */
static char *
read_boot_id(void)
{
    char *boot_id = NULL;

    if (!g_file_get_contents(BOOT_ID_FILE, &boot_id, NULL, NULL))
        return g_strdup("");
    return g_strstrip(boot_id);
}

/* By this the next life knows whether this host went down without a word, and when. */
static void
keep_alive(OmenDaemon *self)
{
    g_autofree char *value =
        g_strdup_printf("%s %" G_GINT64_FORMAT, self->boot_id, g_get_real_time());

    omen_state_db_put_setting(self->state, ALIVE_SETTING, value);
}

static void
take_up_crash(OmenDaemon *self)
{
    const char *alive = g_hash_table_lookup(self->contents->settings, ALIVE_SETTING);
    g_auto(GStrv) words = g_strsplit(alive ? alive : "", " ", 2);
    guint64 time_us;

    if (g_strv_length(words) == 2 && *words[0] && *self->boot_id &&
        !g_str_equal(words[0], self->boot_id) &&
        g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXINT64, &time_us, NULL))
        omen_outcome_take_crash(self->omens, (gint64) time_us);
}

static gboolean
on_save(gpointer user_data)
{
    omen_daemon_save_streams(user_data, OMEN_SAVING_DUE);
    keep_alive(user_data);
    omen_daemon_keep_llm(user_data);
    return G_SOURCE_CONTINUE;
}

static void
take_up_mode(OmenDaemon *self)
{
    const char *mode = g_hash_table_lookup(self->contents->settings, MODE_SETTING);
    OmenMode chosen;

    /* "MODE CONFIGURED": chosen while the configuration said CONFIGURED; a changed file wins. */
    if (!mode)
        return;
    g_auto(GStrv) words = g_strsplit(mode, " ", 2);
    if (g_strv_length(words) == 2 &&
        g_str_equal(words[1], omen_mode_to_string(self->configuration->mode)) &&
        omen_mode_from_string(words[0], &chosen))
        self->configuration->mode = chosen;
}

void
omen_daemon_keep_mode(OmenDaemon *self)
{
    g_autofree char *value =
        g_strdup_printf("%s %s", omen_mode_to_string(omen_responder_get_mode(self->responder)),
                        omen_mode_to_string(self->configuration->mode));

    omen_state_db_put_setting(self->state, MODE_SETTING, value);
}

/* When what is known here began: figures a month need it. */
static void
take_up_since(OmenDaemon *self)
{
    const char *kept =
        self->contents ? g_hash_table_lookup(self->contents->settings, SINCE_SETTING) : NULL;
    gint64 now_us = g_get_real_time();
    g_autofree char *value = NULL;
    guint64 since_us;

    if (kept && g_ascii_string_to_unsigned(kept, 10, 1, (guint64) now_us, &since_us, NULL)) {
        self->since_us = (gint64) since_us;
        return;
    }
    self->since_us = now_us;
    value = g_strdup_printf("%" G_GINT64_FORMAT, now_us);
    omen_state_db_put_setting(self->state, SINCE_SETTING, value);
}

void
omen_daemon_take_up_state(OmenDaemon *self)
{
    OmenStateContents *contents = self->contents;

    take_up_since(self);

    /* From here on what changes is written. */
    g_signal_connect(self->omens, "added", G_CALLBACK(on_omen), self);
    g_signal_connect(self->omens, "changed", G_CALLBACK(on_omen), self);
    g_signal_connect(self->evacuator, "added", G_CALLBACK(on_evacuation_added), self);
    self->save_source = g_timeout_add_seconds(self->configuration->save_interval_s, on_save, self);
    self->boot_id = read_boot_id();
    keep_alive(self);
    if (!contents)
        return;

    take_up_mode(self);
    omen_daemon_take_up_drain(self,
                              g_hash_table_lookup(contents->settings, OMEN_DAEMON_DRAIN_SETTING));
    for (guint i = 0; i < contents->streams->len; i++) {
        const OmenStreamRow *row = g_ptr_array_index(contents->streams, i);
        omen_streams_restore(self->streams, row->name, pack_stream(row));
    }
    for (guint i = 0; i < contents->omens->len; i++)
        omen_registry_restore(self->omens, omen_data_copy(g_ptr_array_index(contents->omens, i)));
    for (guint i = 0; i < contents->evacuations->len; i++) {
        const OmenEvacuationData *kept = g_ptr_array_index(contents->evacuations, i);
        OmenEvacuationRequest request =
            omen_responder_describe_request(self->responder, kept->omen_id);
        omen_evacuator_restore(self->evacuator, omen_evacuation_data_copy(kept), &request);
    }
    take_up_crash(self);
    g_clear_pointer(&self->contents, omen_state_contents_free);
}

void
omen_daemon_keep_evacuation(const OmenEvacuationData *data,
                            GAsyncReadyCallback callback,
                            gpointer callback_data,
                            gpointer user_data)
{
    omen_state_db_put_evacuation_async(user_data, data, callback, callback_data);
}

void
omen_daemon_close_state(OmenDaemon *self)
{
    omen_state_db_put_setting(self->state, ALIVE_SETTING, "");
    if (!omen_state_db_close(self->state, CLOSE_LIMIT_MS))
        g_warning("not all could be written to state.db in time");
}

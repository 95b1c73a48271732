/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a stream has learnt, by itself or by an operator's word, as an operator lists and edits it.
 */
#include "daemon-private.h"

typedef struct {
    GPtrArray *rows; /* OmenNormalRow */
    OmenDetector *detector;
    OmenMiner *miner;
    guint limit;
} Listing;

static void
add_row(const guint32 *keys, guint length, guint64 uses, gpointer user_data)
{
    Listing *listing = user_data;
    g_autoptr(GStrvBuilder) texts = NULL;
    OmenNormalRow *row;

    if (listing->rows->len >= listing->limit)
        return;
    texts = g_strv_builder_new();
    row = g_new0(OmenNormalRow, 1);
    row->templates = g_array_sized_new(FALSE, FALSE, sizeof(guint32), length);
    g_array_append_vals(row->templates, keys, length);
    for (guint i = 0; i < length; i++) {
        g_autofree char *text = omen_miner_dup_template(listing->miner, keys[i]);
        g_strv_builder_add(texts, text ? text : "");
    }
    row->texts = g_strv_builder_end(texts);
    row->uses = uses;
    row->learnt_us = omen_detector_get_learnt_us(listing->detector, keys, length);
    g_ptr_array_add(listing->rows, row);
}

static OmenStream *
find_stream(OmenController *controller, const char *stream_name, GError **error)
{
    OmenStream *stream = omen_streams_lookup(OMEN_DAEMON(controller)->streams, stream_name);

    if (stream)
        return stream;
    g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_FOUND,
                "there is no stream %s; there are \"host\" and \"domain:UUID\"", stream_name);
    return NULL;
}

GPtrArray *
omen_daemon_list_normal(OmenController *controller,
                        const char *stream_name,
                        guint limit,
                        GError **error)
{
    OmenStream *stream = find_stream(controller, stream_name, error);
    Listing listing = {.limit = limit};

    if (!stream)
        return NULL;
    listing.rows = g_ptr_array_new_with_free_func((GDestroyNotify) omen_normal_row_free);
    listing.detector = omen_stream_get_detector(stream);
    listing.miner = omen_detector_get_miner(omen_stream_get_detector(stream));
    omen_profile_foreach(omen_detector_get_profile(omen_stream_get_detector(stream)), add_row,
                         &listing);
    return listing.rows;
}

gboolean
omen_daemon_forget_normal(OmenController *controller,
                          const char *stream_name,
                          const guint32 *templates,
                          guint n_templates,
                          GError **error)
{
    OmenStream *stream = find_stream(controller, stream_name, error);

    if (!stream)
        return FALSE;
    if (omen_detector_forget(omen_stream_get_detector(stream), templates, n_templates)) {
        omen_stream_mark_changed(stream);
        return TRUE;
    }
    g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_FOUND,
                "this subsequence is not among what is normal; virt-omen normal lists it");
    return FALSE;
}

static OmenWordRow *
make_word_row(OmenMiner *miner, const OmenTemplateWord *word)
{
    OmenWordRow *row = g_new0(OmenWordRow, 1);
    char *text = omen_miner_dup_template(miner, word->template_id);

    row->word = *word;
    row->text = text ? text : g_strdup("");
    return row;
}

GPtrArray *
omen_daemon_list_words(OmenController *controller, const char *stream_name, GError **error)
{
    OmenStream *stream = find_stream(controller, stream_name, error);
    g_autoptr(GArray) words = NULL;
    GPtrArray *rows;

    if (!stream)
        return NULL;
    words = omen_detector_list_words(omen_stream_get_detector(stream));
    rows = g_ptr_array_new_with_free_func((GDestroyNotify) omen_word_row_free);
    for (guint i = 0; i < words->len; i++)
        g_ptr_array_add(rows,
                        make_word_row(omen_detector_get_miner(omen_stream_get_detector(stream)),
                                      &g_array_index(words, OmenTemplateWord, i)));
    return rows;
}

gboolean
omen_daemon_forget_word(OmenController *controller,
                        const char *stream_name,
                        guint32 template_id,
                        GError **error)
{
    OmenStream *stream = find_stream(controller, stream_name, error);
    OmenTemplateWord nothing = {.template_id = template_id, .word = OMEN_WORD_NONE};
    g_autoptr(GArray) words = NULL;

    if (!stream)
        return FALSE;
    words = omen_detector_list_words(omen_stream_get_detector(stream));
    for (guint i = 0; i < words->len; i++) {
        if (g_array_index(words, OmenTemplateWord, i).template_id != template_id)
            continue;
        omen_detector_tell(omen_stream_get_detector(stream), &nothing);
        omen_stream_mark_changed(stream);
        return TRUE;
    }
    g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_FOUND,
                "no confirm or dismiss is recorded for template %u; virt-omen normal lists them",
                template_id);
    return FALSE;
}

void
omen_daemon_teach(OmenDaemon *self, const char *stream_name, const OmenTemplateWord *word)
{
    OmenStream *stream = omen_streams_lookup(self->streams, stream_name);
    g_autoptr(GVariant) state = NULL;

    if (stream) {
        omen_detector_tell(omen_stream_get_detector(stream), word);
        omen_stream_mark_changed(stream);
        return;
    }
    state = omen_streams_tell_away(self->streams, stream_name, word);
    if (state)
        omen_daemon_keep_stream(self, stream_name, state);
}

gboolean
omen_daemon_learn_accepted(OmenDaemon *self, const OmenData *omen, GError **error)
{
    OmenStream *stream = find_stream(OMEN_CONTROLLER(self), omen->stream, error);
    OmenAcceptedValue value = {.time_us = g_get_real_time(),
                               .failure_class = omen->failure_class,
                               .scope = omen->scope,
                               .migration_helps = omen->migration_helps,
                               .probability = omen->probability};
    guint n = 0;

    if (!stream)
        return FALSE;
    g_strlcpy(value.device, omen->device, sizeof value.device);
    for (guint i = 0; i < omen->records->len; i++) {
        value.line = g_ptr_array_index(omen->records, i);
        n += omen_detector_accept(omen_stream_get_detector(stream), &value) ? 1 : 0;
    }
    if (n == 0) {
        g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_INVALID,
                    "the lines of omen %" G_GUINT64_FORMAT
                    " report events, not a value that could be accepted; use virt-omen clear "
                    "when the problem is over",
                    omen->id);
        return FALSE;
    }
    omen_stream_mark_changed(stream);
    return TRUE;
}

GPtrArray *
omen_daemon_list_accepted(OmenController *controller, const char *stream_name, GError **error)
{
    OmenStream *stream = find_stream(controller, stream_name, error);

    return stream ? omen_detector_list_accepted(omen_stream_get_detector(stream)) : NULL;
}

gboolean
omen_daemon_forget_accepted(OmenController *controller,
                            const char *stream_name,
                            guint32 number,
                            GError **error)
{
    OmenStream *stream = find_stream(controller, stream_name, error);

    if (!stream)
        return FALSE;
    if (omen_detector_forget_accepted(omen_stream_get_detector(stream), number)) {
        omen_stream_mark_changed(stream);
        return TRUE;
    }
    g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_FOUND,
                "there is no accepted value %u; virt-omen accepted lists them", number);
    return FALSE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/subsequence-store.h"

#include <string.h>

/* Keys beyond these are taken for known: none of a miner's bounded number comes near. */
#define MAX_SEEN      1000000

#define STATE_VERSION 1
#define STATE_TYPE    "(uutauaua(ttau))"

G_DEFINE_QUARK(omen - profile - error - quark, omen_profile_error)

struct _OmenProfile {
    OmenProfileConfig config;
    OmenSubsequenceStore *store;
    GHashTable *seen; /* keys */
    guint64 n_records;
    guint32 current[OMEN_PROFILE_MAX_LENGTH]; /* the latest keys, oldest first */
    guint n_current;
};

OmenProfile *
omen_profile_new(const OmenProfileConfig *config)
{
    OmenProfile *self = g_new0(OmenProfile, 1);

    self->config = *config;
    self->config.length = CLAMP(config->length, 2, OMEN_PROFILE_MAX_LENGTH);
    self->store = omen_subsequence_store_new(config->metric, self->config.length,
                                             MAX(config->max_subsequences, 1));
    self->seen = g_hash_table_new(NULL, NULL);
    return self;
}

void
omen_profile_free(OmenProfile *self)
{
    omen_subsequence_store_free(self->store);
    g_hash_table_unref(self->seen);
    g_free(self);
}

static void
shift_in(OmenProfile *self, guint32 key)
{
    guint length = self->config.length;

    if (self->n_current == length)
        memmove(self->current, self->current + 1, (length - 1) * sizeof *self->current);
    else
        self->n_current++;
    self->current[self->n_current - 1] = key;
}

static gboolean
see(OmenProfile *self, guint32 key)
{
    if (g_hash_table_size(self->seen) >= MAX_SEEN)
        return FALSE;
    return g_hash_table_add(self->seen, GUINT_TO_POINTER(key));
}

static void
score_current(OmenProfile *self, OmenScore *score)
{
    OmenSubsequence *nearest =
        omen_subsequence_store_find_nearest(self->store, self->current, &score->distance);

    if (nearest) {
        score->has_nearest = TRUE;
        memcpy(score->nearest, nearest->keys, sizeof score->nearest);
        if (score->distance < self->config.similarity)
            omen_subsequence_store_use(self->store, nearest);
    }
    score->anomalous = score->distance >= self->config.threshold;
}

void
omen_profile_push(OmenProfile *self, guint32 key, OmenScore *score)
{
    memset(score, 0, sizeof *score);
    score->novel = see(self, key);
    score->training = omen_profile_is_training(self);
    self->n_records++;
    shift_in(self, key);
    if (self->n_current < self->config.length)
        return;
    if (score->training)
        omen_subsequence_store_add(self->store, self->current);
    else
        score_current(self, score);
}

void
omen_profile_learn(OmenProfile *self)
{
    if (self->n_current == self->config.length)
        omen_subsequence_store_add(self->store, self->current);
}

guint
omen_profile_get_current(const OmenProfile *self, guint32 keys[OMEN_PROFILE_MAX_LENGTH])
{
    memcpy(keys, self->current, self->n_current * sizeof *keys);
    return self->n_current;
}

gboolean
omen_profile_is_training(const OmenProfile *self)
{
    return self->n_records < self->config.training;
}

guint64
omen_profile_get_n_records(const OmenProfile *self)
{
    return self->n_records;
}

guint
omen_profile_get_n_subsequences(const OmenProfile *self)
{
    return omen_subsequence_store_get_size(self->store);
}

void
omen_profile_foreach(const OmenProfile *self, OmenProfileFunc function, gpointer user_data)
{
    g_autoptr(GPtrArray) rows = omen_subsequence_store_list(self->store);

    for (guint i = 0; i < rows->len; i++) {
        const OmenSubsequence *row = g_ptr_array_index(rows, i);
        function(row->keys, self->config.length, row->uses, user_data);
    }
}

gboolean
omen_profile_forget(OmenProfile *self, const guint32 *keys, guint length)
{
    return length == self->config.length && omen_subsequence_store_remove(self->store, keys);
}

static GVariant *
pack(const guint32 *keys, gsize n)
{
    return g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, keys, n, sizeof *keys);
}

static GVariant *
pack_seen(const OmenProfile *self)
{
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(guint32));
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, self->seen);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        guint32 value = GPOINTER_TO_UINT(key);
        g_array_append_val(keys, value);
    }
    return pack((const guint32 *) (gconstpointer) keys->data, keys->len);
}

GVariant *
omen_profile_save(const OmenProfile *self)
{
    g_autoptr(GPtrArray) rows = omen_subsequence_store_list(self->store);
    GVariantBuilder store;

    g_variant_builder_init(&store, G_VARIANT_TYPE("a(ttau)"));
    for (guint i = 0; i < rows->len; i++) {
        const OmenSubsequence *row = g_ptr_array_index(rows, i);
        g_variant_builder_add(&store, "(tt@au)", row->uses, row->last_use,
                              pack(row->keys, self->config.length));
    }
    return g_variant_new("(uut@au@aua(ttau))", STATE_VERSION, self->config.length, self->n_records,
                         pack(self->current, self->n_current), pack_seen(self), &store);
}

static const guint32 *
unpack(GVariant *array, gsize *n)
{
    return g_variant_get_fixed_array(array, n, sizeof(guint32));
}

static gboolean
restore_rows(OmenProfile *self, GVariant *store)
{
    GVariantIter iter;
    GVariant *packed;
    OmenSubsequence row = {0};

    g_variant_iter_init(&iter, store);
    while (g_variant_iter_next(&iter, "(tt@au)", &row.uses, &row.last_use, &packed)) {
        g_autoptr(GVariant) keys = packed;
        gsize n;
        const guint32 *values = unpack(keys, &n);
        if (n != self->config.length)
            return FALSE;
        memcpy(row.keys, values, n * sizeof *values);
        omen_subsequence_store_restore(self->store, &row);
    }
    return TRUE;
}

OmenProfile *
omen_profile_restore(const OmenProfileConfig *config, GVariant *state, GError **error)
{
    g_autoptr(OmenProfile) self = omen_profile_new(config);
    g_autoptr(GVariant) current = NULL;
    g_autoptr(GVariant) seen = NULL;
    g_autoptr(GVariant) store = NULL;
    guint32 version = 0;
    guint32 length = 0;
    const guint32 *keys;
    gsize n = G_MAXSIZE;

    if (g_variant_is_of_type(state, G_VARIANT_TYPE(STATE_TYPE)) && g_variant_is_normal_form(state))
        g_variant_get(state, "(uut@au@au@a(ttau))", &version, &length, &self->n_records, &current,
                      &seen, &store);
    keys = version == STATE_VERSION ? unpack(current, &n) : NULL;
    if (length != self->config.length || n > length || !restore_rows(self, store)) {
        g_set_error(error, OMEN_PROFILE_ERROR, OMEN_PROFILE_ERROR_BAD_STATE,
                    "the saved subsequences are damaged, or of another version or length");
        return NULL;
    }
    if (n > 0)
        memcpy(self->current, keys, n * sizeof *keys);
    self->n_current = (guint) n;
    keys = unpack(seen, &n);
    for (gsize i = 0; i < n; i++)
        see(self, keys[i]);
    return g_steal_pointer(&self);
}

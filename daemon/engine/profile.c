/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/subsequence-store.h"

#include <string.h>

#define STATE_VERSION 2
#define STATE_TYPE    "(uutauauauat)"

G_DEFINE_QUARK(omen - profile - error - quark, omen_profile_error)

struct _OmenProfile {
    OmenProfileConfig config;
    OmenSubsequenceStore *store;
    guint64 n_records;
    guint32 recent[OMEN_PROFILE_MAX_LENGTH]; /* the latest keys, oldest first */
    guint n_recent;
    const OmenSubsequence *nearest; /* (nullable): of the last push; of the store */
};

OmenProfile *
omen_profile_new(const OmenProfileConfig *config)
{
    OmenProfile *self = g_new0(OmenProfile, 1);

    self->config = *config;
    self->config.length = CLAMP(config->length, 2, OMEN_PROFILE_MAX_LENGTH);
    self->store = omen_subsequence_store_new(config->metric, self->config.length,
                                             MAX(config->max_subsequences, 1));
    return self;
}

void
omen_profile_free(OmenProfile *self)
{
    omen_subsequence_store_free(self->store);
    g_free(self);
}

static void
shift_in(OmenProfile *self, guint32 key)
{
    if (self->n_recent == OMEN_PROFILE_MAX_LENGTH)
        memmove(self->recent, self->recent + 1,
                (OMEN_PROFILE_MAX_LENGTH - 1) * sizeof *self->recent);
    else
        self->n_recent++;
    self->recent[self->n_recent - 1] = key;
}

/* The latest subsequence, once there are so many. */
static const guint32 *
get_current(const OmenProfile *self)
{
    return self->recent + self->n_recent - self->config.length;
}

/* That row was met again. One of several that hold the same step is not: which of them is told
 * depends on the order in which they came. */
static gboolean
is_met(const OmenProfile *self, const OmenSubsequence *row, double distance)
{
    if (self->config.metric == OMEN_METRIC_PAPER)
        return distance < self->config.similarity;
    return memcmp(row->keys, get_current(self), self->config.length * sizeof *row->keys) == 0;
}

static void
score_current(OmenProfile *self, OmenScore *score)
{
    OmenSubsequence *nearest = omen_subsequence_store_find_nearest(
        self->store, self->recent, self->n_recent, &score->distance);

    self->nearest = nearest;
    if (nearest && is_met(self, nearest, score->distance))
        omen_subsequence_store_use(self->store, nearest);
    score->anomalous = score->distance >= self->config.threshold;
}

void
omen_profile_push(OmenProfile *self, guint32 key, OmenScore *score)
{
    memset(score, 0, sizeof *score);
    score->training = omen_profile_is_training(self);
    self->nearest = NULL;
    self->n_records++;
    shift_in(self, key);
    if (self->n_recent < self->config.length)
        return;
    if (score->training)
        omen_subsequence_store_add(self->store, get_current(self));
    else
        score_current(self, score);
}

guint
omen_profile_get_nearest(const OmenProfile *self, guint32 keys[OMEN_PROFILE_MAX_LENGTH])
{
    if (!self->nearest)
        return 0;
    memcpy(keys, self->nearest->keys, self->config.length * sizeof *keys);
    return self->config.length;
}

void
omen_profile_learn(OmenProfile *self)
{
    self->nearest = NULL;
    if (self->n_recent >= self->config.length)
        omen_subsequence_store_add(self->store, get_current(self));
}

guint
omen_profile_get_current(const OmenProfile *self, guint32 keys[OMEN_PROFILE_MAX_LENGTH])
{
    guint n = MIN(self->n_recent, self->config.length);

    memcpy(keys, self->recent + self->n_recent - n, n * sizeof *keys);
    return n;
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
    self->nearest = NULL;
    return length == self->config.length && omen_subsequence_store_remove(self->store, keys);
}

static GVariant *
pack(const guint32 *keys, gsize n)
{
    return g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, keys, n, sizeof *keys);
}

/* The store as columns: its keys, row by row, and how each row was used. */
static void
pack_store(const OmenProfile *self, GVariant **keys, GVariant **uses, GVariant **last_uses)
{
    g_autoptr(GPtrArray) rows = omen_subsequence_store_list(self->store);
    gsize length = self->config.length;
    g_autofree guint32 *all_keys = g_new(guint32, rows->len * length + 1);
    g_autofree guint32 *all_uses = g_new(guint32, (gsize) rows->len + 1);
    g_autofree guint64 *all_last_uses = g_new(guint64, (gsize) rows->len + 1);

    for (guint i = 0; i < rows->len; i++) {
        const OmenSubsequence *row = g_ptr_array_index(rows, i);
        memcpy(all_keys + i * length, row->keys, length * sizeof *all_keys);
        all_uses[i] = row->uses;
        all_last_uses[i] = row->last_use;
    }
    *keys = pack(all_keys, rows->len * length);
    *uses = pack(all_uses, rows->len);
    *last_uses = g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, all_last_uses, rows->len,
                                           sizeof *all_last_uses);
}

GVariant *
omen_profile_save(const OmenProfile *self)
{
    GVariant *keys;
    GVariant *uses;
    GVariant *last_uses;

    pack_store(self, &keys, &uses, &last_uses);
    return g_variant_new("(uut@au@au@au@at)", STATE_VERSION, self->config.length, self->n_records,
                         pack(self->recent, self->n_recent), keys, uses, last_uses);
}

static const guint32 *
unpack(GVariant *array, gsize *n)
{
    return g_variant_get_fixed_array(array, n, sizeof(guint32));
}

static gboolean
restore_rows(OmenProfile *self, GVariant *keys, GVariant *uses, GVariant *last_uses)
{
    gsize length = self->config.length;
    gsize n_keys;
    gsize n_uses;
    gsize n;
    const guint32 *all_keys = unpack(keys, &n_keys);
    const guint32 *all_uses = unpack(uses, &n_uses);
    const guint64 *all_last_uses = g_variant_get_fixed_array(last_uses, &n, sizeof(guint64));

    if (n_keys != n * length || n_uses != n)
        return FALSE;
    for (gsize i = 0; i < n; i++)
        omen_subsequence_store_restore(self->store, all_keys + i * length, all_uses[i],
                                       all_last_uses[i]);
    return TRUE;
}

OmenProfile *
omen_profile_restore(const OmenProfileConfig *config, GVariant *state, GError **error)
{
    g_autoptr(OmenProfile) self = omen_profile_new(config);
    g_autoptr(GVariant) current = NULL;
    g_autoptr(GVariant) keys = NULL;
    g_autoptr(GVariant) uses = NULL;
    g_autoptr(GVariant) last_uses = NULL;
    guint32 version = 0;
    guint32 length = 0;
    const guint32 *keys_of_current;
    gsize n;

    if (g_variant_is_of_type(state, G_VARIANT_TYPE(STATE_TYPE)) && g_variant_is_normal_form(state))
        g_variant_get(state, "(uut@au@au@au@at)", &version, &length, &self->n_records, &current,
                      &keys, &uses, &last_uses);
    if (version != STATE_VERSION || length != self->config.length ||
        g_variant_n_children(current) > OMEN_PROFILE_MAX_LENGTH ||
        !restore_rows(self, keys, uses, last_uses)) {
        g_set_error(error, OMEN_PROFILE_ERROR, OMEN_PROFILE_ERROR_BAD_STATE,
                    "the saved subsequences are damaged, or of another version or length");
        return NULL;
    }
    keys_of_current = unpack(current, &n);
    if (n > 0)
        memcpy(self->recent, keys_of_current, n * sizeof *keys_of_current);
    self->n_recent = (guint) n;
    return g_steal_pointer(&self);
}

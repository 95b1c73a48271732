/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/subsequence-store.h"

#include <string.h>

struct _OmenSubsequenceStore {
    OmenMetric metric;
    guint length;
    guint max_subsequences;
    GPtrArray *rows;   /* OmenSubsequence, owned */
    GHashTable *index; /* the same, by their keys */
    guint64 n_uses;
};

/* The hash table's keys are the subsequences themselves, padded with zeros. */
static guint
hash_keys(gconstpointer data)
{
    const OmenSubsequence *row = data;
    guint hash = 2166136261u;

    for (guint i = 0; i < OMEN_PROFILE_MAX_LENGTH; i++)
        hash = (hash ^ row->keys[i]) * 16777619u;
    return hash;
}

static gboolean
equal_keys(gconstpointer a, gconstpointer b)
{
    return memcmp(((const OmenSubsequence *) a)->keys, ((const OmenSubsequence *) b)->keys,
                  sizeof((const OmenSubsequence *) a)->keys) == 0;
}

OmenSubsequenceStore *
omen_subsequence_store_new(OmenMetric metric, guint length, guint max_subsequences)
{
    OmenSubsequenceStore *self = g_new0(OmenSubsequenceStore, 1);

    self->metric = metric;
    self->length = length;
    self->max_subsequences = max_subsequences;
    self->rows = g_ptr_array_new_with_free_func(g_free);
    self->index = g_hash_table_new(hash_keys, equal_keys);
    return self;
}

void
omen_subsequence_store_free(OmenSubsequenceStore *self)
{
    g_hash_table_unref(self->index);
    g_ptr_array_unref(self->rows);
    g_free(self);
}

static OmenSubsequence
make_key(const OmenSubsequenceStore *self, const guint32 *keys)
{
    OmenSubsequence key = {0};

    memcpy(key.keys, keys, self->length * sizeof *keys);
    return key;
}

static void
drop(OmenSubsequenceStore *self, guint place)
{
    g_hash_table_remove(self->index, g_ptr_array_index(self->rows, place));
    g_ptr_array_remove_index_fast(self->rows, place);
}

static gboolean
is_less_used(const OmenSubsequence *a, const OmenSubsequence *b)
{
    return a->uses != b->uses ? a->uses < b->uses : a->last_use < b->last_use;
}

static void
make_room(OmenSubsequenceStore *self)
{
    while (self->rows->len >= self->max_subsequences) {
        guint least = 0;
        for (guint i = 1; i < self->rows->len; i++) {
            if (is_less_used(g_ptr_array_index(self->rows, i),
                             g_ptr_array_index(self->rows, least)))
                least = i;
        }
        drop(self, least);
    }
}

void
omen_subsequence_store_restore(OmenSubsequenceStore *self, const OmenSubsequence *subsequence)
{
    OmenSubsequence *row;

    if (g_hash_table_contains(self->index, subsequence))
        return;
    make_room(self);
    row = g_memdup2(subsequence, sizeof *subsequence);
    g_ptr_array_add(self->rows, row);
    g_hash_table_add(self->index, row);
    self->n_uses = MAX(self->n_uses, row->last_use);
}

void
omen_subsequence_store_add(OmenSubsequenceStore *self, const guint32 *keys)
{
    OmenSubsequence row = make_key(self, keys);

    row.uses = 1;
    row.last_use = ++self->n_uses;
    omen_subsequence_store_restore(self, &row);
}

gboolean
omen_subsequence_store_remove(OmenSubsequenceStore *self, const guint32 *keys)
{
    OmenSubsequence key = make_key(self, keys);
    guint place;

    if (!g_ptr_array_find_with_equal_func(self->rows, &key, equal_keys, &place))
        return FALSE;
    drop(self, place);
    return TRUE;
}

/* Template numbers are names: a place is the same or it is not. */
static double
measure_mismatch(const OmenSubsequenceStore *self, const guint32 *row, const guint32 *keys)
{
    guint different = 0;

    for (guint i = 0; i < self->length; i++)
        different += row[i] != keys[i] ? 1 : 0;
    return (double) different / self->length;
}

/* The paper's: differences of numbers, relative to the stored ones, at most 1. */
static double
measure_paper(const OmenSubsequenceStore *self, const guint32 *row, const guint32 *keys)
{
    gint64 difference = 0;
    gint64 sum = 0;

    for (guint i = 0; i < self->length; i++) {
        difference += ABS((gint64) row[i] - (gint64) keys[i]);
        sum += row[i];
    }
    return difference >= sum ? 1.0 : (double) difference / (double) sum;
}

OmenSubsequence *
omen_subsequence_store_find_nearest(OmenSubsequenceStore *self,
                                    const guint32 *keys,
                                    double *distance)
{
    OmenSubsequence key = make_key(self, keys);
    OmenSubsequence *best = g_hash_table_lookup(self->index, &key);

    *distance = best ? 0.0 : 1.0;
    if (best)
        return best;
    for (guint i = 0; i < self->rows->len; i++) {
        OmenSubsequence *row = g_ptr_array_index(self->rows, i);
        double measured = self->metric == OMEN_METRIC_PAPER
                              ? measure_paper(self, row->keys, keys)
                              : measure_mismatch(self, row->keys, keys);
        if (!best || measured < *distance) {
            best = row;
            *distance = measured;
        }
    }
    return best;
}

void
omen_subsequence_store_use(OmenSubsequenceStore *self, OmenSubsequence *subsequence)
{
    subsequence->uses++;
    subsequence->last_use = ++self->n_uses;
}

guint
omen_subsequence_store_get_size(const OmenSubsequenceStore *self)
{
    return self->rows->len;
}

static int
compare_uses(gconstpointer a, gconstpointer b)
{
    const OmenSubsequence *left = *(OmenSubsequence *const *) a;
    const OmenSubsequence *right = *(OmenSubsequence *const *) b;

    if (is_less_used(right, left))
        return -1;
    return is_less_used(left, right) ? 1 : 0;
}

GPtrArray *
omen_subsequence_store_list(const OmenSubsequenceStore *self)
{
    GPtrArray *list = g_ptr_array_sized_new(self->rows->len);

    for (guint i = 0; i < self->rows->len; i++)
        g_ptr_array_add(list, g_ptr_array_index(self->rows, i));
    g_ptr_array_sort(list, compare_uses);
    return list;
}

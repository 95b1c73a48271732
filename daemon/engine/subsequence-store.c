/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/subsequence-store.h"
#include "engine/hash.h"
#include "engine/row-table.h"

/* A full store drops so many at once, so that finding the least used costs little a row. */
#define DROP_SHARE 16

struct _OmenSubsequenceStore {
    OmenMetric metric;
    guint length;
    guint max_subsequences;
    gsize stride; /* bytes a row */
    char *rows;
    guint n_rows; /* places in use or free again */
    guint capacity;
    guint n; /* subsequences */
    GArray *free_rows;
    OmenRowTable table;
    GArray *by_sum; /* guint32: rows, sorted; OMEN_METRIC_PAPER only */
    guint64 n_uses;
};

OmenSubsequenceStore *
omen_subsequence_store_new(OmenMetric metric, guint length, guint max_subsequences)
{
    OmenSubsequenceStore *self = g_new0(OmenSubsequenceStore, 1);

    self->metric = metric;
    self->length = length;
    self->max_subsequences = max_subsequences;
    self->stride = (sizeof(OmenSubsequence) + length * sizeof(guint32) + 7) / 8 * 8;
    self->free_rows = g_array_new(FALSE, FALSE, sizeof(guint32));
    self->by_sum = g_array_new(FALSE, FALSE, sizeof(guint32));
    omen_row_table_init(&self->table);
    return self;
}

void
omen_subsequence_store_free(OmenSubsequenceStore *self)
{
    omen_row_table_clear(&self->table);
    g_array_unref(self->by_sum);
    g_array_unref(self->free_rows);
    g_free(self->rows);
    g_free(self);
}

static inline OmenSubsequence *
row_at(const OmenSubsequenceStore *self, guint32 row)
{
    return (OmenSubsequence *) (gpointer) (self->rows + row * self->stride);
}

/* ---- what is looked up: the hash of the last n keys grows from the end ---- */

static inline guint64
extend(guint64 hash, guint32 key)
{
    return omen_hash_fold(hash ^ OMEN_HASH_LANE_1, key + OMEN_HASH_LANE_2);
}

static guint64
hash_whole(const OmenSubsequenceStore *self, const guint32 *keys)
{
    guint64 hash = 0;

    for (guint n = 1; n <= self->length; n++)
        hash = extend(hash, keys[self->length - n]);
    return hash;
}

/* That @last comes, and that it comes after @before. */
static inline guint64
hash_last(guint32 last)
{
    return extend(OMEN_HASH_LANE_2, last);
}

static inline guint64
hash_step(guint32 before, guint32 last)
{
    return extend(hash_last(last), before);
}

/* Of a row: after the one at @place or, at the last place, after whatever. */
static guint64
hash_row_step(const OmenSubsequenceStore *self, const guint32 *keys, guint place)
{
    guint32 last = keys[self->length - 1];

    return place == self->length - 1 ? hash_last(last) : hash_step(keys[place], last);
}

static void
index_steps(OmenSubsequenceStore *self, guint32 row)
{
    const guint32 *keys = row_at(self, row)->keys;

    omen_row_table_add(&self->table, hash_whole(self, keys), row);
    for (guint i = 0; i < self->length && self->metric != OMEN_METRIC_PAPER; i++)
        omen_row_table_add(&self->table, hash_row_step(self, keys, i), row);
}

static void
forget_steps(OmenSubsequenceStore *self, guint32 row)
{
    const guint32 *keys = row_at(self, row)->keys;

    omen_row_table_remove(&self->table, hash_whole(self, keys), row);
    for (guint i = 0; i < self->length && self->metric != OMEN_METRIC_PAPER; i++)
        omen_row_table_remove(&self->table, hash_row_step(self, keys, i), row);
}

/* (nullable) */
static OmenSubsequence *
find_exact(const OmenSubsequenceStore *self, const guint32 *keys)
{
    const OmenRowEntry *entry = omen_row_table_find(&self->table, hash_whole(self, keys));
    OmenSubsequence *row = entry ? row_at(self, entry->row) : NULL;

    return row && memcmp(row->keys, keys, self->length * sizeof *keys) == 0 ? row : NULL;
}

/* The hash of one of the row's steps is @hash. */
static gboolean
has_step(const OmenSubsequenceStore *self, const OmenSubsequence *row, guint64 hash)
{
    for (guint i = 0; i < self->length; i++) {
        if (hash_row_step(self, row->keys, i) == hash)
            return TRUE;
    }
    return FALSE;
}

/* A row of that entry; the table may have lost count of which. */
static OmenSubsequence *
find_row(const OmenSubsequenceStore *self, OmenRowEntry *entry)
{
    for (guint32 i = 0; entry->row == G_MAXUINT32 && i < self->n_rows; i++) {
        if (row_at(self, i)->uses > 0 && has_step(self, row_at(self, i), entry->hash))
            entry->row = i;
    }
    return entry->row == G_MAXUINT32 ? NULL : row_at(self, entry->row);
}

static OmenSubsequence *
find_by_transition(const OmenSubsequenceStore *self,
                   const guint32 *keys,
                   guint n_keys,
                   double *distance)
{
    guint64 whole = hash_whole(self, keys + n_keys - self->length);
    guint32 last = keys[n_keys - 1];
    OmenRowEntry *entry;

    omen_row_table_prefetch(&self->table, hash_step(keys[n_keys - 2], last));
    *distance = 0;
    /* Normal life first: the whole is known, or what came just before. */
    entry = omen_row_table_find(&self->table, whole);
    for (guint i = n_keys - 1; !entry && i > 0; i--)
        entry = omen_row_table_find(&self->table, hash_step(keys[i - 1], last));
    if (!entry) {
        entry = omen_row_table_find(&self->table, hash_last(last));
        *distance = entry ? (double) (self->length - 1) / self->length : 1;
    }
    return entry ? find_row(self, entry) : NULL;
}

/* ---- the paper's metric: differences of numbers, relative to the stored ones, at most 1 ---- */

static guint32
sum_keys(const OmenSubsequenceStore *self, const guint32 *keys)
{
    guint64 sum = 0;

    for (guint i = 0; i < self->length; i++)
        sum += keys[i];
    return (guint32) MIN(sum, G_MAXUINT32);
}

/* Where the first row of at least that sum stands. */
static guint
find_place(const OmenSubsequenceStore *self, guint32 sum)
{
    guint low = 0;
    guint high = self->by_sum->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (row_at(self, g_array_index(self->by_sum, guint32, middle))->sum < sum)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
index_sum(OmenSubsequenceStore *self, guint32 row)
{
    if (self->metric == OMEN_METRIC_PAPER)
        g_array_insert_val(self->by_sum, find_place(self, row_at(self, row)->sum), row);
}

static void
forget_sum(OmenSubsequenceStore *self, guint32 row)
{
    if (self->metric != OMEN_METRIC_PAPER)
        return;
    for (guint i = find_place(self, row_at(self, row)->sum); i < self->by_sum->len; i++) {
        if (g_array_index(self->by_sum, guint32, i) == row) {
            g_array_remove_index(self->by_sum, i);
            return;
        }
    }
}

static double
measure(const OmenSubsequenceStore *self, const OmenSubsequence *row, const guint32 *keys)
{
    guint64 difference = 0;

    for (guint i = 0; i < self->length; i++)
        difference += row->keys[i] > keys[i] ? row->keys[i] - keys[i] : keys[i] - row->keys[i];
    return difference >= row->sum ? 1.0 : (double) difference / (double) row->sum;
}

typedef struct {
    const guint32 *keys;
    guint32 sum;
    OmenSubsequence *best;
    double distance;
} PaperSearch;

/* FALSE: no row from here on outwards can be nearer. */
static gboolean
try_row(const OmenSubsequenceStore *self, PaperSearch *search, guint place)
{
    OmenSubsequence *row = row_at(self, g_array_index(self->by_sum, guint32, place));
    gint64 apart = (gint64) row->sum - (gint64) search->sum;
    double measured;

    if (search->best && (double) ABS(apart) >= search->distance * (double) row->sum)
        return FALSE;
    measured = measure(self, row, search->keys);
    if (!search->best || measured < search->distance) {
        search->best = row;
        search->distance = measured;
    }
    return TRUE;
}

static OmenSubsequence *
find_by_numbers(const OmenSubsequenceStore *self, const guint32 *keys, double *distance)
{
    PaperSearch search = {.keys = keys, .sum = sum_keys(self, keys), .distance = 1.0};
    guint above = find_place(self, search.sum);
    guint below = above;
    gboolean up = TRUE;
    gboolean down = TRUE;

    search.best = find_exact(self, keys);
    if (search.best) {
        *distance = 0;
        return search.best;
    }
    while (up || down) {
        up = up && above < self->by_sum->len && try_row(self, &search, above++);
        down = down && below > 0 && try_row(self, &search, --below);
    }
    *distance = search.distance;
    return search.best;
}

OmenSubsequence *
omen_subsequence_store_find_nearest(OmenSubsequenceStore *self,
                                    const guint32 *keys,
                                    guint n_keys,
                                    double *distance)
{
    return self->metric == OMEN_METRIC_PAPER
               ? find_by_numbers(self, keys + n_keys - self->length, distance)
               : find_by_transition(self, keys, n_keys, distance);
}

/* ---- rows ---- */

static guint32
take_row(OmenSubsequenceStore *self)
{
    if (self->free_rows->len > 0) {
        guint32 row = g_array_index(self->free_rows, guint32, self->free_rows->len - 1);
        g_array_set_size(self->free_rows, self->free_rows->len - 1);
        return row;
    }
    if (self->n_rows == self->capacity) {
        self->capacity = MAX(2 * self->capacity, 8);
        self->rows = g_realloc(self->rows, self->capacity * self->stride);
    }
    return self->n_rows++;
}

static void
drop(OmenSubsequenceStore *self, guint32 row)
{
    forget_steps(self, row);
    forget_sum(self, row);
    row_at(self, row)->uses = 0;
    g_array_append_val(self->free_rows, row);
    self->n--;
}

static gboolean
is_less_used(const OmenSubsequence *left, const OmenSubsequence *right)
{
    return left->uses < right->uses ||
           (left->uses == right->uses && left->last_use < right->last_use);
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
    GPtrArray *list = g_ptr_array_sized_new(self->n);

    for (guint32 i = 0; i < self->n_rows; i++) {
        if (row_at(self, i)->uses > 0)
            g_ptr_array_add(list, row_at(self, i));
    }
    g_ptr_array_sort(list, compare_uses);
    return list;
}

static void
make_room(OmenSubsequenceStore *self)
{
    g_autoptr(GPtrArray) list = NULL;
    guint n_dropped = MAX(self->max_subsequences / DROP_SHARE, 1);

    if (self->n < self->max_subsequences)
        return;
    list = omen_subsequence_store_list(self);
    for (guint i = list->len - n_dropped; i < list->len; i++) {
        const char *row = g_ptr_array_index(list, i);
        drop(self, (guint32) ((gsize) (row - self->rows) / self->stride));
    }
}

void
omen_subsequence_store_restore(OmenSubsequenceStore *self,
                               const guint32 *keys,
                               guint32 uses,
                               guint64 last_use)
{
    OmenSubsequence *subsequence;
    guint32 row;

    if (uses == 0 || find_exact(self, keys))
        return;
    make_room(self);
    row = take_row(self);
    subsequence = row_at(self, row);
    subsequence->uses = uses;
    subsequence->last_use = last_use;
    subsequence->sum = sum_keys(self, keys);
    memcpy(subsequence->keys, keys, self->length * sizeof *keys);
    self->n_uses = MAX(self->n_uses, last_use);
    index_steps(self, row);
    index_sum(self, row);
    self->n++;
}

void
omen_subsequence_store_add(OmenSubsequenceStore *self, const guint32 *keys)
{
    OmenSubsequence *known = find_exact(self, keys);

    if (known)
        omen_subsequence_store_use(self, known);
    else
        omen_subsequence_store_restore(self, keys, 1, ++self->n_uses);
}

gboolean
omen_subsequence_store_remove(OmenSubsequenceStore *self, const guint32 *keys)
{
    const char *row = (const char *) find_exact(self, keys);

    if (!row)
        return FALSE;
    drop(self, (guint32) ((gsize) (row - self->rows) / self->stride));
    return TRUE;
}

void
omen_subsequence_store_use(OmenSubsequenceStore *self, OmenSubsequence *subsequence)
{
    if (subsequence->uses < G_MAXUINT32)
        subsequence->uses++;
    subsequence->last_use = ++self->n_uses;
}

guint
omen_subsequence_store_get_size(const OmenSubsequenceStore *self)
{
    return self->n;
}

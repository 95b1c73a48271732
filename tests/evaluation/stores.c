/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stores.h"

#include <string.h>

typedef struct {
    guint64 uses;
    guint32 *keys;
} Entry;

struct _PaperStore {
    PaperStoreKind kind;
    guint length;
    double similarity;
    GArray *entries; /* Entry */
    guint64 n_compared;
};

static void
entry_clear(gpointer entry)
{
    g_free(((Entry *) entry)->keys);
}

PaperStore *
paper_store_new(PaperStoreKind kind, guint length, double similarity)
{
    PaperStore *self = g_new0(PaperStore, 1);

    self->kind = kind;
    self->length = length;
    self->similarity = similarity;
    self->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    g_array_set_clear_func(self->entries, entry_clear);
    return self;
}

void
paper_store_free(PaperStore *self)
{
    g_array_unref(self->entries);
    g_free(self);
}

/* The entry at @at was used once more: it rises above those that were used less. */
static void
use(PaperStore *self, guint at)
{
    Entry *entries = (Entry *) (gpointer) self->entries->data;

    entries[at].uses++;
    while (self->kind == PAPER_STORE_HEAP && at > 0 &&
           entries[(at - 1) / 2].uses < entries[at].uses) {
        Entry entry = entries[at];

        entries[at] = entries[(at - 1) / 2];
        at = (at - 1) / 2;
        entries[at] = entry;
    }
}

void
paper_store_add(PaperStore *self, const guint32 *keys)
{
    gsize size = self->length * sizeof *keys;
    Entry entry = {0, NULL};

    for (guint i = 0; i < self->entries->len; i++) {
        if (memcmp(g_array_index(self->entries, Entry, i).keys, keys, size) == 0) {
            use(self, i);
            return;
        }
    }
    entry.keys = g_memdup2(keys, size);
    g_array_append_val(self->entries, entry);
}

static double
measure(const PaperStore *self, const guint32 *keys, const guint32 *normal)
{
    guint64 difference = 0, sum = 0;

    for (guint i = 0; i < self->length; i++) {
        difference += keys[i] > normal[i] ? keys[i] - normal[i] : normal[i] - keys[i];
        sum += normal[i];
    }
    return difference >= sum ? difference > 0 : (double) difference / (double) sum;
}

double
paper_store_score(PaperStore *self, const guint32 *keys)
{
    double nearest = 1;

    for (guint i = 0; i < self->entries->len; i++) {
        double distance = measure(self, keys, g_array_index(self->entries, Entry, i).keys);

        self->n_compared++;
        if (distance <= self->similarity) {
            use(self, i);
            return distance;
        }
        nearest = MIN(nearest, distance);
    }
    return nearest;
}

guint64
paper_store_get_n_compared(const PaperStore *self)
{
    return self->n_compared;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a suffix of template numbers (its hash) to a row that ends so, counting the rows that do. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint64 hash;
    guint32 row;   /* one of them */
    guint32 count; /* how many there are; 0: a free place */
} OmenSuffix;

typedef struct {
    OmenSuffix *places;
    gsize mask;
    gsize n;
} OmenSuffixTable;

void omen_suffix_table_init(OmenSuffixTable *self);
void omen_suffix_table_clear(OmenSuffixTable *self);

/* (nullable): borrowed until the next change. */
static inline OmenSuffix *
omen_suffix_table_find(const OmenSuffixTable *self, guint64 hash)
{
    for (gsize at = hash;; at++) {
        OmenSuffix *place = &self->places[at & self->mask];
        if (place->count == 0)
            return NULL;
        if (place->hash == hash)
            return place;
    }
}

/* That place is about to be looked at. */
static inline void
omen_suffix_table_prefetch(const OmenSuffixTable *self, guint64 hash)
{
    __builtin_prefetch(&self->places[hash & self->mask]);
}

void omen_suffix_table_add(OmenSuffixTable *self, guint64 hash, guint32 row);

/* One row less; @row is no longer told (G_MAXUINT32 in its place) if others end so, too. */
void omen_suffix_table_remove(OmenSuffixTable *self, guint64 hash, guint32 row);

G_END_DECLS

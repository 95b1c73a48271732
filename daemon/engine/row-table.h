/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a hash of what rows have in common to one of them, counting the rows that have it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint64 hash;
    guint32 row;   /* one of them */
    guint32 count; /* how many there are; 0: a free place */
} OmenRowEntry;

typedef struct {
    OmenRowEntry *places;
    gsize mask;
    gsize n;
} OmenRowTable;

void omen_row_table_init(OmenRowTable *self);
void omen_row_table_clear(OmenRowTable *self);

/* (nullable): borrowed until the next change. */
static inline OmenRowEntry *
omen_row_table_find(const OmenRowTable *self, guint64 hash)
{
    for (gsize at = hash;; at++) {
        OmenRowEntry *place = &self->places[at & self->mask];
        if (place->count == 0)
            return NULL;
        if (place->hash == hash)
            return place;
    }
}

/* That place is about to be looked at. */
static inline void
omen_row_table_prefetch(const OmenRowTable *self, guint64 hash)
{
    __builtin_prefetch(&self->places[hash & self->mask]);
}

void omen_row_table_add(OmenRowTable *self, guint64 hash, guint32 row);

/* One row less; @row is no longer told (G_MAXUINT32 in its place) if others have it, too. */
void omen_row_table_remove(OmenRowTable *self, guint64 hash, guint32 row);

G_END_DECLS

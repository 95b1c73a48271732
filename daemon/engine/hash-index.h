/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From 64-bit hashes to pointers: open addressing with linear probing. Hashes may occur more than
 * once; who looks up tells equal things from others. Pointers are borrowed.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint64 hash;
    gpointer value; /* NULL: free */
} OmenHashEntry;

typedef struct {
    OmenHashEntry *entries;
    gsize mask; /* of a power of two of entries */
    gsize n;
} OmenHashIndex;

void omen_hash_index_init(OmenHashIndex *self);
void omen_hash_index_clear(OmenHashIndex *self);

void omen_hash_index_add(OmenHashIndex *self, guint64 hash, gpointer value);
void omen_hash_index_remove(OmenHashIndex *self, guint64 hash, gconstpointer value);

/* Iterates over what has that hash: start with *@cursor as @hash; NULL: no more. */
static inline gpointer
omen_hash_index_next(const OmenHashIndex *self, guint64 hash, guint64 *cursor)
{
    for (;;) {
        const OmenHashEntry *entry = &self->entries[*cursor & self->mask];
        if (!entry->value)
            return NULL;
        (*cursor)++;
        if (entry->hash == hash)
            return entry->value;
    }
}

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/hash-index.h"

#define FIRST_SIZE 8

static void
place(OmenHashIndex *self, guint64 hash, gpointer value)
{
    guint64 at = hash;

    while (self->entries[at & self->mask].value)
        at++;
    self->entries[at & self->mask] = (OmenHashEntry){hash, value};
}

void
omen_hash_index_init(OmenHashIndex *self)
{
    self->entries = g_new0(OmenHashEntry, FIRST_SIZE);
    self->mask = FIRST_SIZE - 1;
    self->n = 0;
}

void
omen_hash_index_clear(OmenHashIndex *self)
{
    g_clear_pointer(&self->entries, g_free);
}

static void
grow(OmenHashIndex *self)
{
    g_autofree OmenHashEntry *old = self->entries;
    gsize n = self->mask + 1;

    self->entries = g_new0(OmenHashEntry, 2 * n);
    self->mask = 2 * n - 1;
    for (gsize i = 0; i < n; i++) {
        if (old[i].value)
            place(self, old[i].hash, old[i].value);
    }
}

void
omen_hash_index_add(OmenHashIndex *self, guint64 hash, gpointer value)
{
    if (2 * (self->n + 1) > self->mask + 1)
        grow(self);
    place(self, hash, value);
    self->n++;
}

/* Entries after the gap move up, so that no search stops short of them. */
static void
close_gap(OmenHashIndex *self, gsize gap)
{
    for (gsize at = (gap + 1) & self->mask; self->entries[at].value; at = (at + 1) & self->mask) {
        gsize home = self->entries[at].hash & self->mask;
        if (((at - home) & self->mask) < ((at - gap) & self->mask))
            continue;
        self->entries[gap] = self->entries[at];
        self->entries[at].value = NULL;
        gap = at;
    }
}

void
omen_hash_index_remove(OmenHashIndex *self, guint64 hash, gconstpointer value)
{
    for (gsize at = hash & self->mask; self->entries[at].value; at = (at + 1) & self->mask) {
        if (self->entries[at].value != value || self->entries[at].hash != hash)
            continue;
        self->entries[at].value = NULL;
        self->n--;
        close_gap(self, at);
        return;
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/row-table.h"

#define FIRST_SIZE 16

void
omen_row_table_init(OmenRowTable *self)
{
    self->places = g_new0(OmenRowEntry, FIRST_SIZE);
    self->mask = FIRST_SIZE - 1;
    self->n = 0;
}

void
omen_row_table_clear(OmenRowTable *self)
{
    g_clear_pointer(&self->places, g_free);
}

static OmenRowEntry *
find_free(OmenRowTable *self, guint64 hash)
{
    gsize at = hash;

    while (self->places[at & self->mask].count > 0)
        at++;
    return &self->places[at & self->mask];
}

static void
grow(OmenRowTable *self)
{
    g_autofree OmenRowEntry *old = self->places;
    gsize n = self->mask + 1;

    self->places = g_new0(OmenRowEntry, 2 * n);
    self->mask = 2 * n - 1;
    for (gsize i = 0; i < n; i++) {
        if (old[i].count > 0)
            *find_free(self, old[i].hash) = old[i];
    }
}

void
omen_row_table_add(OmenRowTable *self, guint64 hash, guint32 row)
{
    OmenRowEntry *place = omen_row_table_find(self, hash);

    if (place) {
        place->count++;
        place->row = row;
        return;
    }
    if (4 * (self->n + 1) > 3 * (self->mask + 1))
        grow(self);
    *find_free(self, hash) = (OmenRowEntry){hash, row, 1};
    self->n++;
}

/* Places after the gap move up, so that no search stops short of them. */
static void
close_gap(OmenRowTable *self, gsize gap)
{
    for (gsize at = (gap + 1) & self->mask; self->places[at].count > 0;
         at = (at + 1) & self->mask) {
        gsize home = self->places[at].hash & self->mask;
        if (((at - home) & self->mask) < ((at - gap) & self->mask))
            continue;
        self->places[gap] = self->places[at];
        self->places[at].count = 0;
        gap = at;
    }
}

void
omen_row_table_remove(OmenRowTable *self, guint64 hash, guint32 row)
{
    OmenRowEntry *place = omen_row_table_find(self, hash);

    if (!place)
        return;
    place->count--;
    if (place->row == row)
        place->row = G_MAXUINT32;
    if (place->count > 0)
        return;
    self->n--;
    close_gap(self, (gsize) (place - self->places));
}

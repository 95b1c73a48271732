/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "htm-synapses.h"

void
htm_synapses_init(HtmSynapses *self, guint32 n_cells)
{
    self->cells = g_new0(HtmCell, n_cells);
    self->n_cells = n_cells;
    self->segments = g_array_new(FALSE, TRUE, sizeof(HtmSegment));
    self->unused = g_array_new(FALSE, FALSE, sizeof(guint32));
    self->excited = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 i = 0; i < n_cells; i++)
        self->cells[i].first_segment = HTM_NO_SEGMENT;
}

void
htm_synapses_clear(HtmSynapses *self)
{
    for (guint32 i = 0; i < self->n_cells; i++)
        g_free(self->cells[i].targets);
    for (guint32 i = 0; i < self->segments->len; i++)
        g_free(htm_synapses_segment(self, i)->synapses);
    g_free(self->cells);
    g_array_unref(self->segments);
    g_array_unref(self->unused);
    g_array_unref(self->excited);
}

static guint32
least_used_segment(const HtmSynapses *self, guint32 cell)
{
    guint32 found = self->cells[cell].first_segment;

    for (guint32 i = found; i != HTM_NO_SEGMENT; i = htm_synapses_segment(self, i)->next_of_cell)
        if (htm_synapses_segment(self, i)->last_used < htm_synapses_segment(self, found)->last_used)
            found = i;
    return found;
}

guint32
htm_synapses_add_segment(HtmSynapses *self, guint32 cell, guint64 now)
{
    HtmCell *owner = &self->cells[cell];
    HtmSegment *segment = NULL;
    guint32 number = self->segments->len;

    if (owner->n_segments >= HTM_MAX_SEGMENTS)
        htm_synapses_remove_segment(self, least_used_segment(self, cell));
    if (self->unused->len > 0) {
        number = g_array_index(self->unused, guint32, self->unused->len - 1);
        g_array_set_size(self->unused, self->unused->len - 1);
    } else {
        g_array_set_size(self->segments, number + 1);
    }
    segment = htm_synapses_segment(self, number);
    segment->cell = cell;
    segment->last_used = now;
    segment->next_of_cell = owner->first_segment;
    owner->first_segment = number;
    owner->n_segments++;
    return number;
}

void
htm_synapses_remove_segment(HtmSynapses *self, guint32 segment)
{
    HtmSegment *removed = htm_synapses_segment(self, segment);
    guint32 *link = &self->cells[removed->cell].first_segment;

    while (removed->n_synapses > 0)
        htm_synapses_remove(self, segment, removed->n_synapses - 1);
    while (*link != segment)
        link = &htm_synapses_segment(self, *link)->next_of_cell;
    *link = removed->next_of_cell;
    self->cells[removed->cell].n_segments--;
    removed->n_potential = removed->n_connected = 0;
    g_array_append_val(self->unused, segment);
}

void
htm_synapses_add(HtmSynapses *self, guint32 segment, guint32 cell, float permanence)
{
    HtmSegment *owner = htm_synapses_segment(self, segment);
    HtmCell *source = &self->cells[cell];

    if (owner->n_synapses == owner->capacity) {
        owner->capacity = MAX(2 * owner->capacity, 32);
        owner->synapses = g_renew(HtmSynapse, owner->synapses, owner->capacity);
    }
    if (source->n_targets == source->capacity) {
        source->capacity = MAX(2 * source->capacity, 8);
        source->targets = g_renew(HtmTarget, source->targets, source->capacity);
    }
    source->targets[source->n_targets] = (HtmTarget){segment, owner->n_synapses};
    owner->synapses[owner->n_synapses] = (HtmSynapse){cell, source->n_targets, permanence};
    owner->n_synapses++;
    source->n_targets++;
}

void
htm_synapses_remove(HtmSynapses *self, guint32 segment, guint32 synapse)
{
    HtmSegment *owner = htm_synapses_segment(self, segment);
    HtmSynapse removed = owner->synapses[synapse];
    HtmCell *source = &self->cells[removed.cell];
    HtmTarget moved = source->targets[--source->n_targets];

    source->targets[removed.back] = moved;
    htm_synapses_segment(self, moved.segment)->synapses[moved.synapse].back = removed.back;
    owner->n_synapses--;
    if (synapse == owner->n_synapses)
        return;
    owner->synapses[synapse] = owner->synapses[owner->n_synapses];
    self->cells[owner->synapses[synapse].cell].targets[owner->synapses[synapse].back].synapse =
        synapse;
}

gboolean
htm_synapses_listens(const HtmSynapses *self, guint32 segment, guint32 cell)
{
    const HtmSegment *owner = htm_synapses_segment(self, segment);

    for (guint32 i = 0; i < owner->n_synapses; i++)
        if (owner->synapses[i].cell == cell)
            return TRUE;
    return FALSE;
}

void
htm_synapses_excite(HtmSynapses *self, const GArray *cells, float connected)
{
    for (guint i = 0; i < self->excited->len; i++) {
        HtmSegment *segment = htm_synapses_segment(self, g_array_index(self->excited, guint32, i));

        segment->n_potential = segment->n_connected = 0;
    }
    g_array_set_size(self->excited, 0);
    for (guint i = 0; i < cells->len; i++) {
        const HtmCell *cell = &self->cells[g_array_index(cells, guint32, i)];

        for (guint32 j = 0; j < cell->n_targets; j++) {
            HtmTarget target = cell->targets[j];
            HtmSegment *segment = htm_synapses_segment(self, target.segment);

            if (segment->n_potential++ == 0)
                g_array_append_val(self->excited, target.segment);
            segment->n_connected += segment->synapses[target.synapse].permanence >= connected;
        }
    }
}

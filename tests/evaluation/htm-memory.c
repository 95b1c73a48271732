/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plain temporal memory (one state for inference and learning, no backtracking). */
#include "htm-memory.h"
#include "htm-synapses.h"
#include "random.h"

#define CELLS_OF_COLUMN 32
#define CONNECTED       0.5f
#define ACTIVATION      20 /* connected synapses to active cells that make a segment active */
#define MATCHING        13 /* any synapses to active cells that make it match */
#define GROWN           31 /* synapses that a segment has to the last winners once it learned */
#define INITIAL         0.24f
#define INCREMENT       0.04f
#define DECREMENT       0.008f
#define PUNISHMENT      0.001f /* of a segment whose column did not win */

struct _HtmMemory {
    HtmSynapses graph;
    GArray *active, *winners; /* guint32 cells, of the last step */
    GArray *next_active, *next_winners;
    guint8 *was_active;                                        /* by cell */
    GArray *active_of[HTM_COLUMNS], *matching_of[HTM_COLUMNS]; /* guint32 segments */
    GArray *touched;                                           /* guint16 columns with such */
    guint64 n;
    Random random;
};

static GArray *
new_numbers(void)
{
    return g_array_new(FALSE, FALSE, sizeof(guint32));
}

HtmMemory *
htm_memory_new(guint64 seed)
{
    HtmMemory *self = g_new0(HtmMemory, 1);

    htm_synapses_init(&self->graph, HTM_CELLS);
    self->active = new_numbers();
    self->winners = new_numbers();
    self->next_active = new_numbers();
    self->next_winners = new_numbers();
    self->touched = g_array_new(FALSE, FALSE, sizeof(guint16));
    self->was_active = g_new0(guint8, HTM_CELLS);
    self->random.state = seed;
    for (guint i = 0; i < HTM_COLUMNS; i++) {
        self->active_of[i] = new_numbers();
        self->matching_of[i] = new_numbers();
    }
    return self;
}

void
htm_memory_free(HtmMemory *self)
{
    for (guint i = 0; i < HTM_COLUMNS; i++) {
        g_array_unref(self->active_of[i]);
        g_array_unref(self->matching_of[i]);
    }
    htm_synapses_clear(&self->graph);
    g_array_unref(self->active);
    g_array_unref(self->winners);
    g_array_unref(self->next_active);
    g_array_unref(self->next_winners);
    g_array_unref(self->touched);
    g_free(self->was_active);
    g_free(self);
}

guint
htm_memory_count_segments(const HtmMemory *self)
{
    return self->graph.segments->len - self->graph.unused->len;
}

/* Sorts the segments that the last step's cells excite by the column that they foretell. */
static void
foretell(HtmMemory *self)
{
    for (guint i = 0; i < self->touched->len; i++) {
        guint16 column = g_array_index(self->touched, guint16, i);

        g_array_set_size(self->active_of[column], 0);
        g_array_set_size(self->matching_of[column], 0);
    }
    g_array_set_size(self->touched, 0);
    htm_synapses_excite(&self->graph, self->active, CONNECTED);
    for (guint i = 0; i < self->graph.excited->len; i++) {
        guint32 number = g_array_index(self->graph.excited, guint32, i);
        const HtmSegment *segment = htm_synapses_segment(&self->graph, number);
        guint16 column = (guint16) (segment->cell / CELLS_OF_COLUMN);

        if (segment->n_potential < MATCHING)
            continue;
        if (self->matching_of[column]->len == 0)
            g_array_append_val(self->touched, column);
        g_array_append_val(self->matching_of[column], number);
        if (segment->n_connected >= ACTIVATION)
            g_array_append_val(self->active_of[column], number);
    }
}

/* Moves the segment's synapses: to cells that were active by @raise, to others by @lower. What
 * falls to nothing is removed. Returns: whether the segment is still there. */
static gboolean
adapt(HtmMemory *self, guint32 number, float raise, float lower)
{
    HtmSegment *segment = htm_synapses_segment(&self->graph, number);

    for (guint32 i = segment->n_synapses; i-- > 0;) {
        HtmSynapse *synapse = &segment->synapses[i];

        synapse->permanence += self->was_active[synapse->cell] ? raise : lower;
        synapse->permanence = MIN(synapse->permanence, 1);
        if (synapse->permanence <= 0)
            htm_synapses_remove(&self->graph, number, i);
    }
    if (segment->n_synapses > 0)
        return TRUE;
    htm_synapses_remove_segment(&self->graph, number);
    return FALSE;
}

/* Makes room for one more synapse where the segment is full. */
static void
drop_weakest(HtmMemory *self, guint32 number)
{
    const HtmSegment *segment = htm_synapses_segment(&self->graph, number);
    guint32 weakest = 0;

    if (segment->n_synapses < HTM_MAX_SYNAPSES)
        return;
    for (guint32 i = 1; i < segment->n_synapses; i++)
        if (segment->synapses[i].permanence < segment->synapses[weakest].permanence)
            weakest = i;
    htm_synapses_remove(&self->graph, number, weakest);
}

/* Up to @n synapses to winners of the last step that the segment does not listen to yet. */
static void
grow(HtmMemory *self, guint32 number, guint n)
{
    g_autofree guint32 *candidates = g_new(guint32, MAX(self->winners->len, 1));
    guint left = 0;

    for (guint i = 0; i < self->winners->len; i++) {
        guint32 cell = g_array_index(self->winners, guint32, i);

        if (!htm_synapses_listens(&self->graph, number, cell))
            candidates[left++] = cell;
    }
    for (; n > 0 && left > 0; n--) {
        guint at = random_below(&self->random, left);

        drop_weakest(self, number);
        htm_synapses_add(&self->graph, number, candidates[at], INITIAL);
        candidates[at] = candidates[--left];
    }
}

static void
reinforce(HtmMemory *self, guint32 number)
{
    HtmSegment *segment = htm_synapses_segment(&self->graph, number);
    guint potential = segment->n_potential;

    segment->last_used = self->n;
    if (adapt(self, number, INCREMENT, -DECREMENT) && potential < GROWN)
        grow(self, number, GROWN - potential);
}

static void
activate_foretold(HtmMemory *self, guint column)
{
    const GArray *segments = self->active_of[column];
    guint32 seen = 0; /* a bit a cell of the column */

    for (guint i = 0; i < segments->len; i++) {
        guint32 number = g_array_index(segments, guint32, i);
        guint32 cell = htm_synapses_segment(&self->graph, number)->cell;
        guint32 bit = 1u << (cell % CELLS_OF_COLUMN);

        if (!(seen & bit)) {
            g_array_append_val(self->next_active, cell);
            g_array_append_val(self->next_winners, cell);
        }
        seen |= bit;
        reinforce(self, number);
    }
}

/* The column's cell with the fewest segments; of equals one at random. */
static guint32
least_used_cell(HtmMemory *self, guint column)
{
    guint32 first = column * CELLS_OF_COLUMN, found = first;
    guint32 fewest = G_MAXUINT32, equals = 0;

    for (guint32 cell = first; cell < first + CELLS_OF_COLUMN; cell++) {
        guint32 n = self->graph.cells[cell].n_segments;

        if (n > fewest)
            continue;
        equals = n < fewest ? 1 : equals + 1;
        fewest = n;
        if (random_below(&self->random, equals) == 0)
            found = cell;
    }
    return found;
}

/* Nothing foretold the column: all its cells burst, and one learns to foretell it. */
static void
burst(HtmMemory *self, guint column)
{
    const GArray *matching = self->matching_of[column];
    guint32 best = HTM_NO_SEGMENT, winner = 0;

    for (guint32 i = 0; i < CELLS_OF_COLUMN; i++) {
        guint32 cell = column * CELLS_OF_COLUMN + i;

        g_array_append_val(self->next_active, cell);
    }
    for (guint i = 0; i < matching->len; i++) {
        guint32 number = g_array_index(matching, guint32, i);

        if (best == HTM_NO_SEGMENT || htm_synapses_segment(&self->graph, number)->n_potential >
                                          htm_synapses_segment(&self->graph, best)->n_potential)
            best = number;
    }
    if (best != HTM_NO_SEGMENT) {
        winner = htm_synapses_segment(&self->graph, best)->cell;
        reinforce(self, best);
    } else {
        winner = least_used_cell(self, column);
        if (self->winners->len > 0)
            grow(self, htm_synapses_add_segment(&self->graph, winner, self->n), GROWN);
    }
    g_array_append_val(self->next_winners, winner);
}

/* Segments that matched for columns that did not win. */
static void
punish(HtmMemory *self, const guint8 *won)
{
    for (guint i = 0; i < self->touched->len; i++) {
        guint16 column = g_array_index(self->touched, guint16, i);
        const GArray *matching = self->matching_of[column];

        for (guint j = 0; !won[column] && j < matching->len; j++)
            adapt(self, g_array_index(matching, guint32, j), -PUNISHMENT, 0);
    }
}

static void
mark_active(HtmMemory *self, guint8 active)
{
    for (guint i = 0; i < self->active->len; i++)
        self->was_active[g_array_index(self->active, guint32, i)] = active;
}

static void
swap(GArray **a, GArray **b)
{
    GArray *kept = *a;

    *a = *b;
    *b = kept;
    g_array_set_size(*b, 0);
}

double
htm_memory_step(HtmMemory *self, const guint16 *winners)
{
    guint8 won[HTM_COLUMNS] = {0};
    guint surprises = 0;

    self->n++;
    foretell(self);
    for (guint i = 0; i < HTM_WINNERS; i++) {
        won[winners[i]] = 1;
        surprises += self->active_of[winners[i]]->len == 0;
        if (self->active_of[winners[i]]->len > 0)
            activate_foretold(self, winners[i]);
        else
            burst(self, winners[i]);
    }
    punish(self, won);
    mark_active(self, 0);
    swap(&self->active, &self->next_active);
    swap(&self->winners, &self->next_winners);
    mark_active(self, 1);
    return (double) surprises / HTM_WINNERS;
}

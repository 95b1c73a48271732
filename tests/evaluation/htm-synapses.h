/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The temporal memory's graph: segments of cells, and their synapses to other cells. Kept both
 * ways, so that the segments that a cell excites are found at once.
 */
#pragma once

#include <glib.h>

#define HTM_MAX_SYNAPSES 128 /* of a segment */
#define HTM_MAX_SEGMENTS 128 /* of a cell */
#define HTM_NO_SEGMENT   G_MAXUINT32

typedef struct {
    guint32 cell; /* that it listens to */
    guint32 back; /* its place in that cell's list */
    float permanence;
} HtmSynapse;

typedef struct {
    guint32 cell;         /* whose segment it is */
    guint32 next_of_cell; /* HTM_NO_SEGMENT: last */
    guint32 n_synapses, capacity;
    HtmSynapse *synapses;
    guint64 last_used;
    guint16 n_potential, n_connected; /* synapses to active cells, of the last excite() */
} HtmSegment;

typedef struct {
    guint32 segment, synapse;
} HtmTarget;

typedef struct {
    guint32 first_segment, n_segments;
    guint32 n_targets, capacity;
    HtmTarget *targets; /* synapses that listen to the cell */
} HtmCell;

typedef struct {
    HtmCell *cells;
    guint32 n_cells;
    GArray *segments; /* HtmSegment */
    GArray *unused;   /* guint32: their numbers to be given again */
    GArray *excited;  /* guint32: segments with a count */
} HtmSynapses;

void htm_synapses_init(HtmSynapses *self, guint32 n_cells);
void htm_synapses_clear(HtmSynapses *self);

static inline HtmSegment *
htm_synapses_segment(const HtmSynapses *self, guint32 segment)
{
    return &g_array_index(self->segments, HtmSegment, segment);
}

/* A cell that is full loses its least recently used segment. */
guint32 htm_synapses_add_segment(HtmSynapses *self, guint32 cell, guint64 now);
void htm_synapses_remove_segment(HtmSynapses *self, guint32 segment);
void htm_synapses_add(HtmSynapses *self, guint32 segment, guint32 cell, float permanence);
/* The segment's last synapse takes the place of the one removed. */
void htm_synapses_remove(HtmSynapses *self, guint32 segment, guint32 synapse);
gboolean htm_synapses_listens(const HtmSynapses *self, guint32 segment, guint32 cell);
/* Counts anew, for each segment, its synapses to @cells: all, and those of at least @connected. */
void htm_synapses_excite(HtmSynapses *self, const GArray *cells, float connected);

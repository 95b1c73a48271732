/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EXPoSE, decay variant (gamma 0.5, decay 0.01). Template numbers are whole, so the kernel's sums
 * are taken exactly over the neighbours within 6 instead of by random features.
 */
#include "detectors.h"

#include <math.h>

#define DECAY 0.01
#define REACH 6

typedef struct {
    GHashTable *weights; /* key -> its double */
    gboolean begun;
} Expose;

gpointer
expose_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    Expose *state = g_new0(Expose, 1);

    state->weights = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return state;
}

static double *
weight_of(const Expose *self, gint64 key)
{
    return key < 0 ? NULL : g_hash_table_lookup(self->weights, GUINT_TO_POINTER((guint) key));
}

double
expose_feed(gpointer state, guint32 key)
{
    Expose *self = state;
    GHashTableIter iter;
    gpointer value;
    double *own = weight_of(self, key);
    double like = 0;

    g_hash_table_iter_init(&iter, self->weights);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        *(double *) value *= 1 - DECAY;
    if (!own) {
        own = g_new0(double, 1);
        g_hash_table_insert(self->weights, GUINT_TO_POINTER(key), own);
    }
    *own += self->begun ? DECAY : 1;
    self->begun = TRUE;
    for (gint distance = -REACH; distance <= REACH; distance++) {
        const double *weight = weight_of(self, (gint64) key + distance);

        if (weight)
            like += *weight * exp(-distance * distance / 2.0);
    }
    return CLAMP((1 - like + 0.02) / 1.04, 0, 1);
}

void
expose_free(gpointer state)
{
    Expose *self = state;

    g_hash_table_unref(self->weights);
    g_free(self);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "art.h"

#include <math.h>

#define LAST  (ART_FEATURES - 1) /* the present sample itself, whose match counts apart */
#define EMPTY 0.001              /* the match of a category without weight */

typedef struct {
    guint category;
    double match, energy;
} Match;

void
art_init(Art *self, double vigilance)
{
    *self = (Art){.lower = vigilance, .upper = vigilance};
    self->categories = g_array_new(FALSE, FALSE, sizeof(ArtCategory));
    self->order = g_array_new(FALSE, FALSE, sizeof(Match));
}

void
art_clear(Art *self)
{
    g_array_unref(self->categories);
    g_array_unref(self->order);
}

static void
found_category(Art *self, const double *weights, gint label)
{
    ArtCategory category = {.label = label};

    for (guint i = 0; i < 2 * ART_FEATURES; i++)
        category.weights[i] = weights[i];
    g_array_append_val(self->categories, category);
}

static Match
match_category(const ArtCategory *category, guint number, const double *x)
{
    double shared = 0, weight = 0, feature = EMPTY, last = 0, last_weight = 0;
    Match match = {.category = number, .energy = EMPTY};

    for (guint i = 0; i < 2 * ART_FEATURES; i++) {
        shared += fmin(x[i], category->weights[i]);
        weight += category->weights[i];
    }
    last = fmin(x[LAST], category->weights[LAST]) +
           fmin(x[LAST + ART_FEATURES], category->weights[LAST + ART_FEATURES]);
    last_weight = category->weights[LAST] + category->weights[LAST + ART_FEATURES];
    if (weight > 0)
        feature = shared / weight;
    if (last_weight > 0)
        match.energy = last / last_weight;
    match.match = feature * feature * feature * match.energy * match.energy;
    return match;
}

/* By falling match; of equals the older category first. */
static int
compare_matches(const void *a, const void *b)
{
    const Match *first = a, *second = b;

    if (first->match > second->match || first->match < second->match)
        return first->match < second->match ? 1 : -1;
    return (first->category > second->category) - (first->category < second->category);
}

/* What the ordered categories make of @x. */
static gint
learn_feature(Art *self, const double *x)
{
    gint label = ART_NEW;

    for (guint i = 0; i < self->order->len; i++) {
        const Match *match = &g_array_index(self->order, Match, i);
        ArtCategory *category = &g_array_index(self->categories, ArtCategory, match->category);

        if (match->match < self->upper) {
            if (match->match >= self->lower && label == ART_NEW) {
                label = category->label;
                found_category(self, x, label);
            }
            break;
        }
        for (guint j = 0; j < 2 * ART_FEATURES; j++)
            category->weights[j] = fmin(x[j], category->weights[j]);
        if (label == ART_NEW)
            label = category->label;
    }
    if (label == ART_NEW)
        found_category(self, x, ++self->last_label);
    return label;
}

gint
art_step(Art *self, const ArtFeature *feature, gboolean learn)
{
    double x[2 * ART_FEATURES];
    gboolean first = self->categories->len == 0;

    for (guint i = 0; i < ART_FEATURES; i++) {
        x[i] = first ? 1 : feature->values[i];
        x[i + ART_FEATURES] = first ? 1 : 1 - feature->values[i];
    }
    if (first) {
        self->match = self->energy = 0;
        found_category(self, x, ++self->last_label);
        return self->last_label;
    }
    g_array_set_size(self->order, 0);
    for (guint i = 0; i < self->categories->len; i++) {
        Match match = match_category(&g_array_index(self->categories, ArtCategory, i), i, x);

        g_array_append_val(self->order, match);
    }
    g_array_sort(self->order, compare_matches);
    self->match = g_array_index(self->order, Match, 0).match;
    self->energy = g_array_index(self->order, Match, 0).energy;
    return learn ? learn_feature(self, x) : ART_NEW;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "art-features.h"

#include <math.h>
#include <string.h>

#define CHOMP 0.075 /* samples this near to the median are taken for it */

void
art_features_init(ArtFeatures *self, double lowest, double highest)
{
    *self = (ArtFeatures){.lowest = lowest, .highest = highest};
}

/* Counts @level; the median moves by one occupied level at most. */
static void
count_level(ArtFeatures *self, guint level)
{
    if (self->n++ == 0)
        self->median = level;
    self->levels[level]++;
    self->below += level < self->median;
    self->above += level > self->median;
    if (self->below > self->n / 2) {
        self->above += self->levels[self->median];
        while (self->levels[--self->median] == 0)
            ;
        self->below -= self->levels[self->median];
    } else if (self->above > self->n / 2) {
        self->below += self->levels[self->median];
        while (self->levels[++self->median] == 0)
            ;
        self->above -= self->levels[self->median];
    }
}

static double
level_value(ArtFeatures *self, double value)
{
    double level = value - self->lowest, median = 0;

    if (self->highest > self->lowest)
        level /= self->highest - self->lowest;
    level = CLAMP(rint(level * ART_LEVELS), 0, ART_LEVELS);
    count_level(self, (guint) level);
    level /= ART_LEVELS;
    median = (double) self->median / ART_LEVELS;
    return fabs(level - median) < CHOMP ? median : level;
}

/* To 0..1. */
static void
stretch(double *values)
{
    double lowest = values[0], highest = 0;

    for (guint i = 1; i < ART_WINDOW; i++)
        lowest = fmin(lowest, values[i]);
    for (guint i = 0; i < ART_WINDOW; i++) {
        values[i] -= lowest;
        highest = fmax(highest, values[i]);
    }
    for (guint i = 0; i < ART_WINDOW && highest > 0; i++)
        values[i] /= highest;
}

void
art_haar(double *values)
{
    double half[ART_WINDOW];

    for (guint n = ART_WINDOW; n > 1; n /= 2) {
        for (guint i = 0; i < n / 2; i++) {
            half[i] = (values[2 * i] + values[2 * i + 1]) / M_SQRT2;
            half[n / 2 + i] = (values[2 * i + 1] - values[2 * i]) / M_SQRT2;
        }
        memcpy(values, half, n * sizeof *values);
    }
}

ArtFeature
art_features_push(ArtFeatures *self, double value)
{
    ArtFeature feature = {{0}};

    memmove(self->window, self->window + 1, (ART_WINDOW - 1) * sizeof *self->window);
    self->window[ART_WINDOW - 1] = level_value(self, value);
    if (self->n < ART_WINDOW)
        return feature;
    memcpy(feature.values, self->window, sizeof self->window);
    stretch(feature.values);
    art_haar(feature.values);
    stretch(feature.values);
    memcpy(feature.values + ART_WINDOW, self->window, sizeof self->window);
    return feature;
}

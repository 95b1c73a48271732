/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ARTime's features: the last eight samples, levelled, and their Haar wavelet transform. */
#pragma once

#include "art.h"

#define ART_WINDOW (ART_FEATURES / 2)
#define ART_LEVELS 80

typedef struct {
    double lowest, highest; /* of the whole series */
    guint n;
    guint levels[ART_LEVELS + 1]; /* samples of each */
    guint median, below, above;   /* samples on either side of the median level */
    double window[ART_WINDOW];
} ArtFeatures;

void art_features_init(ArtFeatures *self, double lowest, double highest);
/* Zeros until the window is full. */
ArtFeature art_features_push(ArtFeatures *self, double value);
/* In place: orthonormal, to full depth; the coarse coefficient first, details from coarse to fine.
 */
void art_haar(double *values);

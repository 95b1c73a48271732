/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adaptive resonance: distributed dual-vigilance fuzzy ART over features of 16 numbers in 0..1. A
 * feature that matches categories at the upper vigilance narrows them; at the lower one it founds a
 * category of the same label; else it founds one of its own.
 */
#pragma once

#include <glib.h>

#define ART_FEATURES 16
#define ART_NEW      (-1) /* a feature unlike all categories */

typedef struct {
    double values[ART_FEATURES];
} ArtFeature;

typedef struct {
    double weights[2 * ART_FEATURES]; /* of the feature and of its complement */
    gint label;
} ArtCategory;

typedef struct {
    double lower, upper; /* vigilance */
    GArray *categories;  /* ArtCategory */
    GArray *order;       /* of the last step: the categories' matches, falling */
    gint last_label;
    double match, energy; /* of the last step's best category */
} Art;

void art_init(Art *self, double vigilance);
void art_clear(Art *self);
/* Matches @feature, and learns it if @learn. Returns: the label, or ART_NEW. The very first feature
 * founds a category that holds everything. */
gint art_step(Art *self, const ArtFeature *feature, gboolean learn);

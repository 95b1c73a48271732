/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ARTime's parts: features, resonance, vigilance. */
#include "../../evaluation/art-features.h"

#include <math.h>

static ArtFeature
feature_of(double value)
{
    ArtFeature feature;

    for (guint i = 0; i < ART_FEATURES; i++)
        feature.values[i] = i % 2 ? value : 1 - value;
    return feature;
}

static void
test_haar(void)
{
    double constant[ART_WINDOW] = {1, 1, 1, 1, 1, 1, 1, 1};
    double step[ART_WINDOW] = {0, 0, 0, 0, 1, 1, 1, 1};
    double mixed[ART_WINDOW] = {3, 1, 4, 1, 5, 9, 2, 6};
    double energy = 0;

    art_haar(constant);
    g_assert_cmpfloat_with_epsilon(constant[0], sqrt(8), 1e-12);
    for (guint i = 1; i < ART_WINDOW; i++)
        g_assert_cmpfloat_with_epsilon(constant[i], 0, 1e-12);
    art_haar(step); /* the coarsest detail alone: second less first */
    g_assert_cmpfloat_with_epsilon(step[1], sqrt(2), 1e-12);
    for (guint i = 2; i < ART_WINDOW; i++)
        g_assert_cmpfloat_with_epsilon(step[i], 0, 1e-12);
    art_haar(mixed);
    for (guint i = 0; i < ART_WINDOW; i++)
        energy += mixed[i] * mixed[i];
    g_assert_cmpfloat_with_epsilon(energy, 9 + 1 + 16 + 1 + 25 + 81 + 4 + 36, 1e-9);
    g_assert_cmpfloat_with_epsilon(mixed[7], 4 / sqrt(2), 1e-12); /* (6 - 2) / sqrt 2 */
}

static void
test_features(void)
{
    ArtFeatures features;
    ArtFeature feature;

    art_features_init(&features, 0, 800);
    for (guint i = 1; i < ART_WINDOW; i++) {
        feature = art_features_push(&features, 400);
        for (guint j = 0; j < ART_FEATURES; j++)
            g_assert_cmpfloat(feature.values[j], ==, 0);
    }
    art_features_push(&features, 400);
    feature = art_features_push(&features, 790);
    for (guint i = 0; i < ART_FEATURES; i++)
        g_assert_true(feature.values[i] >= 0 && feature.values[i] <= 1);
    g_assert_cmpfloat_with_epsilon(feature.values[ART_FEATURES - 1], 79.0 / 80, 1e-12);
    g_assert_cmpfloat_with_epsilon(feature.values[ART_FEATURES - 2], 0.5, 1e-12);
    /* Near the median: taken for it. */
    feature = art_features_push(&features, 440);
    g_assert_cmpfloat_with_epsilon(feature.values[ART_FEATURES - 1], 0.5, 1e-12);
}

/* The running median follows the samples' level by level. */
static void
test_median(void)
{
    ArtFeatures features;

    art_features_init(&features, 0, 80);
    for (guint i = 0; i < 10; i++)
        art_features_push(&features, 20);
    g_assert_cmpuint(features.median, ==, 20);
    for (guint i = 0; i < 5; i++)
        art_features_push(&features, 50);
    g_assert_cmpuint(features.median, ==, 20);
    for (guint i = 0; i < 7; i++)
        art_features_push(&features, 60);
    g_assert_cmpuint(features.median, ==, 50);
    g_assert_cmpuint(features.below, ==, 10);
    g_assert_cmpuint(features.above, ==, 7);
}

static void
test_resonance(void)
{
    const ArtFeature low = feature_of(0.2), near = feature_of(0.23), high = feature_of(0.9);
    Art art;
    gint label = 0;

    art_init(&art, 0.8);
    art_step(&art, &low, TRUE); /* the first holds everything */
    g_assert_cmpint(art_step(&art, &low, TRUE), ==, ART_NEW);
    label = art_step(&art, &low, TRUE);
    g_assert_cmpint(label, !=, ART_NEW);
    g_assert_cmpfloat_with_epsilon(art.match, 1, 1e-12);
    /* A like feature resonates and narrows the category to what both share. */
    g_assert_cmpuint(art.categories->len, ==, 2);
    g_assert_cmpint(art_step(&art, &near, TRUE), ==, label);
    g_assert_cmpuint(art.categories->len, ==, 2);
    g_assert_cmpfloat_with_epsilon(g_array_index(art.categories, ArtCategory, 1).weights[1], 0.2,
                                   1e-12);
    g_assert_cmpfloat_with_epsilon(
        g_array_index(art.categories, ArtCategory, 1).weights[1 + ART_FEATURES], 0.77, 1e-12);
    g_assert_cmpint(art_step(&art, &high, TRUE), ==, ART_NEW);
    g_assert_cmpuint(art.categories->len, ==, 3);
    art_clear(&art);
}

/* What vigilance lets pass: the same, a category of the same label, or a new one. */
static void
test_vigilance(void)
{
    const ArtFeature low = feature_of(0.2), near = feature_of(0.3);
    Art art;
    gint label = 0;

    art_init(&art, 0.5);
    art_step(&art, &low, TRUE);
    art_step(&art, &low, TRUE);
    label = art_step(&art, &low, TRUE);
    art.upper = 0.95; /* its match is 0.9 to the fifth: 0.59 */
    g_assert_cmpint(art_step(&art, &near, TRUE), ==, label);
    g_assert_cmpfloat_with_epsilon(art.match, pow(0.9, 5), 1e-12);
    g_assert_cmpuint(art.categories->len, ==, 3);
    art_clear(&art);

    art_init(&art, 0.95);
    art_step(&art, &low, TRUE);
    art_step(&art, &low, TRUE);
    g_assert_cmpint(art_step(&art, &near, FALSE), ==, ART_NEW);
    g_assert_cmpuint(art.categories->len, ==, 2); /* nothing is learned unless it is asked */
    g_assert_cmpint(art_step(&art, &near, TRUE), ==, ART_NEW);
    g_assert_cmpuint(art.categories->len, ==, 3);
    art_clear(&art);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evaluation/art/haar", test_haar);
    g_test_add_func("/evaluation/art/features", test_features);
    g_test_add_func("/evaluation/art/median", test_median);
    g_test_add_func("/evaluation/art/resonance", test_resonance);
    g_test_add_func("/evaluation/art/vigilance", test_vigilance);
    return g_test_run();
}

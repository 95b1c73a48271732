/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EXPoSE as NAB runs it: the kernel by 20000 random Fourier features, drawn as NumPy draws them
 * (Mersenne twister, seed 290: the polar method for the normal weights, then uniform offsets), so
 * that even the features' noise is the recorded scores'. On template numbers nearly all that the
 * detector says lies above 0.97, where that noise (0.007) decides.
 */
#include "detectors.h"

#include <math.h>

#define FEATURES 20000
#define LANES    16 /* partial sums, for vectors */
#define SEED     290
#define GAMMA    0.5
#define DECAY    0.01f

typedef struct {
    double weights[FEATURES], offsets[FEATURES];
    GHashTable *mapped; /* key -> its FEATURES floats */
} Model;

typedef struct {
    Model *model;
    float mean[FEATURES];
    gboolean begun;
} Sampled;

static double
draw(GRand *rand)
{
    guint32 high = g_rand_int(rand) >> 5, low = g_rand_int(rand) >> 6;

    return (high * 67108864.0 + low) / 9007199254740992.0;
}

/* Two numbers of the normal distribution; NumPy hands out the second first. */
static void
draw_normal(GRand *rand, double *pair)
{
    double x = 0, y = 0, square = 0, factor = 0;

    do {
        x = 2 * draw(rand) - 1;
        y = 2 * draw(rand) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square <= 0);
    factor = sqrt(-2 * log(square) / square);
    pair[0] = factor * y;
    pair[1] = factor * x;
}

gpointer
expose_sampled_fit(const SeriesSet *set)
{
    Model *model = g_new0(Model, 1);
    GRand *rand = g_rand_new_with_seed(SEED);

    for (guint i = 0; i < FEATURES; i += 2)
        draw_normal(rand, model->weights + i);
    for (guint i = 0; i < FEATURES; i++) {
        model->weights[i] *= sqrt(2 * GAMMA);
        model->offsets[i] = 2 * M_PI * draw(rand);
    }
    model->mapped = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_rand_free(rand);
    return model;
}

void
expose_sampled_free_model(gpointer data)
{
    Model *model = data;

    g_hash_table_unref(model->mapped);
    g_free(model);
}

gpointer
expose_sampled_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    Sampled *state = g_new0(Sampled, 1);

    state->model = self->model;
    return state;
}

static const float *
map_key(Model *model, guint32 key)
{
    float *mapped = g_hash_table_lookup(model->mapped, GUINT_TO_POINTER(key));

    if (mapped)
        return mapped;
    mapped = g_new(float, FEATURES);
    for (guint i = 0; i < FEATURES; i++)
        mapped[i] =
            (float) (sqrt(2.0 / FEATURES) * cos(model->weights[i] * key + model->offsets[i]));
    g_hash_table_insert(model->mapped, GUINT_TO_POINTER(key), mapped);
    return mapped;
}

double
expose_sampled_feed(gpointer state, guint32 key)
{
    Sampled *self = state;
    const float *mapped = map_key(self->model, key);
    float share = self->begun ? DECAY : 1, sums[LANES] = {0};
    double like = 0;

    self->begun = TRUE;
    for (guint i = 0; i < FEATURES; i += LANES)
        for (guint j = 0; j < LANES; j++) {
            self->mean[i + j] = share * mapped[i + j] + (1 - share) * self->mean[i + j];
            sums[j] += self->mean[i + j] * mapped[i + j];
        }
    for (guint j = 0; j < LANES; j++)
        like += sums[j];
    return CLAMP((1 - like + 0.02) / 1.04, 0, 1);
}

void
expose_sampled_free(gpointer state)
{
    g_free(state);
}

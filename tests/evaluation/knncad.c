/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* KNN-CAD: conformal k-nearest-neighbour anomaly detection (k 27, dimension 19, level 0.9965). */
#include "detectors.h"
#include "scorer.h"

#include <math.h>
#include <string.h>

#define K       27
#define DIM     19
#define LEVEL   0.9965
#define PERIOD  EVALUATION_PROBATION
#define TRAINED (PERIOD - DIM) /* subsequences of the first PERIOD - 1 records */

typedef struct {
    double v[DIM];
} Vector;

typedef struct {
    Vector window;
    Vector training[TRAINED];       /* rings */
    Vector calibration[PERIOD + 1]; /* ring: PERIOD join before the first leaves */
    double scores[TRAINED];
    double metric[DIM][DIM];
    guint n, n_trained, n_calibrated, oldest_trained, oldest_calibrated, oldest_score;
    gboolean scored;
    gint quiet; /* records after an alarm that answer 0.5 */
} KnnCad;

gpointer
knncad_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    KnnCad *state = g_new0(KnnCad, 1);

    for (guint i = 0; i < DIM; i++)
        state->metric[i][i] = 1;
    return state;
}

static void
swap_rows(double m[DIM][2 * DIM], guint a, guint b)
{
    for (guint i = 0; i < 2 * DIM; i++) {
        double kept = m[a][i];

        m[a][i] = m[b][i];
        m[b][i] = kept;
    }
}

/* Gauss-Jordan on [matrix | unit]; FALSE if it is singular. */
static gboolean
invert(double m[DIM][2 * DIM])
{
    for (guint column = 0; column < DIM; column++) {
        guint pivot = column;

        for (guint row = column + 1; row < DIM; row++)
            if (fabs(m[row][column]) > fabs(m[pivot][column]))
                pivot = row;
        if (fabs(m[pivot][column]) < 1e-9)
            return FALSE;
        swap_rows(m, pivot, column);
        for (guint i = 2 * DIM; i-- > column;)
            m[column][i] /= m[column][column];
        for (guint row = 0; row < DIM; row++) {
            double factor = m[row][column];

            for (guint i = column; row != column && i < 2 * DIM; i++)
                m[row][i] -= factor * m[column][i];
        }
    }
    return TRUE;
}

static void
renew_metric(KnnCad *self)
{
    double m[DIM][2 * DIM] = {{0}};

    for (guint t = 0; t < self->n_trained; t++)
        for (guint i = 0; i < DIM; i++)
            for (guint j = 0; j < DIM; j++)
                m[i][j] += self->training[t].v[i] * self->training[t].v[j];
    for (guint i = 0; i < DIM; i++)
        m[i][DIM + i] = 1;
    if (!invert(m))
        return;
    for (guint i = 0; i < DIM; i++)
        memcpy(self->metric[i], m[i] + DIM, sizeof self->metric[i]);
}

static double
distance(const KnnCad *self, const Vector *a, const Vector *b)
{
    double d[DIM], sum = 0;

    for (guint i = 0; i < DIM; i++)
        d[i] = a->v[i] - b->v[i];
    for (guint i = 0; i < DIM; i++) {
        double row = 0;

        for (guint j = 0; j < DIM; j++)
            row += self->metric[i][j] * d[j];
        sum += d[i] * row;
    }
    return sum;
}

/* Sum of the @k smallest distances to the training part. */
static double
nonconformity(const KnnCad *self, const Vector *vector, guint k)
{
    double nearest[K + 1], sum = 0;
    guint n = 0;

    for (guint t = 0; t < self->n_trained; t++) {
        double d = distance(self, vector, &self->training[t]);
        guint at = n;

        if (n == k && d >= nearest[n - 1])
            continue;
        if (n < k)
            n++;
        else
            at--;
        for (; at > 0 && nearest[at - 1] > d; at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = d;
    }
    for (guint i = 0; i < n; i++)
        sum += nearest[i];
    return sum;
}

static void
slide(KnnCad *self, double score)
{
    if (self->n >= 2 * PERIOD && self->n_calibrated > 0) {
        self->training[self->oldest_trained] = self->calibration[self->oldest_calibrated];
        self->oldest_trained = (self->oldest_trained + 1) % TRAINED;
        self->oldest_calibrated = (self->oldest_calibrated + 1) % (PERIOD + 1);
        self->n_calibrated--;
    }
    self->calibration[(self->oldest_calibrated + self->n_calibrated++) % (PERIOD + 1)] =
        self->window;
    self->scores[self->oldest_score] = score;
    self->oldest_score = (self->oldest_score + 1) % TRAINED;
}

double
knncad_feed(gpointer state, guint32 key)
{
    KnnCad *self = state;
    guint phase = ++self->n % PERIOD, below = 0;
    double score = 0, rank = 0;

    memmove(self->window.v, self->window.v + 1, (DIM - 1) * sizeof(double));
    self->window.v[DIM - 1] = key;
    if (self->n < DIM)
        return 0;
    if (self->n < PERIOD) {
        self->training[self->n_trained++] = self->window;
        return 0;
    }
    if (phase == 0 || phase == PERIOD / 2)
        renew_metric(self);
    if (!self->scored)
        for (guint t = 0; t < TRAINED; t++)
            self->scores[t] = nonconformity(self, &self->training[t], K + 1);
    self->scored = TRUE;
    score = nonconformity(self, &self->window, K);
    for (guint i = 0; i < TRAINED; i++)
        below += self->scores[i] < score;
    rank = (double) below / TRAINED;
    slide(self, score);
    if (self->quiet > 0) {
        self->quiet--;
        return 0.5;
    }
    if (rank >= LEVEL)
        self->quiet = PERIOD / 5;
    return rank;
}

void
knncad_free(gpointer state)
{
    g_free(state);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The LSTM in double precision: its gradient against finite differences; that it learns. */
#include "../../evaluation/lstm.h"
#include "../../evaluation/random.h"

#include <math.h>

#define SYMBOLS 7
#define SEED    11
#define STEP    1e-4
#define WEIGHT  1.5

G_STATIC_ASSERT(sizeof(LstmReal) == sizeof(double));

static double
loss_of(Lstm *lstm, const guint16 *window, guint target)
{
    double logits[SYMBOLS], sum = 0;

    lstm_foretell(lstm, window, logits);
    for (guint i = 0; i < SYMBOLS; i++)
        sum += exp(logits[i] - logits[target]);
    return WEIGHT * log(sum);
}

static void
test_gradient(void)
{
    const guint16 window[LSTM_STEPS] = {0, 3, SYMBOLS, 1, 6, 3, 2, 0, 5, 3}; /* one of no symbol */
    Lstm *lstm = lstm_new(SYMBOLS, SEED);
    gsize n = 0;
    double *parameters = lstm_parameters(lstm, &n);
    const double *gradient = lstm_gradient(lstm);
    double greatest = 0;

    g_assert_cmpfloat_with_epsilon(lstm_learn(lstm, window, 4, WEIGHT), loss_of(lstm, window, 4),
                                   1e-12);
    for (gsize i = 0; i < n; i += 37) { /* in every part, and every kind of gate */
        double kept = parameters[i], above = 0, below = 0;

        parameters[i] = kept + STEP;
        above = loss_of(lstm, window, 4);
        parameters[i] = kept - STEP;
        below = loss_of(lstm, window, 4);
        parameters[i] = kept;
        g_assert_cmpfloat_with_epsilon(gradient[i], (above - below) / (2 * STEP), 2e-6);
        greatest = fmax(greatest, fabs(gradient[i]));
    }
    g_assert_cmpfloat(greatest, >, 0.01);
    lstm_free(lstm);
}

/* The sum of two windows' gradients, and none after it is applied. */
static void
test_sums(void)
{
    const guint16 a[LSTM_STEPS] = {1, 1, 2, 2, 3, 3, 4, 4, 5, 5}, b[LSTM_STEPS] = {0};
    Lstm *both = lstm_new(SYMBOLS, SEED), *one = lstm_new(SYMBOLS, SEED);
    gsize n = 0;

    lstm_parameters(both, &n);
    lstm_learn(both, a, 1, 1);
    lstm_learn(both, b, 2, 3);
    lstm_learn(one, b, 2, 3);
    lstm_learn(one, a, 1, 1);
    for (gsize i = 0; i < n; i++)
        g_assert_cmpfloat_with_epsilon(lstm_gradient(both)[i], lstm_gradient(one)[i], 1e-12);
    lstm_apply(both, 0.001, 4);
    for (gsize i = 0; i < n; i++)
        g_assert_cmpfloat(lstm_gradient(both)[i], ==, 0);
    lstm_free(both);
    lstm_free(one);
}

/* What comes next hangs on the window's first symbol alone: ten steps back. */
static void
test_learns(void)
{
    Lstm *lstm = lstm_new(SYMBOLS, SEED);
    Random random = {SEED};
    double loss = 0;

    for (guint batch = 0; batch < 300; batch++) {
        loss = 0;
        for (guint i = 0; i < 8; i++) {
            guint16 window[LSTM_STEPS];

            for (guint j = 0; j < LSTM_STEPS; j++)
                window[j] = (guint16) (2 + random_below(&random, SYMBOLS - 2));
            window[0] = (guint16) (i % 2);
            loss += lstm_learn(lstm, window, window[0] == 0 ? 5 : 6, 1);
        }
        lstm_apply(lstm, 0.01, 8);
    }
    g_assert_cmpfloat(loss / 8, <, 0.05);
    lstm_free(lstm);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evaluation/lstm/gradient", test_gradient);
    g_test_add_func("/evaluation/lstm/sums", test_sums);
    g_test_add_func("/evaluation/lstm/learns", test_learns);
    return g_test_run();
}

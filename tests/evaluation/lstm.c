/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lstm.h"
#include "random.h"

#include <math.h>
#include <string.h>

#define GATES 256 /* in, forget, out, candidate: 64 each */
#define LANES 16  /* partial sums, for vectors */
#define BETA1 0.9
#define BETA2 0.999
#define TINY  1e-8

G_STATIC_ASSERT(GATES == 4 * LSTM_UNITS);

/* Wider vectors where there are some; no fused multiply-add, so that all machines agree. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) &&                  \
    !defined(__clang__)
#define VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define VECTORISED
#endif

/* What belongs to one layer, within the parameters or alike within the gradient. */
typedef struct {
    LstmReal *input, *recurrent, *bias; /* rows of GATES */
} Layer;

typedef struct {
    Layer layers[2];  /* the first's input has a row a symbol and one for others */
    LstmReal *output; /* rows of n_symbols, and one row of biases */
} Weights;

typedef struct {
    LstmReal gates[GATES];
    LstmReal memory[LSTM_UNITS], squashed[LSTM_UNITS], out[LSTM_UNITS];
} Cell;

struct _Lstm {
    guint n_symbols;
    gsize n_parameters;
    LstmReal *parameters, *gradient, *first_moment, *second_moment;
    Weights weights, slopes;
    Cell cells[2][LSTM_STEPS + 1]; /* from 1; 0 is the zero state */
    LstmReal *logits;
    guint64 n_applied;
};

static Weights
lay_out(LstmReal *at, guint n_symbols)
{
    Weights weights = {0};

    for (guint i = 0; i < 2; i++) {
        weights.layers[i].input = at;
        at += (gsize) GATES * (i == 0 ? n_symbols + 1 : LSTM_UNITS);
        weights.layers[i].recurrent = at;
        at += (gsize) GATES * LSTM_UNITS;
        weights.layers[i].bias = at;
        at += GATES;
    }
    weights.output = at;
    return weights;
}

static void
draw_weights(Random *random, LstmReal *weights, gsize n, double width)
{
    for (gsize i = 0; i < n; i++)
        weights[i] = (LstmReal) (width * (2 * random_unit(random) - 1));
}

Lstm *
lstm_new(guint n_symbols, guint64 seed)
{
    Lstm *self = g_new0(Lstm, 1);
    Random random = {seed};
    double width = 1 / sqrt(LSTM_UNITS);

    self->n_symbols = n_symbols;
    self->n_parameters =
        (gsize) GATES * (n_symbols + 1 + 3 * LSTM_UNITS + 2) + (gsize) n_symbols * (LSTM_UNITS + 1);
    self->parameters = g_new0(LstmReal, self->n_parameters);
    self->gradient = g_new0(LstmReal, self->n_parameters);
    self->first_moment = g_new0(LstmReal, self->n_parameters);
    self->second_moment = g_new0(LstmReal, self->n_parameters);
    self->logits = g_new0(LstmReal, MAX(n_symbols, 1));
    self->weights = lay_out(self->parameters, n_symbols);
    self->slopes = lay_out(self->gradient, n_symbols);
    draw_weights(&random, self->parameters, self->n_parameters, width);
    for (guint i = 0; i < 2; i++)
        for (guint j = 0; j < GATES; j++) /* remember at first */
            self->weights.layers[i].bias[j] = j / LSTM_UNITS == 1;
    return self;
}

void
lstm_free(Lstm *self)
{
    g_free(self->parameters);
    g_free(self->gradient);
    g_free(self->first_moment);
    g_free(self->second_moment);
    g_free(self->logits);
    g_free(self);
}

LstmReal *
lstm_parameters(Lstm *self, gsize *n)
{
    *n = self->n_parameters;
    return self->parameters;
}

const LstmReal *
lstm_gradient(const Lstm *self)
{
    return self->gradient;
}

/* The hyperbolic tangent by Lambert's continued fraction: within 1.3e-5, and vectors can do it. */
static inline LstmReal
squash(LstmReal x)
{
    LstmReal bounded = x > 6 ? 6 : x < -6 ? -6 : x, s = bounded * bounded;
    LstmReal most = (LstmReal) 654729075.0, many = (LstmReal) 310134825.0;
    LstmReal above = bounded * (most + s * (91891800 + s * (2837835 + s * (25740 + s * 55))));
    LstmReal below = most + s * (many + s * (18918900 + s * (315315 + s * (1485 + s))));
    LstmReal y = above / below;

    return y > 1 ? 1 : y < -1 ? -1 : y;
}

/* @sums += @values of @rows rows of GATES. */
VECTORISED static void
add_rows(LstmReal *sums, const LstmReal *rows, const LstmReal *values)
{
    for (guint i = 0; i < LSTM_UNITS; i += 4) {
        const LstmReal *row = rows + (gsize) i * GATES;

        for (guint j = 0; j < GATES; j++)
            sums[j] += values[i] * row[j] + values[i + 1] * row[j + GATES] +
                       values[i + 2] * row[j + 2 * GATES] + values[i + 3] * row[j + 3 * GATES];
    }
}

/* @sums[i] += row i . @slopes */
VECTORISED static void
add_products(LstmReal *sums, const LstmReal *rows, const LstmReal *slopes)
{
    for (guint i = 0; i < LSTM_UNITS; i++) {
        const LstmReal *row = rows + (gsize) i * GATES;
        LstmReal lanes[LANES] = {0};

        for (guint j = 0; j < GATES; j += LANES)
            for (guint k = 0; k < LANES; k++)
                lanes[k] += row[j + k] * slopes[j + k];
        for (guint k = 0; k < LANES; k++)
            sums[i] += lanes[k];
    }
}

/* row i += @values[i] * @slopes */
VECTORISED static void
add_outer(LstmReal *rows, const LstmReal *values, const LstmReal *slopes)
{
    for (guint i = 0; i < LSTM_UNITS; i++) {
        LstmReal *row = rows + (gsize) i * GATES;

        for (guint j = 0; j < GATES; j++)
            row[j] += values[i] * slopes[j];
    }
}

/* @cell holds the sums of its gates. */
VECTORISED static void
open_gates(Cell *cell, const Cell *before)
{
    LstmReal *gates = cell->gates;

    for (guint i = 0; i < 3 * LSTM_UNITS; i++)
        gates[i] = (LstmReal) 0.5 + (LstmReal) 0.5 * squash(gates[i] / 2);
    for (guint i = 3 * LSTM_UNITS; i < GATES; i++)
        gates[i] = squash(gates[i]);
    for (guint i = 0; i < LSTM_UNITS; i++) {
        cell->memory[i] =
            gates[LSTM_UNITS + i] * before->memory[i] + gates[i] * gates[3 * LSTM_UNITS + i];
        cell->squashed[i] = squash(cell->memory[i]);
        cell->out[i] = gates[2 * LSTM_UNITS + i] * cell->squashed[i];
    }
}

static void
run_window(Lstm *self, const guint16 *window)
{
    const Layer *first = &self->weights.layers[0], *second = &self->weights.layers[1];

    for (guint t = 1; t <= LSTM_STEPS; t++) {
        Cell *lower = &self->cells[0][t], *upper = &self->cells[1][t];
        const LstmReal *row = first->input + (gsize) GATES * MIN(window[t - 1], self->n_symbols);

        for (guint i = 0; i < GATES; i++)
            lower->gates[i] = first->bias[i] + row[i];
        add_rows(lower->gates, first->recurrent, self->cells[0][t - 1].out);
        open_gates(lower, &self->cells[0][t - 1]);
        memcpy(upper->gates, second->bias, sizeof upper->gates);
        add_rows(upper->gates, second->input, lower->out);
        add_rows(upper->gates, second->recurrent, self->cells[1][t - 1].out);
        open_gates(upper, &self->cells[1][t - 1]);
    }
}

VECTORISED void
lstm_foretell(Lstm *self, const guint16 *window, LstmReal *logits)
{
    guint n = self->n_symbols;

    run_window(self, window);
    memcpy(logits, self->weights.output + (gsize) n * LSTM_UNITS, n * sizeof *logits);
    for (guint i = 0; i < LSTM_UNITS; i++) {
        LstmReal value = self->cells[1][LSTM_STEPS].out[i];

        for (guint j = 0; j < n; j++)
            logits[j] += value * self->weights.output[(gsize) i * n + j];
    }
}

/* Turns @logits into the loss's slopes by them. Returns: the loss. */
static double
softmax_slopes(LstmReal *logits, guint n, guint target, double weight)
{
    double sum = 0, highest = logits[0], loss = 0;

    for (guint i = 1; i < n; i++)
        highest = MAX(highest, logits[i]);
    for (guint i = 0; i < n; i++)
        sum += exp(logits[i] - highest);
    loss = weight * (log(sum) + highest - logits[target]);
    for (guint i = 0; i < n; i++)
        logits[i] =
            (LstmReal) (weight * (exp(logits[i] - highest) / sum - (i == target ? 1.0 : 0.0)));
    return loss;
}

/* Slopes by the gates' sums, of those by the cell's output and (in and out) by its memory. */
static void
close_gates(const Cell *cell,
            const Cell *before,
            const LstmReal *by_out,
            LstmReal *by_memory,
            LstmReal *slopes)
{
    for (guint i = 0; i < LSTM_UNITS; i++) {
        LstmReal in = cell->gates[i], forget = cell->gates[LSTM_UNITS + i];
        LstmReal out = cell->gates[2 * LSTM_UNITS + i];
        LstmReal candidate = cell->gates[3 * LSTM_UNITS + i], s = cell->squashed[i];
        LstmReal memory = by_memory[i] + by_out[i] * out * (1 - s * s);

        slopes[i] = memory * candidate * in * (1 - in);
        slopes[LSTM_UNITS + i] = memory * before->memory[i] * forget * (1 - forget);
        slopes[2 * LSTM_UNITS + i] = by_out[i] * s * out * (1 - out);
        slopes[3 * LSTM_UNITS + i] = memory * in * (1 - candidate * candidate);
        by_memory[i] = memory * forget;
    }
}

static void
add_row(LstmReal *row, const LstmReal *slopes)
{
    for (guint i = 0; i < GATES; i++)
        row[i] += slopes[i];
}

/* Back through time: @by_out: slopes by the upper layer's last output. */
static void
propagate(Lstm *self, const guint16 *window, const LstmReal *by_last)
{
    const Layer *weights = self->weights.layers, *sums = self->slopes.layers;
    LstmReal by_out[2][LSTM_UNITS] = {{0}}, by_memory[2][LSTM_UNITS] = {{0}}, slopes[GATES];

    memcpy(by_out[1], by_last, sizeof by_out[1]);
    for (guint t = LSTM_STEPS; t > 0; t--) {
        const Cell *lower = &self->cells[0][t], *upper = &self->cells[1][t];

        close_gates(upper, upper - 1, by_out[1], by_memory[1], slopes);
        add_outer(sums[1].input, lower->out, slopes);
        add_outer(sums[1].recurrent, (upper - 1)->out, slopes);
        add_row(sums[1].bias, slopes);
        add_products(by_out[0], weights[1].input, slopes);
        memset(by_out[1], 0, sizeof by_out[1]);
        add_products(by_out[1], weights[1].recurrent, slopes);

        close_gates(lower, lower - 1, by_out[0], by_memory[0], slopes);
        add_row(sums[0].input + (gsize) GATES * MIN(window[t - 1], self->n_symbols), slopes);
        add_outer(sums[0].recurrent, (lower - 1)->out, slopes);
        add_row(sums[0].bias, slopes);
        memset(by_out[0], 0, sizeof by_out[0]);
        add_products(by_out[0], weights[0].recurrent, slopes);
    }
}

double
lstm_learn(Lstm *self, const guint16 *window, guint16 target, double weight)
{
    const LstmReal *out = self->cells[1][LSTM_STEPS].out;
    LstmReal by_out[LSTM_UNITS] = {0};
    guint n = self->n_symbols;
    double loss = 0;

    lstm_foretell(self, window, self->logits);
    loss = softmax_slopes(self->logits, n, target, weight);
    for (guint i = 0; i <= LSTM_UNITS; i++) {
        const LstmReal *row = self->weights.output + (gsize) i * n;
        LstmReal *sums = self->slopes.output + (gsize) i * n;
        LstmReal value = i < LSTM_UNITS ? out[i] : 1, slope = 0;

        for (guint j = 0; j < n; j++) {
            sums[j] += value * self->logits[j];
            slope += i < LSTM_UNITS ? row[j] * self->logits[j] : 0;
        }
        if (i < LSTM_UNITS)
            by_out[i] = slope;
    }
    propagate(self, window, by_out);
    return loss;
}

VECTORISED void
lstm_apply(Lstm *self, double rate, double weight)
{
    LstmReal scale = (LstmReal) (1 / weight), step = 0, correction = 0;

    self->n_applied++;
    correction = (LstmReal) sqrt(1 - pow(BETA2, (double) self->n_applied));
    step = (LstmReal) (rate / (1 - pow(BETA1, (double) self->n_applied))) * correction;
    for (gsize i = 0; i < self->n_parameters; i++) {
        LstmReal slope = self->gradient[i] * scale;

        self->first_moment[i] += (LstmReal) (1 - BETA1) * (slope - self->first_moment[i]);
        self->second_moment[i] += (LstmReal) (1 - BETA2) * (slope * slope - self->second_moment[i]);
        self->parameters[i] -=
            step * self->first_moment[i] /
            ((LstmReal) sqrtf((float) self->second_moment[i]) + (LstmReal) TINY * correction);
    }
    memset(self->gradient, 0, self->n_parameters * sizeof *self->gradient);
}

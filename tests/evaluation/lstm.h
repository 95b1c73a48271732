/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small network that foretells the next symbol from the last ten: two stacked LSTM layers of 64
 * units and a softmax, trained by Adam on the cross-entropy. Everything it draws comes of its seed.
 */
#pragma once

#include <glib.h>

#ifndef LSTM_REAL
#define LSTM_REAL float /* the test of the gradient takes double */
#endif

#define LSTM_STEPS 10
#define LSTM_UNITS 64

typedef LSTM_REAL LstmReal;
typedef struct _Lstm Lstm;

/* @n_symbols: 0..@n_symbols-1 can be foretold; @n_symbols itself, as input only, is any other. */
Lstm *lstm_new(guint n_symbols, guint64 seed);
void lstm_free(Lstm *self);

/* @window: LSTM_STEPS symbols; @logits gets @n_symbols numbers, the likelier the higher. */
void lstm_foretell(Lstm *self, const guint16 *window, LstmReal *logits);
/* Adds the gradient of -@weight log p(@target | @window) to the sum. Returns: that loss. */
double lstm_learn(Lstm *self, const guint16 *window, guint16 target, double weight);
/* One step of Adam with the gradient's sum divided by @weight, which is then forgotten. */
void lstm_apply(Lstm *self, double rate, double weight);

/* For tests: the parameters and the gradient's sum, @n each. */
LstmReal *lstm_parameters(Lstm *self, gsize *n);
const LstmReal *lstm_gradient(const Lstm *self);

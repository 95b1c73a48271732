/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "htm-likelihood.h"

#include <math.h>

#define WINDOW         10   /* records of the moving average */
#define HISTORY        8640 /* records that an estimate looks back on */
#define REESTIMATION   100  /* records between estimates */
#define LEAST_MEAN     0.03
#define LEAST_VARIANCE 0.0003
#define FLAT_VALUES    1.5e-5 /* variance of values that says nothing */
#define RED            1e-5   /* tail of an alarm */
#define YELLOW         1e-3   /* what a further alarm in a row counts as */

typedef struct {
    double value, raw;
} Past;

struct _HtmLikelihood {
    guint probation;
    guint64 n;
    Past history[HISTORY]; /* ring */
    double mean, deviation;
    gboolean was_red;
};

HtmLikelihood *
htm_likelihood_new(guint probation)
{
    HtmLikelihood *self = g_new0(HtmLikelihood, 1);

    self->probation = probation;
    return self;
}

void
htm_likelihood_free(HtmLikelihood *self)
{
    g_free(self);
}

static const Past *
past_at(const HtmLikelihood *self, guint64 index)
{
    return &self->history[index % HISTORY];
}

/* Mean of the raw scores of the window that ends with record @last, none older than @oldest. */
static double
average_raw(const HtmLikelihood *self, guint64 oldest, guint64 last)
{
    guint64 first = last >= WINDOW ? MAX(last - WINDOW + 1, oldest) : oldest;
    double sum = 0;

    for (guint64 i = first; i <= last; i++)
        sum += past_at(self, i)->raw;
    return sum / (double) (last - first + 1);
}

/* A normal distribution of the averaged raw scores, without the first half of the probation. */
static void
estimate(HtmLikelihood *self)
{
    guint64 oldest = self->n > HISTORY ? self->n - HISTORY : 0;
    guint64 first = MAX(oldest, self->probation / 2);
    double n = (double) (self->n - first);
    double sum = 0, squares = 0, value_sum = 0, value_squares = 0, variance = 0;

    for (guint64 i = first; i < self->n; i++) {
        double average = average_raw(self, oldest, i);
        double value = past_at(self, i)->value;

        sum += average;
        squares += average * average;
        value_sum += value;
        value_squares += value * value;
    }
    self->mean = fmax(LEAST_MEAN, sum / n);
    variance = squares / n - (sum / n) * (sum / n);
    self->deviation = sqrt(fmax(LEAST_VARIANCE, variance));
    if (value_squares / n - (value_sum / n) * (value_sum / n) < FLAT_VALUES) {
        self->mean = 0.5;
        self->deviation = 1000;
    }
}

static double
tail_of(const HtmLikelihood *self, double average)
{
    return 0.5 * erfc(fabs(average - self->mean) / self->deviation / M_SQRT2);
}

double
htm_likelihood_feed(HtmLikelihood *self, double value, double raw)
{
    double tail = 0.5;
    gboolean red = FALSE;

    if (self->n >= self->probation && (self->n == self->probation || self->n % REESTIMATION == 0))
        estimate(self);
    self->history[self->n % HISTORY] = (Past){value, raw};
    self->n++;
    if (self->n > self->probation) {
        tail = tail_of(self, average_raw(self, 0, self->n - 1));
        red = tail <= RED;
        if (red && self->was_red)
            tail = YELLOW;
        self->was_red = red;
    }
    return log(1.0000000001 - (1 - tail)) / log(1e-10);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Permanences lie a row a column, for learning; whether a synapse is connected lies a row an input
 * besides, so that overlaps are sums of 42 rows.
 */
#include "htm-pooler.h"
#include "random.h"

#include <string.h>

#define POTENTIAL   0.8f /* share of the inputs that a column can see */
#define CONNECTED   0.2f
#define TRIM        0.0015f /* permanences below it are none */
#define INCREMENT   0.003f
#define DECREMENT   0.0005f
#define WEAK_RAISE  0.02f
#define WEAK_SHARE  0.001f /* of the greatest overlap duty cycle */
#define DUTY_PERIOD 1000
#define WEAK_PERIOD 50

struct _HtmPooler {
    float permanences[HTM_COLUMNS][HTM_INPUTS]; /* negative: not of the potential pool */
    guint8 connected[HTM_INPUTS][HTM_COLUMNS];
    float duty[HTM_COLUMNS]; /* how often a column overlaps an input at all */
    float least_duty;
    guint n;
};

static void
set_permanence(HtmPooler *self, guint column, guint input, float permanence)
{
    float *own = &self->permanences[column][input];

    permanence = permanence < TRIM ? 0 : MIN(permanence, 1);
    if ((permanence >= CONNECTED) != (*own >= CONNECTED))
        self->connected[input][column] = permanence >= CONNECTED;
    *own = permanence;
}

HtmPooler *
htm_pooler_new(guint64 seed)
{
    HtmPooler *self = g_new0(HtmPooler, 1);
    Random random = {seed};

    for (guint column = 0; column < HTM_COLUMNS; column++) {
        guint left = (guint) (POTENTIAL * HTM_INPUTS + 0.5f);

        for (guint input = 0; input < HTM_INPUTS; input++) {
            float drawn = (float) random_unit(&random);

            if (random_below(&random, HTM_INPUTS - input) >= left) {
                self->permanences[column][input] = -1;
                continue;
            }
            left--;
            set_permanence(self, column, input,
                           random_next(&random) & 1 ? CONNECTED + (1 - CONNECTED) * drawn
                                                    : CONNECTED * drawn);
        }
    }
    return self;
}

void
htm_pooler_free(HtmPooler *self)
{
    g_free(self);
}

static void
count_overlaps(const HtmPooler *self, const gboolean *is_on, guint8 *overlaps)
{
    memset(overlaps, 0, HTM_COLUMNS);
    for (guint input = 0; input < HTM_INPUTS; input++) {
        const guint8 *row = self->connected[input];

        if (!is_on[input])
            continue;
        for (guint column = 0; column < HTM_COLUMNS; column++)
            overlaps[column] += row[column];
    }
}

/* The highest overlaps; of equal ones the higher column. */
static void
choose_winners(const guint8 *overlaps, guint16 *winners)
{
    guint columns[HTM_ON + 1] = {0};
    guint least = HTM_ON, above = 0, spare = 0, n = HTM_WINNERS;

    for (guint column = 0; column < HTM_COLUMNS; column++)
        columns[overlaps[column]]++;
    while (above + columns[least] < HTM_WINNERS)
        above += columns[least--];
    spare = HTM_WINNERS - above;
    for (guint column = HTM_COLUMNS; column-- > 0;) {
        if (overlaps[column] < least || (overlaps[column] == least && spare == 0))
            continue;
        spare -= overlaps[column] == least;
        winners[--n] = (guint16) column;
    }
}

static void
learn(HtmPooler *self, const gboolean *is_on, const guint16 *winners)
{
    for (guint i = 0; i < HTM_WINNERS; i++) {
        const float *row = self->permanences[winners[i]];

        for (guint input = 0; input < HTM_INPUTS; input++)
            if (row[input] >= 0)
                set_permanence(self, winners[i], input,
                               row[input] + (is_on[input] ? INCREMENT : -DECREMENT));
    }
}

/* Columns that hardly ever overlap anything are helped. */
static void
raise_weak(HtmPooler *self, const guint8 *overlaps)
{
    float period = (float) MIN(++self->n, DUTY_PERIOD), greatest = 0;

    for (guint column = 0; column < HTM_COLUMNS; column++)
        self->duty[column] =
            (self->duty[column] * (period - 1) + (overlaps[column] > 0 ? 1.0f : 0.0f)) / period;
    for (guint column = 0; column < HTM_COLUMNS; column++)
        if (self->duty[column] < self->least_duty)
            for (guint input = 0; input < HTM_INPUTS; input++)
                if (self->permanences[column][input] >= 0)
                    set_permanence(self, column, input,
                                   self->permanences[column][input] + WEAK_RAISE);
    if (self->n % WEAK_PERIOD != 0)
        return;
    for (guint column = 0; column < HTM_COLUMNS; column++)
        greatest = MAX(greatest, self->duty[column]);
    self->least_duty = WEAK_SHARE * greatest;
}

void
htm_pooler_step(HtmPooler *self, const guint16 *on, guint16 *winners)
{
    gboolean is_on[HTM_INPUTS] = {FALSE};
    guint8 overlaps[HTM_COLUMNS];

    for (guint i = 0; i < HTM_ON; i++)
        is_on[on[i]] = TRUE;
    count_overlaps(self, is_on, overlaps);
    choose_winners(overlaps, winners);
    learn(self, is_on, winners);
    raise_weak(self, overlaps);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ARTime: fuzzy ART on wavelet features of the last eight samples, with vigilances that follow what
 * it sees. It takes its probation from the series' length, as NAB does, and of a long series one
 * sample of several records.
 */
#include "art-features.h"
#include "detectors.h"

#include <math.h>
#include <string.h>

#define PROBATION_SHARE 0.15
#define MAX_PROBATION   750
#define WINDOWS         13 /* windows of samples that a probation holds at least */
#define MASK            12 /* samples after an anomaly that hardly count */
#define VIGILANCE       0.80
#define MOST_VIGILANT   0.97

typedef struct {
    guint probation, step; /* records; of a sample */
    guint training;        /* samples */
    guint n;               /* records */
    double *recent;        /* ring of step records, zeros at first */
    double average;        /* of the samples' means, moving */
    ArtFeatures features;
    Art art;
    GArray *stored;                  /* ArtFeature: the training's */
    guint last_anomaly, last_update; /* samples, from 1; 0: none */
    double last_similarity;
    gboolean masked;                    /* after a new category */
    guint since_new;                    /* samples */
    GArray *anomalies;                  /* double: their similarities */
    double *similarities, *differences; /* rings */
    guint n_similarities, n_differences;
    double match_sum;
    guint n_matches;
} ArTime;

gpointer
artime_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    ArTime *state = g_new0(ArTime, 1);
    SeriesRange range = series_range(series);
    guint probation = MIN((guint) (PROBATION_SHARE * series->keys->len), MAX_PROBATION);

    state->probation = probation - probation % 2;
    state->step = MAX(state->probation / (ART_WINDOW * WINDOWS), 1);
    state->training = state->probation / state->step;
    state->recent = g_new0(double, state->step);
    state->stored = g_array_new(FALSE, FALSE, sizeof(ArtFeature));
    state->anomalies = g_array_new(FALSE, FALSE, sizeof(double));
    state->n_similarities = state->training / 2 + 1;
    state->n_differences = state->training + 1;
    state->similarities = g_new(double, state->n_similarities);
    state->differences = g_new0(double, state->n_differences);
    for (guint i = 0; i < state->n_similarities; i++)
        state->similarities[i] = 1;
    art_features_init(&state->features, range.lowest, range.highest);
    art_init(&state->art, VIGILANCE);
    return state;
}

void
artime_free(gpointer state)
{
    ArTime *self = state;

    art_clear(&self->art);
    g_array_unref(self->stored);
    g_array_unref(self->anomalies);
    g_free(self->recent);
    g_free(self->similarities);
    g_free(self->differences);
    g_free(self);
}

static double
cosine(const ArtFeature *a, const ArtFeature *b)
{
    double product = 0, first = 0, second = 0;

    for (guint i = 0; i < ART_FEATURES; i++) {
        product += a->values[i] * b->values[i];
        first += a->values[i] * a->values[i];
        second += b->values[i] * b->values[i];
    }
    if (first <= 0 || second <= 0)
        return 1 - sqrt(first + second);
    return product / (sqrt(first) * sqrt(second));
}

typedef struct {
    guint at;
    double sum;
} Likeness;

static int
compare_likeness(const void *a, const void *b)
{
    const Likeness *first = a, *second = b;

    if (first->sum > second->sum || first->sum < second->sum)
        return first->sum > second->sum ? 1 : -1;
    return (first->at > second->at) - (first->at < second->at);
}

/* Features of the training that are not zeros, the least usual first. */
static GArray *
order_stored(const ArTime *self)
{
    GArray *order = g_array_new(FALSE, FALSE, sizeof(Likeness));

    for (guint i = ART_WINDOW - 1; i < self->stored->len; i++) {
        Likeness likeness = {.at = i};

        for (guint j = ART_WINDOW - 1; j < self->stored->len; j++)
            likeness.sum += cosine(&g_array_index(self->stored, ArtFeature, i),
                                   &g_array_index(self->stored, ArtFeature, j));
        g_array_append_val(order, likeness);
    }
    g_array_sort(order, compare_likeness);
    return order;
}

/* How well a network that has seen the least usual features matches the others. */
static double
initial_vigilance(const ArTime *self)
{
    g_autoptr(GArray) order = order_stored(self);
    double sum = 0;
    guint counted = 0;
    Art art;

    art_init(&art, VIGILANCE);
    for (guint i = 0; i < order->len; i++) {
        guint at = g_array_index(order, Likeness, i).at;

        art_step(&art, &g_array_index(self->stored, ArtFeature, at), TRUE);
        if (i + 1 >= self->training / 2) {
            sum += art.match;
            counted++;
        }
    }
    art_clear(&art);
    return counted > 0 ? sum / counted : VIGILANCE;
}

static double
mean_of(const GArray *values)
{
    double sum = 0;

    for (guint i = 0; i < values->len; i++)
        sum += g_array_index(values, double, i);
    return sum / values->len;
}

/* How far samples usually stay below the upper vigilance. */
static double
usual_difference(const ArTime *self, guint i)
{
    double sum = 0;
    guint n = 0;

    if (i <= 2 * self->training)
        return 0;
    for (guint j = 0; j < self->n_differences; j++) {
        if (self->differences[j] <= 0.05)
            continue;
        sum += fmin(0.37, self->differences[j]);
        n++;
    }
    return n > 0 ? sum / n : 0;
}

static void
update_vigilance(ArTime *self, guint i)
{
    double least = 1, lower = self->art.lower;
    double upper = fmin(MOST_VIGILANT, self->match_sum / self->n_matches);

    for (guint j = 0; j < self->n_similarities; j++)
        least = fmin(least, self->similarities[j]);
    if (lower <= least) {
        lower += 0.19 * (least - lower);
    } else {
        lower -= fmax(0.01, usual_difference(self, i)) / 2;
        if (self->anomalies->len > 0)
            lower = fmax(mean_of(self->anomalies), lower);
    }
    self->art.lower = fmin(upper, lower);
    self->art.upper = upper;
    self->last_update = i;
    self->masked = TRUE;
}

static double
confidence(const Art *art)
{
    double similarity = fmin(0.999, art->match), room = 1 - similarity;
    double by_upper = (room - (1 - art->upper)) / room;
    double by_lower = (room - (1 - art->lower)) / room;
    double score = fmin(1, 0.35 * by_upper + 0.65 * by_lower + 1.5 * (1 - art->energy));

    return round(score * 1e6) / 1e6;
}

static void
note_match(ArTime *self, guint i, gint label)
{
    double match = self->art.match;

    self->since_new = label == ART_NEW ? 0 : self->since_new + 1;
    self->match_sum += match;
    self->n_matches++;
    self->similarities[i % self->n_similarities] = match;
    self->differences[i % self->n_differences] = self->art.upper - match;
    if (i - self->last_anomaly < MASK && self->anomalies->len > 0) {
        double *last = &g_array_index(self->anomalies, double, self->anomalies->len - 1);

        *last = fmin(*last, match);
    }
}

/* Sample @i, counted from 1. */
static double
detect(ArTime *self, const ArtFeature *feature, guint i)
{
    gboolean trained = i > self->training, masked = i - self->last_anomaly <= MASK, low = FALSE;
    gboolean update = i - self->last_anomaly == MASK || i - self->last_update >= self->training / 2;
    double score = 0;
    gint label = 0;

    if (i > self->training + MASK && self->masked && self->since_new >= MASK)
        self->masked = FALSE;
    label = art_step(&self->art, feature, i >= ART_WINDOW);
    note_match(self, i, label);
    low = self->art.match < self->last_similarity * (masked ? 0.90 : 0.70);
    if (trained && label == ART_NEW && (!(self->masked || masked) || low)) {
        score = confidence(&self->art);
        g_array_append_val(self->anomalies, self->art.match);
        self->last_similarity = self->art.match;
        self->last_anomaly = i;
    }
    if (label == ART_NEW)
        self->masked = TRUE;
    if (trained && update)
        update_vigilance(self, i);
    return score;
}

static void
train(ArTime *self)
{
    self->art.lower = self->art.upper = initial_vigilance(self);
    for (guint i = 0; i < self->stored->len; i++)
        detect(self, &g_array_index(self->stored, ArtFeature, i), i + 1);
}

/* What stands for the last records: the one that is farthest from the average so far, or their
 * mean where that hardly differs. */
static double
take_sample(ArTime *self, guint i)
{
    double sum = 0, lowest = self->recent[0], highest = self->recent[0], mean = 0, sample = 0;

    for (guint j = 0; j < self->step; j++) {
        sum += self->recent[j];
        lowest = fmin(lowest, self->recent[j]);
        highest = fmax(highest, self->recent[j]);
    }
    mean = sum / self->step;
    self->average = i == 1 ? mean : (self->average + mean) / 2;
    sample = fabs(highest - self->average) < fabs(lowest - self->average) ? lowest : highest;
    return fabs(sample - mean) < 0.1 * mean ? mean : sample;
}

double
artime_feed(gpointer state, guint32 key)
{
    ArTime *self = state;
    ArtFeature feature;
    guint i = 0;

    self->recent[self->n++ % self->step] = key;
    if (self->n % self->step != 0)
        return 0;
    i = self->n / self->step;
    feature = art_features_push(&self->features, take_sample(self, i));
    if (i > self->training)
        return fmax(0, detect(self, &feature, i));
    g_array_append_val(self->stored, feature);
    if (i == self->training)
        train(self);
    return 0;
}

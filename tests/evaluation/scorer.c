/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scorer.h"

#include <math.h>
#include <string.h>

#define BENIGN_WINDOW 200 /* records of one false positive or true negative */

const NabProfile nab_profiles[3] = {
    {"standard", 1, 0.11, 1},
    {"low-FP", 1, 0.22, 1},
    {"low-FN", 1, 0.11, 2},
};

typedef struct {
    guint tp, fn, fp, tn;
} Counts;

static gsize
benign_end(const Series *series)
{
    return series->label < 0 ? series->keys->len : (gsize) series->label;
}

static void
count_benign(const Run *run, double threshold, Counts *counts)
{
    gsize end = benign_end(run->series);
    gboolean alarm = FALSE;

    for (gsize i = EVALUATION_PROBATION; i < end; i++) {
        alarm |= run->scores[i] >= threshold;
        if (i % BENIGN_WINDOW == 0 || i + 1 == end) {
            counts->fp += alarm;
            counts->tn += !alarm;
            alarm = FALSE;
        }
    }
}

/* Index of the first detection from the label on, or -1. */
static gssize
first_detection(const Run *run, double threshold)
{
    for (gsize i = MAX((gsize) run->series->label, EVALUATION_PROBATION);
         i < run->series->keys->len; i++)
        if (run->scores[i] >= threshold)
            return (gssize) i;
    return -1;
}

static Counts
count_all(const GArray *runs, const char *scenario, Criterion criterion, double threshold)
{
    Counts counts = {0};

    for (guint i = 0; i < runs->len; i++) {
        const Run *run = &g_array_index(runs, Run, i);
        gssize at = -1;

        if (scenario && strcmp(run->series->scenario, scenario) != 0)
            continue;
        count_benign(run, threshold, &counts);
        if (run->series->label < 0)
            continue;
        at = first_detection(run, threshold);
        if (at >= 0 && (criterion == CRITERION_RELAXED || at < run->series->failure))
            counts.tp++;
        else
            counts.fn++;
    }
    return counts;
}

double
scorer_auc(const GArray *runs, const char *scenario, Criterion criterion, double top)
{
    double area = 0, x = 1, y = 1; /* from (1,1), the lowest threshold, to (0,0) */
    int n = (int) lround(top * 100);

    for (int i = 0; i <= n; i++) {
        Counts c = count_all(runs, scenario, criterion, i / 100.0);
        double fpr = c.fp + c.tn ? (double) c.fp / (c.fp + c.tn) : 0;
        double tpr = c.tp + c.fn ? (double) c.tp / (c.tp + c.fn) : 0;

        area += (x - fpr) * (y + tpr) / 2;
        x = fpr;
        y = tpr;
    }
    return area + x * y / 2;
}

typedef struct {
    double score, worth;
    gint window; /* -1: outside */
} Row;

static int
compare_rows(const void *a, const void *b)
{
    const Row *first = a, *second = b;

    return (first->score < second->score) - (first->score > second->score);
}

/* NAB's scaled sigmoid. */
static double
sigmoid(double y)
{
    return y > 3 ? -1 : 2 / (1 + exp(5 * y)) - 1;
}

static void
add_rows(
    GArray *rows, const Run *run, Criterion criterion, const NabProfile *profile, gint *windows)
{
    const Series *series = run->series;
    gsize first = benign_end(series);
    gsize end = series->label >= 0 && criterion == CRITERION_STRICT ? (gsize) series->failure
                                                                    : series->keys->len;

    for (gsize i = EVALUATION_PROBATION; i < end; i++) {
        Row row = {run->scores[i], -profile->false_alarm, -1};

        if (i >= first) {
            row.worth =
                profile->hit * sigmoid(-(double) (end - i) / (double) (end - first)) / sigmoid(-1);
            row.window = *windows;
        }
        g_array_append_val(rows, row);
    }
    *windows += series->label >= 0;
}

NabResult
scorer_nab(const GArray *runs, Criterion criterion, const NabProfile *profile)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
    g_autofree double *best = NULL;
    NabResult result = {.threshold = 1.1};
    gint windows = 0;
    double raw = 0;

    for (guint i = 0; i < runs->len; i++)
        add_rows(rows, &g_array_index(runs, Run, i), criterion, profile, &windows);
    best = g_new(double, MAX(windows, 1));
    for (gint i = 0; i < windows; i++)
        best[i] = -profile->miss;
    raw = result.raw = result.null = -profile->miss * windows;
    result.perfect = profile->hit * windows;
    g_array_sort(rows, compare_rows);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);

        if (row->window < 0) {
            raw += row->worth;
        } else if (row->worth > best[row->window]) {
            raw += row->worth - best[row->window];
            best[row->window] = row->worth;
        }
        if ((i + 1 == rows->len || g_array_index(rows, Row, i + 1).score < row->score) &&
            raw > result.raw) {
            result.raw = raw;
            result.threshold = row->score;
        }
    }
    if (windows > 0)
        result.score = 100 * (result.raw - result.null) / (result.perfect - result.null);
    return result;
}

static int
compare_doubles(const void *a, const void *b)
{
    double first = *(const double *) a, second = *(const double *) b;

    return (first > second) - (first < second);
}

Rates
scorer_rates(const GArray *runs, const char *scenario, double threshold)
{
    Rates rates = {.lead_s = g_array_new(FALSE, FALSE, sizeof(double))};
    guint faults = 0, early = 0;
    guint64 benign = 0, alarms = 0;

    for (guint i = 0; i < runs->len; i++) {
        const Run *run = &g_array_index(runs, Run, i);
        const Series *series = run->series;

        if (scenario && strcmp(series->scenario, scenario) != 0)
            continue;
        for (gsize j = EVALUATION_PROBATION; j < benign_end(series); j++, benign++)
            alarms += run->scores[j] >= threshold;
        if (series->label < 0)
            continue;
        faults++;
        gssize at = first_detection(run, threshold);
        if (at < 0 || at >= series->failure)
            continue;
        early++;
        gsize end = MIN((gsize) series->failure, series->times->len - 1);
        double lead =
            g_array_index(series->times, double, end) - g_array_index(series->times, double, at);
        g_array_append_val(rates.lead_s, lead);
    }
    g_array_sort(rates.lead_s, compare_doubles);
    rates.early_detection = faults ? (double) early / faults : 0;
    rates.false_positive = benign ? (double) alarms / (double) benign : 0;
    return rates;
}

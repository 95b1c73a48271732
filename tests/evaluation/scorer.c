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

GArray *
scorer_roc(const GArray *runs, const char *scenario, Criterion criterion, double top)
{
    GArray *points = g_array_new(FALSE, FALSE, sizeof(Point));
    Point corner = {1, 1};
    int n = (int) lround(top * 100);

    g_array_append_val(points, corner);
    for (int i = 0; i <= n; i++) {
        Counts c = count_all(runs, scenario, criterion, i / 100.0);
        Point point = {c.fp + c.tn ? (double) c.fp / (c.fp + c.tn) : 0,
                       c.tp + c.fn ? (double) c.tp / (c.tp + c.fn) : 0};

        g_array_append_val(points, point);
    }
    corner = (Point){0, 0};
    g_array_append_val(points, corner);
    return points;
}

double
scorer_area(const GArray *roc)
{
    double area = 0;

    for (guint i = 1; i < roc->len; i++) {
        const Point *last = &g_array_index(roc, Point, i - 1);
        const Point *point = &g_array_index(roc, Point, i);

        area += (last->x - point->x) * (last->y + point->y) / 2;
    }
    return area;
}

double
scorer_auc(const GArray *runs, const char *scenario, Criterion criterion, double top)
{
    g_autoptr(GArray) roc = scorer_roc(runs, scenario, criterion, top);

    return scorer_area(roc);
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

/* A score of 0 is no detection at any threshold: who takes it for one alarms at every record. */
static void
add_rows(GArray *rows, const Run *run, Criterion criterion, const NabProfile *profile, gint window)
{
    const Series *series = run->series;
    gsize first = benign_end(series);
    gsize end = series->label >= 0 && criterion == CRITERION_STRICT ? (gsize) series->failure
                                                                    : series->keys->len;

    for (gsize i = EVALUATION_PROBATION; i < end; i++) {
        Row row = {run->scores[i], -profile->false_alarm, -1};

        if (run->scores[i] <= 0)
            continue;
        if (i >= first) {
            row.worth =
                profile->hit * sigmoid(-(double) (end - i) / (double) (end - first)) / sigmoid(-1);
            row.window = window;
        }
        g_array_append_val(rows, row);
    }
}

/* Rows from the highest score down; what each distinct score gives as the threshold. */
static void
walk(NabCurve *self, const GArray *rows, const NabProfile *profile)
{
    g_autofree double *best = g_new(double, MAX(self->windows, 1));
    Point point = {1.1, self->null};

    for (guint i = 0; i < self->windows; i++)
        best[i] = -profile->miss;
    g_array_append_val(self->points, point);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);

        if (row->window < 0) {
            point.y += row->worth;
        } else if (row->worth > best[row->window]) {
            point.y += row->worth - best[row->window];
            best[row->window] = row->worth;
        }
        point.x = row->score;
        if (i + 1 == rows->len || g_array_index(rows, Row, i + 1).score < row->score)
            g_array_append_val(self->points, point);
    }
}

NabCurve
scorer_nab_curve(const GArray *runs,
                 const char *scenario,
                 Criterion criterion,
                 const NabProfile *profile)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
    NabCurve self = {.points = g_array_new(FALSE, FALSE, sizeof(Point))};

    for (guint i = 0; i < runs->len; i++) {
        const Run *run = &g_array_index(runs, Run, i);

        if (scenario && strcmp(run->series->scenario, scenario) != 0)
            continue;
        add_rows(rows, run, criterion, profile, (gint) self.windows);
        self.windows += run->series->label >= 0;
    }
    self.null = -profile->miss * self.windows;
    self.perfect = profile->hit * self.windows;
    g_array_sort(rows, compare_rows);
    walk(&self, rows, profile);
    return self;
}

double
scorer_nab_raw(const NabCurve *curve, double threshold)
{
    double raw = curve->null;

    for (guint i = 0; i < curve->points->len; i++) {
        const Point *point = &g_array_index(curve->points, Point, i);

        if (point->x < threshold)
            break;
        raw = point->y;
    }
    return raw;
}

double
scorer_nab_best(const NabCurve *curve)
{
    const Point *best = &g_array_index(curve->points, Point, 0);

    for (guint i = 1; i < curve->points->len; i++)
        if (g_array_index(curve->points, Point, i).y > best->y)
            best = &g_array_index(curve->points, Point, i);
    return best->x;
}

double
scorer_nab_score(const NabCurve *curve, double raw)
{
    return curve->windows > 0 ? 100 * (raw - curve->null) / (curve->perfect - curve->null) : 0;
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
    for (guint i = 0; i < rates.lead_s->len; i++) {
        double lead = g_array_index(rates.lead_s, double, i);

        rates.mean_lead_s += lead / rates.lead_s->len;
        rates.half_sum_s = i == 0 ? lead : (rates.half_sum_s + lead) / 2;
    }
    g_array_sort(rates.lead_s, compare_doubles);
    rates.early_detection = faults ? (double) early / faults : 0;
    rates.false_positive = benign ? (double) alarms / (double) benign : 0;
    return rates;
}

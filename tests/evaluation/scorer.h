/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What scores (one a record, 0..1) are worth against the labels: AUC, NAB, rates, lead times. */
#pragma once

#include "series.h"

#define EVALUATION_PROBATION 150 /* records of each series that are never scored */

typedef struct {
    const Series *series;
    const double *scores; /* as many as the series has records */
} Run;

typedef enum {
    CRITERION_RELAXED = 1,
    CRITERION_STRICT = 2
} Criterion;

typedef struct {
    const char *name;
    double hit, false_alarm, miss; /* A_TP, A_FP, A_FN */
} NabProfile;

typedef struct {
    double x, y;
} Point;

/* What each threshold is worth: points from (1.1, null) on, thresholds falling. */
typedef struct {
    GArray *points; /* Point: threshold, raw score */
    guint windows;
    double perfect, null;
} NabCurve;

typedef struct {
    double early_detection; /* share of the fault series seen before they fail */
    double false_positive;  /* share of the benign records */
    GArray *lead_s;         /* double, sorted: seconds from detection to failure */
    double mean_lead_s;
    double half_sum_s; /* as VMFT-LAD's authors average: (average so far + the next) / 2 */
} Rates;

extern const NabProfile nab_profiles[3];

/* @scenario NULL: all, everywhere. */

/* (transfer full): Point (false positive rate, true positive rate), from (1,1) over the thresholds
 * 0..@top by 0.01 to (0,0). */
GArray *scorer_roc(const GArray *runs, const char *scenario, Criterion criterion, double top);
double scorer_area(const GArray *roc);
double scorer_auc(const GArray *runs, const char *scenario, Criterion criterion, double top);

/* Of @curve, points is (transfer full). */
NabCurve scorer_nab_curve(const GArray *runs,
                          const char *scenario,
                          Criterion criterion,
                          const NabProfile *profile);
double scorer_nab_raw(const NabCurve *curve, double threshold);
/* The threshold with the highest raw score; of equal ones the highest. */
double scorer_nab_best(const NabCurve *curve);
double scorer_nab_score(const NabCurve *curve, double raw);

Rates scorer_rates(const GArray *runs, const char *scenario, double threshold);

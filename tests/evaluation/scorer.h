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
    double score, threshold, raw, perfect, null;
} NabResult;

typedef struct {
    double early_detection; /* share of the fault series seen before they fail */
    double false_positive;  /* share of the benign records */
    GArray *lead_s;         /* double, sorted: seconds from detection to failure */
} Rates;

extern const NabProfile nab_profiles[3];

/* @scenario NULL: all. Thresholds 0..@top by 0.01. */
double scorer_auc(const GArray *runs, const char *scenario, Criterion criterion, double top);
NabResult scorer_nab(const GArray *runs, Criterion criterion, const NabProfile *profile);
Rates scorer_rates(const GArray *runs, const char *scenario, double threshold);

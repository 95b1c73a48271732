/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A detector's scores of all series of a set, and the figures of them. */
#pragma once

#include "detectors.h"
#include "report.h"
#include "scorer.h"

/* (transfer full) (element-type Run) */
GArray *runs_score(EvaluationDetector *detector, const SeriesSet *set, GError **error);

/* What this process has computed so far, microseconds: does not count what others did meanwhile. */
gint64 runs_cpu_time_us(void);

/* The templates at which false positives are raised, by series. */
void runs_report_alarms(Report *report,
                        const EvaluationDetector *detector,
                        const GArray *runs,
                        double threshold);

/* The figures of the tables, and the curves of the plots. Returns the threshold of the rates. */
double runs_report(Report *report, const EvaluationDetector *detector, const GArray *runs);

/* Areas under ROC alone. */
void runs_report_areas(Report *report, const EvaluationDetector *detector, const GArray *runs);

/* Early detections and false positives at @threshold alone. */
void runs_report_rates(Report *report,
                       const char *detector,
                       const GArray *runs,
                       const char *scenario,
                       double threshold);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same series, as a log may really come: with lines lost, twice, in another order ... */
#pragma once

#include "detectors.h"
#include "report.h"

/* Rates of @detector at @threshold on each spoiled set. */
gboolean robustness_report(Report *report,
                           EvaluationDetector *detector,
                           const SeriesSet *set,
                           double threshold,
                           GError **error);

/* Areas under ROC of @detector where each fault series ends with a record of template 0, as those
 * do on which the paper ran its baselines: an anomaly of nobody's host, after every failure. */
gboolean robustness_report_last_record(Report *report,
                                       EvaluationDetector *detector,
                                       const SeriesSet *set,
                                       GError **error);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the settings do: M and m to the rates, eta to the time. */
#pragma once

#include "detectors.h"
#include "report.h"

/* Rates over M (training) and m (length) at @threshold. */
gboolean sweep_sizes(Report *report,
                     EvaluationDetector *detector,
                     const SeriesSet *set,
                     double threshold,
                     GError **error);

/* Time and comparisons a record over eta, of the paper's stores and of ours. */
void sweep_similarity(Report *report, const SeriesSet *set);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Anomaly detectors over template numbers behind one interface: reset, then feed record by record.
 */
#pragma once

#include "series.h"

typedef struct _EvaluationDetector EvaluationDetector;

struct _EvaluationDetector {
    const char *name;
    const char *fitted; /* what was fitted, and on what */
    double threshold;   /* for rates; NAN: the one that suits NAB's standard profile best */
    double sweep_top;   /* highest threshold of the ROC */
    const SeriesSet *set;
    gint judge; /* of the set's, -1: none */
    gpointer (*reset)(const EvaluationDetector *self, GError **error);
    double (*feed)(gpointer state, guint32 key);
    void (*free_state)(gpointer state);
};

/* Borrowed from @set. Returns: (transfer full) (element-type EvaluationDetector) */
GArray *evaluation_detectors(const SeriesSet *set);

/* EXPoSE with exact kernel sums; KNN-CAD with NAB's parameters. */
gpointer expose_reset(const EvaluationDetector *self, GError **error);
double expose_feed(gpointer state, guint32 key);
void expose_free(gpointer state);
gpointer knncad_reset(const EvaluationDetector *self, GError **error);
double knncad_feed(gpointer state, guint32 key);
void knncad_free(gpointer state);

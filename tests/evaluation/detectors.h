/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Anomaly detectors over template numbers behind one interface: reset, then feed record by record.
 */
#pragma once

#include "series.h"

typedef struct _EvaluationDetector EvaluationDetector;

struct _EvaluationDetector {
    char *name;
    const char *fitted; /* what was fitted, and on what */
    double threshold;   /* for rates; NAN: the one that suits NAB's standard profile best */
    double sweep_top;   /* highest threshold of the ROC */
    const SeriesSet *set;
    gint judge; /* of the set's, -1: none */
    /* @series: for what a benchmark hands over in advance (the range of the values, the records'
     * times); the state borrows it. A detector that could run as it stands looks at none of it. */
    gpointer (*reset)(const EvaluationDetector *self, const Series *series, GError **error);
    double (*feed)(gpointer state, guint32 key);
    void (*free_state)(gpointer state);
    /* Of a detector that learns from the whole set first: called once, before the first reset. */
    gpointer (*fit)(const SeriesSet *set);
    void (*free_model)(gpointer model);
    gpointer model;
};

/* Borrowed from @set. Returns: (transfer full) (element-type EvaluationDetector) */
GArray *evaluation_detectors(const SeriesSet *set);

/* Fits @self if that is still to do. Returns: (transfer full): a score for each record. */
double *evaluation_detector_score(EvaluationDetector *self, const Series *series, GError **error);

/* EXPoSE with exact kernel sums; KNN-CAD with NAB's parameters. */
gpointer expose_reset(const EvaluationDetector *self, const Series *series, GError **error);
double expose_feed(gpointer state, guint32 key);
void expose_free(gpointer state);
gpointer knncad_reset(const EvaluationDetector *self, const Series *series, GError **error);
double knncad_feed(gpointer state, guint32 key);
void knncad_free(gpointer state);

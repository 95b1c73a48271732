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
    gint judge;             /* of the set's, -1: none */
    guint length, training; /* m and M where a sweep sets them; 0: the detector's own */
    guint64 seed;           /* of one that draws; 0: its own */
    /* @series: for what a benchmark hands over in advance (the range of the values, the records'
     * times); the state borrows it. A detector that could run as it stands looks at none of it. */
    gpointer (*reset)(const EvaluationDetector *self, const Series *series, GError **error);
    double (*feed)(gpointer state, guint32 key);
    void (*free_state)(gpointer state);
    /* What all series share: a judge, or what is learned from the whole set. Called once, before
     * the first reset. */
    gpointer (*fit)(const SeriesSet *set);
    void (*free_model)(gpointer model);
    gpointer model;
};

/* Borrowed from @set. Returns: (transfer full) (element-type EvaluationDetector) */
GArray *evaluation_detectors(const SeriesSet *set);

/* Fits @self if that is still to do. Returns: (transfer full): a score for each record. */
double *evaluation_detector_score(EvaluationDetector *self, const Series *series, GError **error);

/* As it ships, but the judge knows nothing of the class that a series' scenario is of, by what
 * `leave-class-out` made in the folder that this variable names; without it there is no such row.
 * A benign series belongs to no class: it meets each of the judges, and the highest score counts.
 */
#define OMEN_UNKNOWN_FOLDERS "OMEN_EVALUATION_UNKNOWN"

gpointer omen_unknown_fit(const SeriesSet *set);
void omen_unknown_free_model(gpointer model);
gpointer omen_unknown_reset(const EvaluationDetector *self, const Series *series, GError **error);
double omen_unknown_feed(gpointer state, guint32 key);
void omen_unknown_free(gpointer state);

/* HTM with NAB's parameters and the plain temporal memory. */
gpointer htm_reset(const EvaluationDetector *self, const Series *series, GError **error);
double htm_feed(gpointer state, guint32 key);
void htm_free(gpointer state);

/* ARTime, with the downsampling of a probation of 150: none. */
gpointer artime_reset(const EvaluationDetector *self, const Series *series, GError **error);
double artime_feed(gpointer state, guint32 key);
void artime_free(gpointer state);

/* DeepLog's log-key model, trained on the normal records of the other half of the set, or on the
 * first records of all, which are never scored. */
gpointer deeplog_fit(const SeriesSet *set);
gpointer deeplog_first_fit(const SeriesSet *set);
void deeplog_free_model(gpointer model);
gpointer deeplog_reset(const EvaluationDetector *self, const Series *series, GError **error);
double deeplog_feed(gpointer state, guint32 key);
void deeplog_free(gpointer state);

/* EXPoSE with NAB's random features. */
gpointer expose_sampled_fit(const SeriesSet *set);
void expose_sampled_free_model(gpointer model);
gpointer expose_sampled_reset(const EvaluationDetector *self, const Series *series, GError **error);
double expose_sampled_feed(gpointer state, guint32 key);
void expose_sampled_free(gpointer state);

/* EXPoSE with exact kernel sums; KNN-CAD with NAB's parameters. */
gpointer expose_reset(const EvaluationDetector *self, const Series *series, GError **error);
double expose_feed(gpointer state, guint32 key);
void expose_free(gpointer state);
gpointer knncad_reset(const EvaluationDetector *self, const Series *series, GError **error);
double knncad_feed(gpointer state, guint32 key);
void knncad_free(gpointer state);

/* The paper's detector, a recorded judge by itself, and what needs no detector. */
gpointer paper_reset(const EvaluationDetector *self, const Series *series, GError **error);
double paper_feed(gpointer state, guint32 key);
void paper_free(gpointer state);
gpointer judge_only_reset(const EvaluationDetector *self, const Series *series, GError **error);
double judge_only_feed(gpointer state, guint32 key);
void judge_only_free(gpointer state);
gpointer naive_reset(const EvaluationDetector *self, const Series *series, GError **error);
double oracle_feed(gpointer state, guint32 key);
double alarm_feed(gpointer state, guint32 key);

/* What ships, and what is left of it when a part is taken away. */
gpointer omen_judge_fit(const SeriesSet *set);
gpointer omen_reset(const EvaluationDetector *self, const Series *series, GError **error);
gpointer
omen_unlearning_reset(const EvaluationDetector *self, const Series *series, GError **error);
gpointer omen_recorded_reset(const EvaluationDetector *self, const Series *series, GError **error);
double omen_feed(gpointer state, guint32 key);
void omen_free(gpointer state);
gpointer omen_judged_reset(const EvaluationDetector *self, const Series *series, GError **error);
double omen_judged_feed(gpointer state, guint32 key);
void omen_judged_free(gpointer state);
gpointer omen_profile_reset(const EvaluationDetector *self, const Series *series, GError **error);
double omen_profile_feed(gpointer state, guint32 key);
double omen_profile_learning_feed(gpointer state, guint32 key);
void omen_profile_state_free(gpointer state);

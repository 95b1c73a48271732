/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detectors.h"

#include <math.h>

#include <virt-omen/detector.h>

#define BY_NAB "threshold of the rates, by NAB on these series"

typedef struct {
    const char *format; /* of the name, with the judge's */
    EvaluationDetector kind;
} Judged;

/* A row for each recorded judge. */
static const Judged judged[] = {
    {"VMFT-LAD with %s",
     {.fitted = "nothing",
      .threshold = 0.15, /* the paper's, as the end of its sweep */
      .sweep_top = 0.35,
      .reset = paper_reset,
      .feed = paper_feed,
      .free_state = paper_free}},
    {"%s alone",
     {.fitted = "nothing",
      .threshold = 0.5,
      .sweep_top = 1,
      .reset = judge_only_reset,
      .feed = judge_only_feed,
      .free_state = judge_only_free}},
    {"virt-omen with %s",
     {.fitted = "nothing",
      .threshold = OMEN_DECISION_THRESHOLD,
      .sweep_top = 1,
      .reset = omen_recorded_reset,
      .feed = omen_feed,
      .free_state = omen_free}},
};

static const EvaluationDetector unjudged[] = {
    {
        .name = (char *) "virt-omen",
        .fitted = "nothing of these series",
        .threshold = OMEN_DECISION_THRESHOLD,
        .sweep_top = 1,
        .reset = omen_reset,
        .feed = omen_feed,
        .free_state = omen_free,
        .fit = omen_judge_fit,
        .free_model = g_object_unref,
    },
    {
        .name = (char *) "virt-omen without learning",
        .fitted = "nothing of these series",
        .threshold = OMEN_DECISION_THRESHOLD,
        .sweep_top = 1,
        .reset = omen_unlearning_reset,
        .feed = omen_feed,
        .free_state = omen_free,
        .fit = omen_judge_fit,
        .free_model = g_object_unref,
    },
    {
        .name = (char *) "virt-omen without novelty",
        .fitted = "nothing of these series",
        .threshold = OMEN_DECISION_THRESHOLD,
        .sweep_top = 1,
        .reset = omen_judged_reset,
        .feed = omen_judged_feed,
        .free_state = omen_judged_free,
        .fit = omen_judge_fit,
        .free_model = g_object_unref,
    },
    {
        .name = (char *) "virt-omen, class unknown to the judge",
        .fitted = "nothing of these series; of each scenario's class the judge knows nothing",
        .threshold = OMEN_DECISION_THRESHOLD,
        .sweep_top = 1,
        .reset = omen_unknown_reset,
        .feed = omen_unknown_feed,
        .free_state = omen_unknown_free,
        .fit = omen_unknown_fit,
        .free_model = omen_unknown_free_model,
    },
    {
        .name = (char *) "virt-omen without judge",
        .fitted = BY_NAB,
        .threshold = NAN,
        .sweep_top = 1,
        .reset = omen_profile_reset,
        .feed = omen_profile_feed,
        .free_state = omen_profile_state_free,
    },
    {
        .name = (char *) "virt-omen without judge, learning all",
        .fitted = BY_NAB,
        .threshold = NAN,
        .sweep_top = 1,
        .reset = omen_profile_reset,
        .feed = omen_profile_learning_feed,
        .free_state = omen_profile_state_free,
    },
    {
        .name = (char *) "VMFT-LAD",
        .fitted = BY_NAB,
        .threshold = NAN,
        .sweep_top = 0.35,
        .reset = paper_reset,
        .feed = paper_feed,
        .free_state = paper_free,
    },
    {
        .name = (char *) "HTM",
        .fitted =
            "threshold of the rates, by NAB on these series; told each series' range of values",
        .threshold = NAN,
        .sweep_top = 1,
        .reset = htm_reset,
        .feed = htm_feed,
        .free_state = htm_free,
    },
    {
        .name = (char *) "ARTime",
        .fitted =
            "threshold of the rates, by NAB on these series; told each series' range of values",
        .threshold = NAN,
        .sweep_top = 1,
        .reset = artime_reset,
        .feed = artime_feed,
        .free_state = artime_free,
    },
    {
        .name = (char *) "DeepLog",
        .fitted =
            "its LSTM, for each half of these series on the other's records before the label; "
            "threshold of the rates, by NAB on these series",
        .threshold = NAN,
        .sweep_top = 1,
        .reset = deeplog_reset,
        .feed = deeplog_feed,
        .free_state = deeplog_free,
        .fit = deeplog_fit,
        .free_model = deeplog_free_model,
    },
    {
        .name = (char *) "DeepLog, first records",
        .fitted = "its LSTM, on the unscored first 150 records of all of these series; "
                  "threshold of the rates, by NAB on these series",
        .threshold = NAN,
        .sweep_top = 1,
        .reset = deeplog_reset,
        .feed = deeplog_feed,
        .free_state = deeplog_free,
        .fit = deeplog_first_fit,
        .free_model = deeplog_free_model,
    },
    {
        .name = (char *) "EXPoSE",
        .fitted = BY_NAB,
        .threshold = NAN,
        .sweep_top = 1,
        .reset = expose_sampled_reset,
        .feed = expose_sampled_feed,
        .free_state = expose_sampled_free,
        .fit = expose_sampled_fit,
        .free_model = expose_sampled_free_model,
    },
    {
        .name = (char *) "EXPoSE, exact sums",
        .fitted = "threshold of the rates, by NAB on these series",
        .threshold = NAN,
        .sweep_top = 1,
        .reset = expose_reset,
        .feed = expose_feed,
        .free_state = expose_free,
    },
    {
        .name = (char *) "KNN-CAD",
        .fitted = BY_NAB,
        .threshold = NAN,
        .sweep_top = 1,
        .reset = knncad_reset,
        .feed = knncad_feed,
        .free_state = knncad_free,
    },
    {
        .name = (char *) "oracle",
        .fitted = "nothing: it knows the labels",
        .threshold = 0.5,
        .sweep_top = 1,
        .reset = naive_reset,
        .feed = oracle_feed,
        .free_state = g_free,
    },
    {
        .name = (char *) "alarm at every record",
        .fitted = "nothing",
        .threshold = 0.5,
        .sweep_top = 1,
        .reset = naive_reset,
        .feed = alarm_feed,
        .free_state = g_free,
    },
};

static char *
name_judged(const char *format, const char *judge)
{
    g_auto(GStrv) parts = g_strsplit(format, "%s", 2);

    return g_strconcat(parts[0], judge, parts[1], NULL);
}

static void
detector_clear(gpointer data)
{
    EvaluationDetector *self = data;

    if (self->model)
        self->free_model(self->model);
    g_free(self->name);
}

GArray *
evaluation_detectors(const SeriesSet *set)
{
    GArray *detectors = g_array_new(FALSE, FALSE, sizeof(EvaluationDetector));

    g_array_set_clear_func(detectors, detector_clear);
    for (guint i = 0; i < G_N_ELEMENTS(unjudged); i++) {
        EvaluationDetector detector = unjudged[i];

        if (detector.fit == omen_unknown_fit && !g_getenv(OMEN_UNKNOWN_FOLDERS))
            continue;
        detector.name = g_strdup(detector.name);
        detector.set = set;
        detector.judge = -1;
        g_array_append_val(detectors, detector);
    }
    for (guint i = 0; i < G_N_ELEMENTS(judged) * set->judges->len; i++) {
        const Judged *row = &judged[i / set->judges->len];
        EvaluationDetector detector = row->kind;

        detector.judge = (gint) (i % set->judges->len);
        detector.name = name_judged(row->format, set->judges->pdata[detector.judge]);
        detector.set = set;
        g_array_append_val(detectors, detector);
    }
    return detectors;
}

double *
evaluation_detector_score(EvaluationDetector *self, const Series *series, GError **error)
{
    gpointer state = NULL;
    double *scores = NULL;

    if (self->fit && !self->model)
        self->model = self->fit(self->set);
    state = self->reset(self, series, error);
    if (!state)
        return NULL;
    scores = g_new0(double, MAX(series->keys->len, 1));
    for (guint i = 0; i < series->keys->len; i++)
        scores[i] = self->feed(state, g_array_index(series->keys, guint32, i));
    self->free_state(state);
    return scores;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detectors.h"
#include "scorer.h"

#include <math.h>

#include <virt-omen/detector.h>

#define PAPER_THRESHOLD 0.15

/* The paper's profile, alone or with a recorded judge: a stretch that the judge calls benign is
 * learned and scores 0, one that holds a failure sign scores 1. */
typedef struct {
    const EvaluationDetector *kind;
    OmenProfile *profile;
} Paper;

static gpointer
paper_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    Paper *state = g_new0(Paper, 1);

    config.metric = OMEN_METRIC_PAPER;
    state->kind = self;
    state->profile = omen_profile_new(&config);
    return state;
}

static double
paper_feed(gpointer state, guint32 key)
{
    Paper *self = state;
    guint32 keys[OMEN_PROFILE_MAX_LENGTH];
    OmenScore score;
    guint n = 0;

    omen_profile_push(self->profile, key, &score);
    if (self->kind->judge < 0 || score.distance < PAPER_THRESHOLD)
        return self->kind->judge < 0 ? score.distance : 0;
    n = omen_profile_get_current(self->profile, keys);
    for (guint i = 0; i < n; i++)
        if (series_set_verdict(self->kind->set, (guint) self->kind->judge, keys[i]))
            return 1;
    omen_profile_learn(self->profile);
    return 0;
}

static void
paper_free(gpointer state)
{
    Paper *self = state;

    omen_profile_free(self->profile);
    g_free(self);
}

/* A recorded verdict on a template that the training part did not hold, and nothing else. */
typedef struct {
    const EvaluationDetector *kind;
    GHashTable *known;
    guint n;
} JudgeOnly;

static gpointer
judge_only_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    JudgeOnly *state = g_new0(JudgeOnly, 1);

    state->kind = self;
    state->known = g_hash_table_new(NULL, NULL);
    return state;
}

static double
judge_only_feed(gpointer state, guint32 key)
{
    JudgeOnly *self = state;

    if (self->n++ < EVALUATION_PROBATION)
        g_hash_table_add(self->known, GUINT_TO_POINTER(key));
    return series_set_verdict(self->kind->set, (guint) self->kind->judge, key) &&
           !g_hash_table_contains(self->known, GUINT_TO_POINTER(key));
}

static void
judge_only_free(gpointer state)
{
    JudgeOnly *self = state;

    g_hash_table_unref(self->known);
    g_free(self);
}

/* What ships. */
typedef struct {
    const SeriesSet *set;
    OmenDetector *detector;
} Omen;

static gpointer
omen_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(OmenJudge) judge = omen_judge_new("embedded", OMEN_EVALUATION_KNOWLEDGE, error);
    OmenDetector *detector =
        judge ? omen_detector_new(&config, OMEN_PROVENANCE_HOST, judge, error) : NULL;
    Omen *state = NULL;

    if (!detector)
        return NULL;
    state = g_new0(Omen, 1);
    state->set = self->set;
    state->detector = detector;
    return state;
}

static double
omen_feed(gpointer state, guint32 key)
{
    Omen *self = state;
    OmenDecision decision;

    omen_detector_push_key(self->detector, key, series_set_text(self->set, key), &decision);
    return decision.score;
}

static void
omen_free(gpointer state)
{
    Omen *self = state;

    omen_detector_free(self->detector);
    g_free(self);
}

static void
add_judged(GArray *detectors, const SeriesSet *set)
{
    for (guint i = 0; i < set->judges->len; i++) {
        const char *judge = set->judges->pdata[i];
        EvaluationDetector with = {
            .name = g_strdup_printf("VMFT-LAD with %s", judge),
            .fitted = "nothing",
            .threshold = 0.5,
            .sweep_top = 1,
            .set = set,
            .judge = (gint) i,
            .reset = paper_reset,
            .feed = paper_feed,
            .free_state = paper_free,
        };
        EvaluationDetector only = {
            .name = g_strdup_printf("%s alone", judge),
            .fitted = "nothing",
            .threshold = 0.5,
            .sweep_top = 1,
            .set = set,
            .judge = (gint) i,
            .reset = judge_only_reset,
            .feed = judge_only_feed,
            .free_state = judge_only_free,
        };

        g_array_append_val(detectors, with);
        g_array_append_val(detectors, only);
    }
}

static const EvaluationDetector unjudged[] = {
    {
        .name = (char *) "virt-omen",
        .fitted = "nothing of these series",
        .threshold = 0.5,
        .sweep_top = 1,
        .reset = omen_reset,
        .feed = omen_feed,
        .free_state = omen_free,
    },
    {
        .name = (char *) "VMFT-LAD",
        .fitted = "threshold of the rates, by NAB on these series",
        .threshold = NAN,
        .sweep_top = 0.35,
        .reset = paper_reset,
        .feed = paper_feed,
        .free_state = paper_free,
    },
    {
        .name = (char *) "EXPoSE",
        .fitted = "threshold of the rates, by NAB on these series",
        .threshold = NAN,
        .sweep_top = 1,
        .reset = expose_reset,
        .feed = expose_feed,
        .free_state = expose_free,
    },
    {
        .name = (char *) "KNN-CAD",
        .fitted = "threshold of the rates, by NAB on these series",
        .threshold = NAN,
        .sweep_top = 1,
        .reset = knncad_reset,
        .feed = knncad_feed,
        .free_state = knncad_free,
    },
};

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

        detector.name = g_strdup(detector.name);
        detector.set = set;
        detector.judge = -1;
        g_array_append_val(detectors, detector);
    }
    add_judged(detectors, set);
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

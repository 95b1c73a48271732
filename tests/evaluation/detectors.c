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
paper_reset(const EvaluationDetector *self, GError **error)
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
judge_only_reset(const EvaluationDetector *self, GError **error)
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
omen_reset(const EvaluationDetector *self, GError **error)
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
        EvaluationDetector with = {g_strdup_printf("VMFT-LAD with %s", judge),
                                   "nothing",
                                   0.5,
                                   1,
                                   set,
                                   (gint) i,
                                   paper_reset,
                                   paper_feed,
                                   paper_free};
        EvaluationDetector only = {g_strdup_printf("%s alone", judge),
                                   "nothing",
                                   0.5,
                                   1,
                                   set,
                                   (gint) i,
                                   judge_only_reset,
                                   judge_only_feed,
                                   judge_only_free};

        g_array_append_val(detectors, with);
        g_array_append_val(detectors, only);
    }
}

GArray *
evaluation_detectors(const SeriesSet *set)
{
    GArray *detectors = g_array_new(FALSE, FALSE, sizeof(EvaluationDetector));
    const EvaluationDetector plain[] = {
        {g_strdup("virt-omen"), "nothing of these series", 0.5, 1, set, -1, omen_reset, omen_feed,
         omen_free},
        {g_strdup("VMFT-LAD"), "threshold of the rates, by NAB on these series", NAN, 0.35, set, -1,
         paper_reset, paper_feed, paper_free},
        {g_strdup("EXPoSE"), "threshold of the rates, by NAB on these series", NAN, 1, set, -1,
         expose_reset, expose_feed, expose_free},
        {g_strdup("KNN-CAD"), "threshold of the rates, by NAB on these series", NAN, 1, set, -1,
         knncad_reset, knncad_feed, knncad_free},
    };

    g_array_append_vals(detectors, plain, G_N_ELEMENTS(plain));
    add_judged(detectors, set);
    return detectors;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ships, and what is left of it when a part is taken away. */
#include "detectors.h"
#include "scorer.h"

#include "judge/recorded-judge.h"

#include <virt-omen/detector.h>
#include <virt-omen/text.h>

typedef struct {
    const SeriesSet *set;
    OmenDetector *detector;
} Omen;

gpointer
omen_judge_fit(G_GNUC_UNUSED const SeriesSet *set)
{
    return omen_judge_new("embedded", OMEN_EVALUATION_KNOWLEDGE, NULL);
}

static gpointer
omen_new(const EvaluationDetector *self, OmenJudge *judge, double threshold, GError **error)
{
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    OmenDetector *detector = NULL;
    Omen *state = NULL;

    if (!judge) {
        g_set_error_literal(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE,
                            "the judge's knowledge can't be read from " OMEN_EVALUATION_KNOWLEDGE);
        return NULL;
    }
    config.threshold = threshold;
    if (self->length > 0)
        config.profile.length = self->length;
    if (self->training > 0)
        config.profile.training = self->training;
    detector = omen_detector_new(&config, OMEN_PROVENANCE_HOST, judge, error);
    if (!detector)
        return NULL;
    state = g_new0(Omen, 1);
    state->set = self->set;
    state->detector = detector;
    return state;
}

gpointer
omen_reset(const EvaluationDetector *self, G_GNUC_UNUSED const Series *series, GError **error)
{
    return omen_new(self, self->model, OMEN_DECISION_THRESHOLD, error);
}

/* Where everything is an omen, nothing is benign, so nothing is learned; the scores are the same.
 */
gpointer
omen_unlearning_reset(const EvaluationDetector *self,
                      G_GNUC_UNUSED const Series *series,
                      GError **error)
{
    return omen_new(self, self->model, 0, error);
}

/* With a language model's recorded verdicts in the place of the embedded judge. A bare "yes" is not
 * certain enough to outweigh that a line is normal here. */
#define YES 0.89

gpointer
omen_recorded_reset(const EvaluationDetector *self,
                    G_GNUC_UNUSED const Series *series,
                    GError **error)
{
    g_autoptr(OmenRecordedJudge) judge = omen_recorded_judge_new();

    for (guint32 key = 0; key < self->set->templates->len; key++) {
        const char *text = series_set_text(self->set, key);
        g_autofree char *clean = omen_text_sanitise(text, -1, OMEN_RECORDED_TEXT_MAX);

        if (*clean != '\0' && series_set_verdict(self->set, (guint) self->judge, key))
            omen_recorded_judge_add(judge, clean, YES);
    }
    return omen_new(self, OMEN_JUDGE(judge), OMEN_DECISION_THRESHOLD, error);
}

double
omen_feed(gpointer state, guint32 key)
{
    Omen *self = state;
    OmenDecision decision;

    omen_detector_push_key(self->detector, key, series_set_text(self->set, key), &decision);
    return decision.score;
}

void
omen_free(gpointer state)
{
    Omen *self = state;

    omen_detector_free(self->detector);
    g_free(self);
}

/* Without novelty: each line counts for what the judge says of it, known here or not. */
typedef struct {
    const EvaluationDetector *kind;
    GHashTable *probabilities; /* of a template number: double */
    guint n;
} Judged;

gpointer
omen_judged_reset(const EvaluationDetector *self,
                  G_GNUC_UNUSED const Series *series,
                  G_GNUC_UNUSED GError **error)
{
    Judged *state = g_new0(Judged, 1);

    state->kind = self;
    state->probabilities = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return state;
}

static double
judge_template(const Judged *self, guint32 key)
{
    OmenEvidence evidence = {OMEN_PROVENANCE_HOST, OMEN_PRIORITY_INFO, "",
                             series_set_text(self->kind->set, key)};
    double *known = g_hash_table_lookup(self->probabilities, GUINT_TO_POINTER(key));
    OmenVerdict verdict;

    if (known)
        return *known;
    omen_judge_judge(self->kind->model, &evidence, &verdict);
    known = g_new(double, 1);
    *known = verdict.probability;
    g_hash_table_insert(self->probabilities, GUINT_TO_POINTER(key), known);
    return *known;
}

double
omen_judged_feed(gpointer state, guint32 key)
{
    Judged *self = state;

    return self->n++ < EVALUATION_PROBATION ? 0 : judge_template(self, key);
}

void
omen_judged_free(gpointer state)
{
    Judged *self = state;

    g_hash_table_unref(self->probabilities);
    g_free(self);
}

/* Without a judge: the distance from what is normal. Nothing calls a stretch benign, so all that is
 * met joins what is normal, or nothing does. */
gpointer
omen_profile_reset(G_GNUC_UNUSED const EvaluationDetector *self,
                   G_GNUC_UNUSED const Series *series,
                   G_GNUC_UNUSED GError **error)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;

    return omen_profile_new(&config);
}

double
omen_profile_feed(gpointer state, guint32 key)
{
    OmenScore score;

    omen_profile_push(state, key, &score);
    return score.distance;
}

double
omen_profile_learning_feed(gpointer state, guint32 key)
{
    OmenScore score;

    omen_profile_push(state, key, &score);
    if (score.anomalous)
        omen_profile_learn(state);
    return score.distance;
}

void
omen_profile_state_free(gpointer state)
{
    omen_profile_free(state);
}

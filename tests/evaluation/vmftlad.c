/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paper's detector, alone or with what a language model said of each template, and that saying
 * by itself. */
#include "detectors.h"
#include "scorer.h"

#include <virt-omen/profile.h>

/* With a judge, a subsequence scores its distance if the judge calls one of its templates a sign of
 * failure, else 0. Nothing is learned after the training. */
typedef struct {
    const EvaluationDetector *kind;
    OmenProfile *profile;
} Paper;

gpointer
paper_reset(const EvaluationDetector *self,
            G_GNUC_UNUSED const Series *series,
            G_GNUC_UNUSED GError **error)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    Paper *state = g_new0(Paper, 1);

    config.metric = OMEN_METRIC_PAPER;
    if (self->length > 0)
        config.length = self->length;
    if (self->training > 0)
        config.training = self->training;
    state->kind = self;
    state->profile = omen_profile_new(&config);
    return state;
}

double
paper_feed(gpointer state, guint32 key)
{
    Paper *self = state;
    guint32 keys[OMEN_PROFILE_MAX_LENGTH];
    OmenScore score;
    guint n = 0;

    omen_profile_push(self->profile, key, &score);
    if (self->kind->judge < 0)
        return score.distance;
    n = omen_profile_get_current(self->profile, keys);
    for (guint i = 0; i < n; i++)
        if (series_set_verdict(self->kind->set, (guint) self->kind->judge, keys[i]))
            return score.distance;
    return 0;
}

void
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

gpointer
judge_only_reset(const EvaluationDetector *self,
                 G_GNUC_UNUSED const Series *series,
                 G_GNUC_UNUSED GError **error)
{
    JudgeOnly *state = g_new0(JudgeOnly, 1);

    state->kind = self;
    state->known = g_hash_table_new(NULL, NULL);
    return state;
}

double
judge_only_feed(gpointer state, guint32 key)
{
    JudgeOnly *self = state;

    if (self->n++ < EVALUATION_PROBATION)
        g_hash_table_add(self->known, GUINT_TO_POINTER(key));
    return series_set_verdict(self->kind->set, (guint) self->kind->judge, key) &&
           !g_hash_table_contains(self->known, GUINT_TO_POINTER(key));
}

void
judge_only_free(gpointer state)
{
    JudgeOnly *self = state;

    g_hash_table_unref(self->known);
    g_free(self);
}

/* The two ends of the scale. */
typedef struct {
    const Series *series;
    gssize n;
} Naive;

gpointer
naive_reset(G_GNUC_UNUSED const EvaluationDetector *self,
            const Series *series,
            G_GNUC_UNUSED GError **error)
{
    Naive *state = g_new0(Naive, 1);

    state->series = series;
    return state;
}

double
oracle_feed(gpointer state, G_GNUC_UNUSED guint32 key)
{
    Naive *self = state;

    return self->n++ == self->series->label;
}

double
alarm_feed(G_GNUC_UNUSED gpointer state, G_GNUC_UNUSED guint32 key)
{
    return 1;
}

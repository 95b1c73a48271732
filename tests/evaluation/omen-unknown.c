/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ships, with a judge that knows nothing of the failure that is to come. */
#include "detectors.h"

#include <string.h>
#include <virt-omen/detector.h>

static const struct {
    const char *scenario;
    const char *group; /* of leave-class-out */
} groups[] = {
    {"hdd", "storage"},
    {"buffer-io", "storage"},
    {"oom", "oom"},
    {"cpu", "cpu"},
};

#define N_GROUPS G_N_ELEMENTS(groups)

/* A judge for each scenario; NULL where its knowledge can't be read. */
typedef struct {
    OmenJudge *judges[N_GROUPS];
} Model;

typedef struct {
    const SeriesSet *set;
    OmenDetector *detectors[N_GROUPS]; /* NULL: that class is not left out here */
} State;

gpointer
omen_unknown_fit(G_GNUC_UNUSED const SeriesSet *set)
{
    Model *model = g_new0(Model, 1);

    for (gsize i = 0; i < N_GROUPS; i++) {
        g_autofree char *folder = g_build_filename(g_getenv(OMEN_UNKNOWN_FOLDERS), groups[i].group,
                                                   "data", "knowledge", NULL);
        model->judges[i] = omen_judge_new("embedded", folder, NULL);
    }
    return model;
}

void
omen_unknown_free_model(gpointer data)
{
    Model *model = data;

    for (gsize i = 0; i < N_GROUPS; i++)
        g_clear_object(&model->judges[i]);
    g_free(model);
}

/* Two scenarios may be of one class: a benign series needs it once. */
static gboolean
is_left_out(const Series *series, gsize group)
{
    if (strcmp(series->scenario, "benign") != 0)
        return strcmp(series->scenario, groups[group].scenario) == 0;
    return group == 0 || strcmp(groups[group].group, groups[group - 1].group) != 0;
}

static gboolean
add_detector(State *state, const Model *model, gsize group, GError **error)
{
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;

    if (!model->judges[group]) {
        g_set_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE,
                    "no knowledge without the class %s in %s; leave-class-out makes it",
                    groups[group].group, g_getenv(OMEN_UNKNOWN_FOLDERS));
        return FALSE;
    }
    state->detectors[group] =
        omen_detector_new(&config, OMEN_PROVENANCE_HOST, model->judges[group], error);
    return state->detectors[group] != NULL;
}

gpointer
omen_unknown_reset(const EvaluationDetector *self, const Series *series, GError **error)
{
    State *state = g_new0(State, 1);

    state->set = self->set;
    for (gsize i = 0; i < N_GROUPS; i++) {
        if (is_left_out(series, i) && !add_detector(state, self->model, i, error)) {
            omen_unknown_free(state);
            return NULL;
        }
    }
    return state;
}

double
omen_unknown_feed(gpointer data, guint32 key)
{
    State *state = data;
    double highest = 0;

    for (gsize i = 0; i < N_GROUPS; i++) {
        OmenDecision decision;

        if (!state->detectors[i])
            continue;
        omen_detector_push_key(state->detectors[i], key, series_set_text(state->set, key),
                               &decision);
        highest = MAX(highest, decision.score);
    }
    return highest;
}

void
omen_unknown_free(gpointer data)
{
    State *state = data;

    for (gsize i = 0; i < N_GROUPS; i++)
        g_clear_pointer(&state->detectors[i], omen_detector_free);
    g_free(state);
}

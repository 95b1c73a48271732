/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model.h"

#include "configuration.h"
#include "counsel/counsel.h"

struct _Model {
    OmenCounsel *counsel;
    OmenCounselAnswer *answer; /* the last one */
};

Model *
model_new(const char *config, GError **error)
{
    g_autoptr(OmenConfiguration) configuration = omen_configuration_load(config, error);
    OmenCounsel *counsel;
    Model *self;

    if (!configuration)
        return NULL;
    if (!*configuration->llm.url) {
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "the configuration names no model: set [judge] llm_url");
        return NULL;
    }
    counsel = omen_counsel_new(&configuration->llm, error);
    if (!counsel)
        return NULL;
    self = g_new0(Model, 1);
    self->counsel = counsel;
    return self;
}

void
model_free(Model *self)
{
    g_object_unref(self->counsel);
    g_clear_pointer(&self->answer, omen_counsel_answer_free);
    g_free(self);
}

typedef struct {
    OmenCounselAnswer *answer;
    GError *error;
} Outcome;

static void
on_answer(const OmenCounselQuestion *question G_GNUC_UNUSED,
          const OmenCounselAnswer *answer,
          const GError *error,
          gpointer user_data)
{
    Outcome *outcome = user_data;

    if (answer)
        outcome->answer = omen_counsel_answer_copy(answer);
    else
        outcome->error = g_error_copy(error);
}

/* (transfer full): NULL with @error. */
static OmenCounselAnswer *
wait_for_answer(OmenCounsel *counsel, const OmenEvidence *evidence, GError **error)
{
    Outcome outcome = {0};

    if (!omen_counsel_ask(counsel, omen_counsel_question_new(evidence), on_answer, &outcome, NULL,
                          error))
        return NULL;
    while (!outcome.answer && !outcome.error)
        g_main_context_iteration(NULL, TRUE);
    if (outcome.error)
        g_propagate_error(error, outcome.error);
    return outcome.answer;
}

gboolean
model_ask(Model *self, const OmenEvidence *evidence, OmenVerdict *verdict, GError **error)
{
    g_autoptr(OmenCounselQuestion) question = omen_counsel_question_new(evidence);
    const OmenCounselAnswer *known = omen_counsel_recall(self->counsel, question);
    OmenCounselAnswer *answer =
        known ? omen_counsel_answer_copy(known) : wait_for_answer(self->counsel, evidence, error);

    if (!answer)
        return FALSE;
    g_clear_pointer(&self->answer, omen_counsel_answer_free);
    self->answer = answer;
    omen_counsel_answer_to_verdict(answer, question, verdict);
    return TRUE;
}

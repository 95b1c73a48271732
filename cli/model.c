/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model.h"

#include "configuration/configuration.h"
#include "llm/llm.h"

struct _Model {
    OmenLlm *llm;
    OmenLlmAnswer *answer; /* the last one */
};

Model *
model_new(const char *config, GError **error)
{
    g_autoptr(OmenConfiguration) configuration = omen_configuration_load(config, error);
    OmenLlm *llm;
    Model *self;

    if (!configuration)
        return NULL;
    if (!*configuration->llm.url) {
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "no language model is configured: set [judge] llm_url");
        return NULL;
    }
    llm = omen_llm_new(&configuration->llm, error);
    if (!llm)
        return NULL;
    self = g_new0(Model, 1);
    self->llm = llm;
    return self;
}

void
model_free(Model *self)
{
    g_object_unref(self->llm);
    g_clear_pointer(&self->answer, omen_llm_answer_free);
    g_free(self);
}

typedef struct {
    OmenLlmAnswer *answer;
    GError *error;
} Outcome;

static void
on_answer(const OmenLlmQuestion *question G_GNUC_UNUSED,
          const OmenLlmAnswer *answer,
          const GError *error,
          gpointer user_data)
{
    Outcome *outcome = user_data;

    if (answer)
        outcome->answer = omen_llm_answer_copy(answer);
    else
        outcome->error = g_error_copy(error);
}

/* (transfer full): NULL with @error. */
static OmenLlmAnswer *
wait_for_answer(OmenLlm *llm, const OmenEvidence *evidence, GError **error)
{
    Outcome outcome = {0};

    if (!omen_llm_ask(llm, omen_llm_question_new(evidence), on_answer, &outcome, NULL, error))
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
    g_autoptr(OmenLlmQuestion) question = omen_llm_question_new(evidence);
    const OmenLlmAnswer *known = omen_llm_recall(self->llm, question);
    OmenLlmAnswer *answer =
        known ? omen_llm_answer_copy(known) : wait_for_answer(self->llm, evidence, error);

    if (!answer)
        return FALSE;
    g_clear_pointer(&self->answer, omen_llm_answer_free);
    self->answer = answer;
    omen_llm_answer_to_verdict(answer, question, verdict);
    return TRUE;
}

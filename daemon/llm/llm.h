/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A language model that is asked where the embedded judge is not sure: each kind of line once, what
 * it said is remembered, and no more often than the settings allow.
 *
 * Lives on the main context that was the default one of the thread that made it.
 */
#pragma once

#include "llm/llm-client.h"

G_BEGIN_DECLS

#define OMEN_TYPE_LLM (omen_llm_get_type())
G_DECLARE_FINAL_TYPE(OmenLlm, omen_llm, OMEN, LLM, GObject)

typedef struct {
    guint64 n_answered;
    guint64 n_failed;   /* an error, a time-out, or no answer that parses */
    guint64 n_refused;  /* not asked: the budget, the breaker or too many at once */
    guint64 n_recalled; /* not asked: it was known */
    double seconds;     /* waited for those that were answered, in sum */
} OmenLlmCounts;

/* Returns: NULL with @error (OMEN_LLM_ERROR_BAD_SETTING). */
OmenLlm *omen_llm_new(const OmenLlmSettings *settings, GError **error);

/* What was answered to such a question before. (nullable), borrowed until the next call. */
const OmenLlmAnswer *omen_llm_recall(OmenLlm *self, const OmenLlmQuestion *question);

/* @answer is NULL where there is none; then @error says why. */
typedef void (*OmenLlmFunc)(const OmenLlmQuestion *question,
                            const OmenLlmAnswer *answer,
                            const GError *error,
                            gpointer user_data);

/*
 * Asks; takes @question. @function is called once, later, within the time-out, or never if @self is
 * disposed of before; @destroy always.
 * Returns: FALSE with @error (OMEN_LLM_ERROR_SPENT, _OPEN) if it is not asked now; @function is
 * not called then.
 */
gboolean omen_llm_ask(OmenLlm *self,
                      OmenLlmQuestion *question,
                      OmenLlmFunc function,
                      gpointer user_data,
                      GDestroyNotify destroy,
                      GError **error);

void omen_llm_get_counts(const OmenLlm *self, OmenLlmCounts *counts);

/* What is remembered, for a restart, or NULL if nothing changed since the last call. (transfer
 * full) (nullable) */
char *omen_llm_save(OmenLlm *self);

/* FALSE: it is damaged, or of another model, and nothing is taken. */
gboolean omen_llm_restore(OmenLlm *self, const char *saved);

G_END_DECLS

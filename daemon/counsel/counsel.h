/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A language model that is asked where the embedded judge is not sure: each kind of line once, what
 * it said is remembered, and no more often than the settings allow.
 *
 * Lives on the main context that was the default one of the thread that made it.
 */
#pragma once

#include "counsel/counsel-client.h"

G_BEGIN_DECLS

#define OMEN_TYPE_COUNSEL (omen_counsel_get_type())
G_DECLARE_FINAL_TYPE(OmenCounsel, omen_counsel, OMEN, COUNSEL, GObject)

typedef struct {
    guint64 n_answered;
    guint64 n_failed;   /* an error, a time-out, or no answer that parses */
    guint64 n_refused;  /* not asked: the budget, the breaker or too many at once */
    guint64 n_recalled; /* not asked: it was known */
    double seconds;     /* waited for those that were answered, in sum */
} OmenCounselCounts;

/* Returns: NULL with @error (OMEN_COUNSEL_ERROR_BAD_SETTING). */
OmenCounsel *omen_counsel_new(const OmenCounselSettings *settings, GError **error);

/* What was answered to such a question before. (nullable), borrowed until the next call. */
const OmenCounselAnswer *omen_counsel_recall(OmenCounsel *self,
                                             const OmenCounselQuestion *question);

/* @answer is NULL where there is none; then @error says why. */
typedef void (*OmenCounselFunc)(const OmenCounselQuestion *question,
                                const OmenCounselAnswer *answer,
                                const GError *error,
                                gpointer user_data);

/*
 * Asks; takes @question. @function is called once, later, within the time-out, or never if @self is
 * disposed of before; @destroy always.
 * Returns: FALSE with @error (OMEN_COUNSEL_ERROR_SPENT, _OPEN) if it is not asked now; @function is
 * not called then.
 */
gboolean omen_counsel_ask(OmenCounsel *self,
                          OmenCounselQuestion *question,
                          OmenCounselFunc function,
                          gpointer user_data,
                          GDestroyNotify destroy,
                          GError **error);

void omen_counsel_get_counts(const OmenCounsel *self, OmenCounselCounts *counts);

/* What is remembered, for a restart, or NULL if nothing changed since the last call. (transfer
 * full) (nullable) */
char *omen_counsel_save(OmenCounsel *self);

/* FALSE: it is damaged, or of another model, and nothing is taken. */
gboolean omen_counsel_restore(OmenCounsel *self, const char *saved);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks a language model about signs that the embedded judge is not sure of, between the streams and
 * the responder.
 *
 * What the judge is sure of never comes here. A sign that it doubts waits for the answer, no longer
 * than the settings' time-out; without one the judge's word stands. A record that is new and that
 * the judge can't place becomes a sign if the answer says so.
 */
#pragma once

#include "llm/llm.h"
#include "omen/omen.h"
#include "watch/stream.h"

G_BEGIN_DECLS

typedef struct _OmenLlmReview OmenLlmReview;

/* A sign that is left, with what each judge said of it. Takes @detection. */
typedef void (*OmenDetectionFunc)(OmenData *detection, gpointer user_data);

/* @llm is referenced; @function gets the signs that are left. */
OmenLlmReview *omen_llm_review_new(OmenLlm *llm, OmenDetectionFunc function, gpointer user_data);
void omen_llm_review_free(OmenLlmReview *self);

/* A record whose verdict is not sure, omen or not; the latest of @stream. */
void omen_llm_review_take(OmenLlmReview *self,
                          OmenStream *stream,
                          const char *uuid,
                          const char *name,
                          const OmenRecord *record,
                          const OmenDecision *decision);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a language model is asked about a line, and what it answers. Pure.
 *
 * The line is data: one JSON string of bounded length without control characters, in a request of
 * its own. Whatever it says, it can change nothing but the answer about itself: the scope of that
 * answer follows from who wrote the line, which the model is never asked.
 *
 * Two protocols: chat completions as OpenAI, llama.cpp's server, Ollama and vLLM speak them
 * (https://platform.openai.com/docs/api-reference/chat), and zero-shot classification as served for
 * BART-like models (https://huggingface.co/docs/api-inference/tasks/zero-shot-classification).
 */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

#define OMEN_ANSWER_MAX_BYTES 65536 /* of a server's whole reply */

typedef enum {
    OMEN_LLM_CHAT,
    OMEN_LLM_ZERO_SHOT,
} OmenLlmProtocol;

typedef struct {
    OmenProvenance provenance;
    char *identifier;
    char *message;
} OmenLlmQuestion;

/* Copies what is asked, cut to what a model needs. */
OmenLlmQuestion *omen_llm_question_new(const OmenEvidence *evidence);
void omen_llm_question_free(OmenLlmQuestion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenLlmQuestion, omen_llm_question_free)

/* Questions with the same key have the same answer: the line with each number made one digit.
 * (transfer full) */
char *omen_llm_question_dup_key(const OmenLlmQuestion *self);

/* The body of a request, JSON. @with_schema: ask the server to hold the answer to a schema.
 * (transfer full) */
char *omen_llm_question_write(const OmenLlmQuestion *self,
                              OmenLlmProtocol protocol,
                              const char *model,
                              gboolean with_schema);

typedef struct {
    double probability; /* 0..1 that the line is a sign of failure */
    OmenFailureClass failure_class;
    char *reason;   /* in the model's words, made fit to be shown; not NULL */
    guint n_tokens; /* as the server counted them; 0 if it did not say */
} OmenLlmAnswer;

OmenLlmAnswer *
omen_llm_answer_new(double probability, OmenFailureClass failure_class, const char *reason);
OmenLlmAnswer *omen_llm_answer_copy(const OmenLlmAnswer *self);
void omen_llm_answer_free(OmenLlmAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenLlmAnswer, omen_llm_answer_free)

/* What a server replied, of any bytes. Returns: (transfer full): NULL with @error
 * (OMEN_LLM_ERROR_BAD_ANSWER): an answer that does not parse is no answer. */
OmenLlmAnswer *
omen_llm_answer_parse(OmenLlmProtocol protocol, const char *reply, gsize length, GError **error);

/* The answer as a verdict on what was asked; valid as long as the answer. */
void omen_llm_answer_to_verdict(const OmenLlmAnswer *self,
                                const OmenLlmQuestion *question,
                                OmenVerdict *verdict);

#define OMEN_LLM_ERROR (omen_llm_error_quark())
GQuark omen_llm_error_quark(void);

typedef enum {
    OMEN_LLM_ERROR_BAD_ANSWER, /* what came is not what was asked for */
    OMEN_LLM_ERROR_REFUSED,    /* the server says no: a wrong key, model or address */
    OMEN_LLM_ERROR_BUSY,       /* the server says later */
    OMEN_LLM_ERROR_SPENT,      /* the budget of this hour, or the queue, is full */
    OMEN_LLM_ERROR_OPEN,       /* it failed too often lately and is left alone for a while */
    OMEN_LLM_ERROR_BAD_SETTING,
} OmenLlmError;

G_END_DECLS

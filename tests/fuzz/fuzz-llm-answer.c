/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a language model's server may answer, and what a line may hold that it is asked about. */
#include "fuzz.h"
#include "llm/question.h"

static void
take_reply(OmenLlmProtocol protocol, const char *reply, gsize length)
{
    g_autoptr(OmenLlmAnswer) answer = omen_llm_answer_parse(protocol, reply, length, NULL);

    if (answer && !(answer->probability >= 0 && answer->probability <= 1))
        g_error("a probability of %f", answer->probability);
}

static void
ask(const char *line)
{
    const OmenEvidence evidence = {
        .provenance = OMEN_PROVENANCE_GUEST, .identifier = "", .message = line};
    g_autoptr(OmenLlmQuestion) question = omen_llm_question_new(&evidence);

    g_free(omen_llm_question_dup_key(question));
    g_free(omen_llm_question_write(question, OMEN_LLM_CHAT, "model", TRUE));
    g_free(omen_llm_question_write(question, OMEN_LLM_ZERO_SHOT, "model", FALSE));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *line = g_strndup((const char *) data, size);

    take_reply(OMEN_LLM_CHAT, (const char *) data, size);
    take_reply(OMEN_LLM_ZERO_SHOT, (const char *) data, size);
    ask(line);
    return 0;
}

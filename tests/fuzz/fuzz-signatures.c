/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signatures of one's own, words, kinds of words and writers: refused with their line, or used. The
 * parts of the input are those files, then lines to judge. */
#include "fuzz-file.h"

#include "judge/knowledge.h"
#include "judge/writers.h"

static const char *const names[] = {"10-own.signatures", "words.model", "words.kinds", "writers"};

static void
check_match(const OmenPattern *pattern, const char *text)
{
    OmenMatch match;

    if (!omen_pattern_match(pattern, text, text, &match))
        return;
    if (match.begin < text || match.end < match.begin || match.end > text + strlen(text) ||
        !memchr(match.device, '\0', sizeof match.device))
        g_error("a match that is not in the text");
}

static void
judge(OmenJudge *judge, OmenWriters *writers, const char *line)
{
    OmenEvidence evidence = {
        .provenance = OMEN_PROVENANCE_HOST, .identifier = "kernel", .message = line};
    OmenRecord record = {.identifier = "kernel",
                         .identifier_length = 6,
                         .message = line,
                         .message_length = strlen(line),
                         .origin = OMEN_ORIGIN_SYSTEM};
    OmenVerdict verdict;

    omen_judge_judge(judge, &evidence, &verdict);
    if (!(verdict.probability >= 0 && verdict.probability <= 1))
        g_error("a probability of %f", verdict.probability);
    if (writers && omen_writers_prove(writers, judge, &record, &verdict) &&
        !omen_writers_know(writers, &record))
        g_error("proven by nobody");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *parts[G_N_ELEMENTS(names) + 1];
    g_autoptr(OmenKnowledge) knowledge = NULL;
    g_autoptr(OmenWriters) writers = NULL;
    g_autoptr(OmenJudge) own = NULL;

    fuzz_split(data, size, parts, G_N_ELEMENTS(parts));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(fuzz_folder(), names[i], NULL);
        fuzz_write(path, parts[i], strlen(parts[i]));
    }
    knowledge = omen_knowledge_load(fuzz_folder(), NULL);
    writers = omen_writers_load(fuzz_folder(), NULL);
    for (guint i = 0; knowledge && i < knowledge->patterns->len; i++)
        check_match(g_array_index(knowledge->patterns, OmenKnownPattern, i).pattern, parts[4]);
    own = omen_judge_new("embedded", fuzz_folder(), NULL);
    if (!own != !knowledge)
        g_error("a judge of no knowledge");
    if (own)
        judge(own, writers, parts[4]);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        g_free(parts[i]);
    return 0;
}

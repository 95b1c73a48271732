/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The judge's word on a template, asked for once and kept. */
#include "detector/detector-private.h"

#include <string.h>
#include <virt-omen/text.h>

#define MAX_EVIDENCE 1000

/* A zero that stands by itself. */
static gboolean
has_zero(const OmenRecord *record)
{
    const char *text = record->message;
    const char *end = text + record->message_length;

    for (const char *at = text; at < end && (at = memchr(at, '0', (gsize) (end - at))); at++) {
        gboolean begins = at == text || !(g_ascii_isalnum(at[-1]) || at[-1] == '.');
        gboolean ends = at + 1 == end || !(g_ascii_isalnum(at[1]) || at[1] == '.');
        if (begins && ends)
            return TRUE;
    }
    return FALSE;
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static guint32
hash_writer(const OmenRecord *record)
{
    guint32 hash = 2166136261U;

    for (gsize i = 0; i < record->identifier_length; i++)
        hash = (hash ^ (guint8) record->identifier[i]) * 16777619U;
    return hash;
}

/* A line as the judge may see it. */
void
omen_detector_judge_line(OmenDetector *self, const OmenRecord *record, OmenDetectorTemplate *known)
{
    g_autofree char *identifier =
        omen_text_sanitise(record->identifier, (gssize) record->identifier_length, 64);
    g_autofree char *message =
        omen_text_sanitise(record->message, (gssize) record->message_length, MAX_EVIDENCE);
    OmenEvidence evidence = {
        .provenance = self->provenance,
        .priority = record->priority,
        .identifier = identifier,
        .message = message,
    };
    gboolean was_benign;

    was_benign = known->is_judged && known->verdict.probability < 0.5;
    omen_judge_judge(self->judge, &evidence, &known->verdict);
    known->is_judged = TRUE;
    /* What was learnt of it was learnt of other news. */
    if (was_benign && known->verdict.probability >= 0.5)
        known->flags &= (guint8) ~FLAG_NORMAL;
    known->had_zero = has_zero(record);
    known->writer = hash_writer(record);
}

gboolean
omen_detector_is_judged(const OmenDetectorTemplate *known, const OmenRecord *record)
{
    return known->is_judged && known->had_zero == has_zero(record) &&
           known->writer == hash_writer(record);
}

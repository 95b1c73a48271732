/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a detector is made of, for the files that it is written in. */
#pragma once

#include "detector/accepted.h"
#include "detector/boot.h"
#include "detector/learnt.h"
#include "detector/repeat.h"
#include "detector/trend.h"
#include "detector/unknown-failure.h"

#include <virt-omen/detector.h>

/* What is known of a template. */
typedef enum {
    FLAG_NORMAL = 1,      /* it was in the training, or learnt since */
    FLAG_PROVISIONAL = 2, /* only the training of a stream's first day met it, and not often */
} OmenDetectorTemplateFlags;

typedef struct {
    guint8 flags;
    gboolean is_met;
    guint8 n_met;        /* while it is provisional; not saved */
    guint64 first_index; /* of its first record, if that came after the training; else 0 */
    gboolean is_judged;
    gboolean had_zero; /* the judged line held a zero by itself: "0 errors" and "3 errors" are one
                        * template, and not the same news */
    guint32
        writer; /* hash of who wrote the judged line: the same words of another are other news */
    OmenVerdict verdict;
    OmenTemplateWord word; /* an operator's */
} OmenDetectorTemplate;

struct _OmenDetector {
    OmenDetectorConfig config;
    OmenProvenance provenance;
    OmenJudge *judge;
    OmenMiner *miner;
    OmenProfile *profile;
    GHashTable *templates; /* id -> OmenDetectorTemplate */
    OmenTrend *trend;
    OmenRepeat *repeat;
    gint64 began_us; /* of its first record that has a time; 0: none came yet */
    OmenUnknownFailure *unknown;
    OmenLearnt *learnt;
    OmenBoot boot;
    OmenAccepted *accepted;
};

/* Takes @miner and @profile. (transfer full) */
OmenDetector *omen_detector_assemble(const OmenDetectorConfig *config,
                                     OmenProvenance provenance,
                                     OmenJudge *judge,
                                     OmenMiner *miner,
                                     OmenProfile *profile);

/* Borrowed; made if it is not there. */
OmenDetectorTemplate *omen_detector_ensure_template(OmenDetector *self, guint32 id);

/* The template's verdict is of a line like this one: the same zeros, by the same writer. */
gboolean omen_detector_is_judged(const OmenDetectorTemplate *known, const OmenRecord *record);

/* Asks the judge, who sees the line as it may be shown. */
void
omen_detector_judge_line(OmenDetector *self, const OmenRecord *record, OmenDetectorTemplate *known);

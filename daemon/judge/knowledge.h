/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The knowledge base: signatures of failures and of what only looks like one
 * (data/knowledge/README.md). */
#pragma once

#include "judge/literal-finder.h"
#include "judge/pattern.h"
#include "judge/word-model.h"

#include <virt-omen/judge.h>

G_BEGIN_DECLS

typedef struct {
    OmenFailureClass failure_class;
    OmenScope scope;
    double probability;
    gboolean migration_helps;
    guint urgency_s;
    char *reason;
    GPtrArray *patterns; /* OmenPattern */
} OmenSignature;

typedef struct {
    OmenPattern *pattern;           /* borrowed from its signature */
    const OmenSignature *signature; /* borrowed */
    double rank;                    /* its probability, and a little for how special it is */
} OmenKnownPattern;

typedef struct {
    GPtrArray *signatures;     /* OmenSignature */
    GArray *patterns;          /* OmenKnownPattern: of all signatures */
    OmenLiteralFinder *finder; /* finds the patterns' literals; ids are places in @patterns */
    OmenWordModel *words;
} OmenKnowledge;

/* Reads all of @folder. NULL with @error (OMEN_JUDGE_ERROR_BAD_KNOWLEDGE): "FILE:LINE: what is
 * wrong". */
OmenKnowledge *omen_knowledge_load(const char *folder, GError **error);
void omen_knowledge_free(OmenKnowledge *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenKnowledge, omen_knowledge_free)

G_END_DECLS

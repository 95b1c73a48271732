/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What state.db holds, besides the data of omens (omen/omen.h) and evacuations
 * (evacuation/evacuation.h): plain values, strings owned and never NULL.
 */
#pragma once

#include <glib.h>
#include <virt-omen/judge.h>

#include "evacuation/evacuation.h"
#include "omen/omen.h"

G_BEGIN_DECLS

/* What was learnt of a stream, and how far its sources had been read then. Both are one row, so
 * that no record is learnt twice or skipped after a crash. */
typedef struct {
    char *name; /* "host", "domain:UUID", "guest:UUID" */
    OmenProvenance kind;
    gint64 saved_us;
    GVariant *engine;      /* (nullable) omen_detector_save() */
    GHashTable *bookmarks; /* source's name -> omen_source_dup_bookmark(); char * both, owned */
} OmenStreamRow;

OmenStreamRow *omen_stream_row_new(const char *name, OmenProvenance kind);
void omen_stream_row_free(OmenStreamRow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenStreamRow, omen_stream_row_free)

/* What a judge and, after it, an operator said of a template. One a stream, template and omen. */
typedef struct {
    gint64 time_us;
    char *stream;
    guint32 template_id;
    char *template_text;
    char *judge; /* its name */
    double probability;
    OmenFailureClass failure_class;
    guint64 omen_id; /* 0: of no omen */
    char
        *word; /* an operator's: "approved", "dismissed", "cleared", "accepted"; "" if none spoke */
} OmenVerdictRow;

OmenVerdictRow *omen_verdict_row_new(void);
void omen_verdict_row_free(OmenVerdictRow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenVerdictRow, omen_verdict_row_free)

/* All that an earlier life left. Omens and evacuations by rising number. */
typedef struct {
    GPtrArray *streams;     /* OmenStreamRow */
    GPtrArray *omens;       /* OmenData */
    GPtrArray *verdicts;    /* OmenVerdictRow, oldest first */
    GPtrArray *evacuations; /* OmenEvacuationData */
    GHashTable *settings;   /* char * -> char * */
    char *warning;          /* (nullable) what the operator should know: damage, rows skipped */
} OmenStateContents;

OmenStateContents *omen_state_contents_new(void);
void omen_state_contents_free(OmenStateContents *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenStateContents, omen_state_contents_free)

G_END_DECLS

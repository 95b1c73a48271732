/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a replay tells: of each file what was learnt, each anomaly, each omen with its reason. */
#pragma once

#include "input.h"
#include "shadow.h"

G_BEGIN_DECLS

typedef struct Story Story;

/* @quiet: standard output is taken by the scores. */
Story *story_new(gboolean json, gboolean quiet);
void story_free(Story *self);

/* @file: NULL: of unknown length. */
void story_begin(Story *self, const char *name, FILE *file);
void story_tell(Story *self,
                OmenDetector *detector,
                const OmenDecision *decision,
                const char *line,
                gsize length);
/* A bar on standard error, where that is a terminal and the file is long. */
void story_show_progress(Story *self, const Input *input);
void story_end(Story *self, OmenDetector *detector, Shadow *shadow);
void story_finish(Story *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much a line's words sound like a failure: a logistic regression over words, pairs of
 * neighbouring words and kinds of words, fitted offline (data/knowledge/train). Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _OmenWordModel OmenWordModel;

OmenWordModel *omen_word_model_new(void);
void omen_word_model_free(OmenWordModel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenWordModel, omen_word_model_free)

/* Takes a line of the file: "WEIGHT", "WEIGHT WORD" or "WEIGHT WORD NEXT-WORD". FALSE: it is none.
 */
gboolean omen_word_model_add(OmenWordModel *self, const char *line);

/* Takes a line of the file of kinds: "KIND: WORD WORD ...". FALSE: it is none. */
gboolean omen_word_model_add_kind(OmenWordModel *self, const char *line);

/* 0..1; @text in lower case. */
double omen_word_model_predict(const OmenWordModel *self, const char *text);

G_END_DECLS

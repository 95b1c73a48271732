/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a message's place says of the word that stands there: whether it is a value for that alone.
 *
 * Only what stands before and behind is looked at, never how often a word was met: the same line is
 * the same event at any time.
 */
#pragma once

#include "engine/shape-scanner.h"

G_BEGIN_DECLS

/* Whether a word of @length could be one that a value stands after: a quick look. */
static inline gboolean
omen_shape_may_be_keyword(const char *word, gsize length)
{
    return length <= 5 || (length == 7 && *word == 'p');
}

/* The word of @length at @word is about to be put: one that a value stands after? */
OmenShapeKeyword omen_shape_find_keyword(const char *word, gsize length);

static inline void
omen_shape_note_keyword(OmenShapeScanner *self, const char *word, gsize length)
{
    gboolean fits = length == 3 || length == 4 || length == 7;

    self->keyword = fits ? omen_shape_find_keyword(word, length) : KEYWORD_NONE;
    self->keyword_end = self->out;
}

/* Whether the word from @begin to @end, with @n_dots, is a value by its place: "user X", "user=X",
 * "for X from", "process 5 (X)", "type X)", "by X(uid=5)", "=null". */
gboolean omen_shape_look_at_place(const OmenShapeScanner *self,
                                  const char *begin,
                                  const char *end,
                                  guint n_dots);

/* The same, behind a quick look at what no value can do without. */
static inline gboolean
omen_shape_is_value_place(const OmenShapeScanner *self,
                          const char *begin,
                          const char *end,
                          guint n_dots)
{
    char last = self->out[-1];
    gboolean may_be = last == ' ' ? self->keyword || *end == '(' || *begin == 'n'
                                  : last == '=' || last == '(' || last == ':';

    return may_be && omen_shape_look_at_place(self, begin, end, n_dots);
}

G_END_DECLS

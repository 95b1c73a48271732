/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/shape-place.h"

typedef struct {
    const char *text;
    guint length;
} Word;

#define WORD(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static gboolean
is_one_of(const Word *words, const char *text, gsize length)
{
    for (; words->text; words++) {
        if (words->length == length && memcmp(words->text, text, length) == 0)
            return TRUE;
    }
    return FALSE;
}

/* "null" is no value at all, and so is one. "true" and "false" are not: what a flag says is the
 * event. */
static gboolean
is_null(const char *begin, const char *end)
{
    return end - begin == 4 && memcmp(begin, "null", 4) == 0;
}

OmenShapeKeyword
omen_shape_find_keyword(const char *word, gsize length)
{
    static const struct {
        Word word;
        OmenShapeKeyword keyword;
    } keywords[] = {
        {WORD("user"), KEYWORD_USER},       {WORD("User"), KEYWORD_USER},
        {WORD("for"), KEYWORD_FOR},         {WORD("type"), KEYWORD_TYPE},
        {WORD("process"), KEYWORD_PROCESS}, {WORD("pid"), KEYWORD_PROCESS},
        {WORD("PID"), KEYWORD_PROCESS},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(keywords); i++) {
        if (*word == *keywords[i].word.text && length == keywords[i].word.length &&
            memcmp(word, keywords[i].word.text, length) == 0)
            return keywords[i].keyword;
    }
    return KEYWORD_NONE;
}

/* Whether the key before the "=" that the text ends with is one of those whose value is a name. */
static gboolean
is_name_key(const OmenShapeScanner *self)
{
    static const Word keys[] = {
        WORD("user"), WORD("ruser"), WORD("username"), WORD("logname"),
        WORD("name"), WORD("host"),  WORD("rhost"),    WORD("hostname"),
        WORD("acct"), WORD("comm"),  WORD("exe"),      WORD("vm"),
        WORD("tty"),  WORD("dev"),   WORD("tclass"),   {NULL, 0},
    };
    const char *end = self->out - 1;
    const char *begin = end;

    while (begin > self->shape->text &&
           omen_byte_get_class(begin[-1]) & (OMEN_BYTE_ALNUM | OMEN_BYTE_JOIN))
        begin--;
    return is_one_of(keys, begin, (gsize) (end - begin));
}

/* "process 5 (X)" */
static gboolean
is_process_name(const OmenShapeScanner *self)
{
    static const char behind[] = " \1 (";

    return self->keyword == KEYWORD_PROCESS && self->out == self->keyword_end + sizeof behind - 1 &&
           memcmp(self->keyword_end, behind, sizeof behind - 1) == 0;
}

gboolean
omen_shape_look_at_place(const OmenShapeScanner *self,
                         const char *begin,
                         const char *end,
                         guint n_dots)
{
    switch (self->out[-1]) {
    case '=':
        return n_dots > 0 || is_null(begin, end) || is_name_key(self);
    case '(':
        return *end == ')' && (is_process_name(self) || omen_shape_text_ends_with(self, "name ("));
    case ':':
        return is_null(begin, end);
    case ' ':
        if (self->keyword && self->out == self->keyword_end + 1 &&
            (self->keyword == KEYWORD_USER ||
             (self->keyword == KEYWORD_FOR && memcmp(end, " from ", 6) == 0)))
            return TRUE;
        if (self->keyword == KEYWORD_TYPE && self->out == self->keyword_end + 1 &&
            (*end == ')' || *end == ','))
            return TRUE;
        if (memcmp(end, "(uid=", 5) == 0)
            return TRUE;
        return (omen_shape_text_ends_with(self, "= ") || omen_shape_text_ends_with(self, ": ")) &&
               is_null(begin, end);
    default:
        return FALSE;
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message being scanned for its shape: what the parts of the scanner share. */
#pragma once

#include "engine/shape.h"

#include <string.h>

G_BEGIN_DECLS

#define OMEN_SHAPE_MAX_QUOTED 512

/* Words after which a value stands. */
typedef enum {
    KEYWORD_NONE,
    KEYWORD_USER,    /* user X */
    KEYWORD_FOR,     /* for X from */
    KEYWORD_TYPE,    /* type X) and type X, */
    KEYWORD_PROCESS, /* process 5 (X) */
} OmenShapeKeyword;

typedef struct {
    OmenShape *shape;
    const char *begin;
    const char *at;
    const char *end;   /* white space stands there and beyond */
    char *out;         /* end of the text so far */
    const char *merge; /* the text's end after the last parameter; NULL: nothing to merge with */
    OmenShapeKeyword keyword;
    const char *keyword_end; /* in the text */
} OmenShapeScanner;

static inline guint
class_at(const char *at)
{
    return omen_byte_get_class(*at);
}

static inline gsize
place_of(const OmenShapeScanner *self, const char *at)
{
    return (gsize) (at - self->begin);
}

/* The first byte from @at on that is no letter. */
static inline const char *
skip_letters(const OmenShapeScanner *self, const char *at)
{
    gsize place = place_of(self, at);
    const OmenByteMap *map = &self->shape->map[place / OMEN_BYTE_MAP_BLOCK];
    guint shift = place % OMEN_BYTE_MAP_BLOCK;
    guint64 others = ~map->letters >> shift;

    while (others == 0) {
        at += OMEN_BYTE_MAP_BLOCK - shift;
        shift = 0;
        others = ~(++map)->letters;
    }
    return at + __builtin_ctzll(others);
}

static inline void
put(OmenShapeScanner *self, char byte)
{
    *self->out++ = byte;
}

static inline void
put_bytes(OmenShapeScanner *self, const char *from, const char *to)
{
    gsize length = (gsize) (to - from);

    /* Both ends have slack: most words are one move. */
    memcpy(self->out, from, 16);
    if (length > 16)
        memcpy(self->out + 16, from + 16, length - 16);
    self->out += length;
}

/* Whether the shape so far ends with @suffix. */
static inline gboolean
omen_shape_text_ends_with(const OmenShapeScanner *self, const char *suffix)
{
    gsize length = strlen(suffix);

    return (gsize) (self->out - self->shape->text) >= length &&
           memcmp(self->out - length, suffix, length) == 0;
}

/* Puts a parameter, from @from to @to of the message, and goes on behind it. */
void omen_shape_put_parameter(OmenShapeScanner *self,
                              OmenParameterKind kind,
                              const char *from,
                              const char *to);

/* The end of "5 MB" or "1190 bytes (1.16 KB)", @at the end of its first number; NULL: no unit. */
const char *omen_shape_find_size_end(const char *at);

/* What begins with a letter or digit. */
void omen_shape_take_run(OmenShapeScanner *self);
void omen_shape_take_letters(OmenShapeScanner *self);

G_END_DECLS

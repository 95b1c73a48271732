/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "baseline.h"

#include "engine/masks.h"

#define MAX_TOKENS 4096
#define FNV_START  G_GUINT64_CONSTANT(14695981039346656037)
#define FNV_PRIME  G_GUINT64_CONSTANT(1099511628211)

typedef struct {
    guint64 hash;
    gboolean has_digit;
} Token;

guint
baseline_tokenize(const char *text, gsize length)
{
    Token tokens[MAX_TOKENS];
    Token token = {FNV_START, FALSE};
    guint n = 0;

    for (gsize i = 0; i < length && n < MAX_TOKENS - 1; i++) {
        guchar byte = (guchar) text[i];
        if (byte == ' ') {
            tokens[n++] = token;
            token = (Token){FNV_START, FALSE};
        } else {
            token.has_digit |= (guchar) (byte - '0') < 10;
            token.hash = (token.hash ^ byte) * FNV_PRIME;
        }
    }
    tokens[n++] = token;
    /* What is computed must be looked at, or the compiler leaves it out. */
    __asm__ volatile("" : : "r"(tokens) : "memory");
    return n;
}

struct _BaselineMasks {
    OmenMasks *masks;
    GString *text;
};

BaselineMasks *
baseline_masks_new(void)
{
    BaselineMasks *self = g_new0(BaselineMasks, 1);

    self->masks = omen_masks_new(TRUE, NULL, 0, NULL);
    self->text = g_string_new(NULL);
    return self;
}

void
baseline_masks_free(BaselineMasks *self)
{
    omen_masks_free(self->masks);
    g_string_free(self->text, TRUE);
    g_free(self);
}

gsize
baseline_masks_apply(BaselineMasks *self, const char *text, gsize length)
{
    g_string_truncate(self->text, 0);
    g_string_append_len(self->text, text, (gssize) length);
    omen_masks_apply(self->masks, self->text);
    return self->text->len;
}

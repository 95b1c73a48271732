/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A place in a line, and steps that either succeed and move it or fail and leave it. Pure. */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

typedef struct {
    const char *at;
    const char *end;
} OmenScanner;

static inline gsize
omen_scanner_left(const OmenScanner *self)
{
    return (gsize) (self->end - self->at);
}

static inline gboolean
omen_scanner_skip(OmenScanner *self, char c)
{
    if (self->at == self->end || *self->at != c)
        return FALSE;
    self->at++;
    return TRUE;
}

static inline gboolean
omen_scanner_skip_word(OmenScanner *self, const char *word)
{
    gsize length = strlen(word);

    if (omen_scanner_left(self) < length || memcmp(self->at, word, length) != 0)
        return FALSE;
    self->at += length;
    return TRUE;
}

static inline void
omen_scanner_skip_spaces(OmenScanner *self)
{
    while (self->at < self->end && *self->at == ' ')
        self->at++;
}

/* A number of @min to @max digits. */
static inline gboolean
omen_scanner_number(OmenScanner *self, guint min, guint max, gint64 *out)
{
    const char *at = self->at;
    gint64 value = 0;
    guint n = 0;

    while (at < self->end && n < max && g_ascii_isdigit(*at)) {
        value = value * 10 + (*at++ - '0');
        n++;
    }
    if (n < min)
        return FALSE;
    self->at = at;
    *out = value;
    return TRUE;
}

/* A run of anything but space, of at least one character. */
static inline gboolean
omen_scanner_token(OmenScanner *self, const char **token, gsize *length)
{
    const char *at = self->at;

    while (at < self->end && *at != ' ')
        at++;
    if (at == self->at)
        return FALSE;
    *token = self->at;
    *length = (gsize) (at - self->at);
    self->at = at;
    return TRUE;
}

G_END_DECLS

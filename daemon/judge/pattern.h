/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pattern of the knowledge base (data/knowledge/README.md says how one is written). Linear in the
 * text: pieces are looked for in their order, each at its first place. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _OmenPattern OmenPattern;

/* @text: as written. */
OmenPattern *omen_pattern_new(const char *text);
void omen_pattern_free(OmenPattern *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenPattern, omen_pattern_free)

/* The longest text without which it can't match; "" if there is none. Borrowed. */
const char *omen_pattern_get_literal(const OmenPattern *self);

/* Whether a match tells a device. */
gboolean omen_pattern_names_device(const OmenPattern *self);

/* Where a pattern fits a text. */
typedef struct {
    const char *begin; /* within the text */
    const char *end;   /* after its last byte */
    char device[32];   /* what {device} stood for, cut to fit; "" if nothing */
} OmenMatch;

/* @text: lower case, runs of white space made one space. @message: where in it the message begins,
 * after the name of who wrote it. @match: (out). */
gboolean omen_pattern_match(const OmenPattern *self,
                            const char *text,
                            const char *message,
                            OmenMatch *match);

G_END_DECLS

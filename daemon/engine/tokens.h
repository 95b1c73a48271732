/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message cut at white space and delimiters, each token with its hash. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OMEN_TOKENS_MAX 512

typedef struct {
    guint64 key;
    char delimiters[32];
    guint n;
    guint64 hashes[OMEN_TOKENS_MAX];
    const char *begins[OMEN_TOKENS_MAX]; /* into the message */
    guint32 lengths[OMEN_TOKENS_MAX];
} OmenTokens;

/* @delimiters are characters that part tokens besides white space; at most 31 count. */
void omen_tokens_init(OmenTokens *self, const char *delimiters, guint64 key);

/* Cuts @message, which stays the caller's; beyond OMEN_TOKENS_MAX tokens the rest is left out. */
void omen_tokens_cut(OmenTokens *self, const char *message, gsize length);

G_END_DECLS

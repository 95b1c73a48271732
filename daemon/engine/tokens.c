/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/tokens.h"
#include "engine/hash.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define BLOCK 64

void
omen_tokens_init(OmenTokens *self, const char *delimiters, guint64 key)
{
    self->key = key;
    self->n = 0;
    g_strlcpy(self->delimiters, delimiters, sizeof self->delimiters);
}

/* White space as Python's str.split() has it, within ASCII. */
static inline gboolean
is_space(guchar byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || (byte >= 0x1c && byte <= 0x1f);
}

static guint64
map_tail(const OmenTokens *self, const char *at, gsize length)
{
    guint64 map = 0;

    for (gsize i = 0; i < length; i++) {
        if (is_space((guchar) at[i]) || (at[i] && strchr(self->delimiters, at[i])))
            map |= G_GUINT64_CONSTANT(1) << i;
    }
    return map;
}

/* Which of the next BLOCK bytes part tokens. */
#if defined(__SSE2__)

static inline guint64
map_sixteen(const OmenTokens *self, const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *) (gconstpointer) at);
    /* Bytes beyond ASCII are negative, so they are below every range. */
    __m128i spaces = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '));
    __m128i tabs = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('\t' - 1)),
                                 _mm_cmplt_epi8(bytes, _mm_set1_epi8('\r' + 1)));
    __m128i separators = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x1b)),
                                       _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)));
    __m128i all = _mm_or_si128(_mm_or_si128(spaces, tabs), separators);

    for (const char *delimiter = self->delimiters; *delimiter; delimiter++)
        all = _mm_or_si128(all, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(*delimiter)));
    return (guint64) (guint) _mm_movemask_epi8(all);
}

static guint64
map_block(const OmenTokens *self, const char *message, const char *at, gsize length)
{
    guint64 map = 0;
    gsize i = 0;
    gsize rest;

    for (; i + 16 <= length; i += 16)
        map |= map_sixteen(self, at + i) << i;
    rest = length - i;
    if (rest == 0)
        return map;
    if (at + length - message < 16)
        return map_tail(self, at, length);
    /* The last sixteen bytes, of which some were seen before. */
    return map | (map_sixteen(self, at + length - 16) >> (16 - rest)) << i;
}

#else

static guint64
map_block(const OmenTokens *self, const char *message, const char *at, gsize length)
{
    return map_tail(self, at, length);
}

#endif

static void
add(OmenTokens *self, const char *begin, const char *end)
{
    if (self->n == OMEN_TOKENS_MAX)
        return;
    self->begins[self->n] = begin;
    self->lengths[self->n] = (guint32) (end - begin);
    self->hashes[self->n] = omen_hash_bytes(begin, (gsize) (end - begin), self->key);
    self->n++;
}

void
omen_tokens_cut(OmenTokens *self, const char *message, gsize length)
{
    const char *begin = NULL;

    self->n = 0;
    for (gsize at = 0; at < length; at += BLOCK) {
        gsize n = MIN(length - at, BLOCK);
        guint64 separators = map_block(self, message, message + at, n);
        /* Bits where a token begins or ends. */
        guint64 edges = ~separators ^ (~separators << 1 | (begin ? 1 : 0));

        if (n < BLOCK)
            edges &= (G_GUINT64_CONSTANT(1) << n) - 1;
        for (; edges; edges &= edges - 1) {
            const char *edge = message + at + __builtin_ctzll(edges);
            if (begin)
                add(self, begin, edge);
            begin = begin ? NULL : edge;
        }
    }
    if (begin)
        add(self, begin, message + length);
}

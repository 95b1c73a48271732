/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which bytes of a text are letters and which are digits, a bit a byte. */
#pragma once

#include <glib.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

G_BEGIN_DECLS

#define OMEN_BYTE_MAP_BLOCK 64

typedef struct {
    guint64 letters; /* A-Z a-z and bytes beyond ASCII */
    guint64 digits;
} OmenByteMap;

#if defined(__SSE2__)

static inline guint64
omen_byte_map_in_range(__m128i bytes, char first, char last)
{
    __m128i below = _mm_cmplt_epi8(bytes, _mm_set1_epi8(first));
    __m128i above = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(last));

    return (guint64) (~_mm_movemask_epi8(_mm_or_si128(below, above)) & 0xffff);
}

static inline void
omen_byte_map_fill(OmenByteMap *self, const char *text)
{
    self->letters = 0;
    self->digits = 0;
    for (guint i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *) (gconstpointer) (text + (gsize) 16 * i));
        __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        guint64 beyond = (guint64) _mm_movemask_epi8(bytes);
        self->letters |= (omen_byte_map_in_range(folded, 'a', 'z') | beyond) << (16 * i);
        self->digits |= omen_byte_map_in_range(bytes, '0', '9') << (16 * i);
    }
}

#else

static inline void
omen_byte_map_fill(OmenByteMap *self, const char *text)
{
    self->letters = 0;
    self->digits = 0;
    for (guint i = 0; i < OMEN_BYTE_MAP_BLOCK; i++) {
        guchar byte = (guchar) text[i];
        guint64 bit = G_GUINT64_CONSTANT(1) << i;
        if (byte >= 0x80 || g_ascii_isalpha((char) byte))
            self->letters |= bit;
        else if (g_ascii_isdigit((char) byte))
            self->digits |= bit;
    }
}

#endif

G_END_DECLS

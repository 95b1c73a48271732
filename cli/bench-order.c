/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-order.h"

#define PARTS      16
#define MAX_DIGITS 7
#define SEED       G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)

gboolean
bench_order_from_string(const char *word, BenchOrder *out)
{
    static const char *const words[] = {"file", "interleaved", "shuffled", "numbers"};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(word, words[i])) {
            *out = (BenchOrder) i;
            return TRUE;
        }
    }
    return FALSE;
}

/* xorshift64*, Vigna: "An experimental exploration of Marsaglia's xorshift generators" */
static guint64
draw(guint64 *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * G_GUINT64_CONSTANT(2685821657736338717);
}

static void
shuffle(GArray *lines)
{
    guint64 state = SEED;

    for (guint i = lines->len; i > 1; i--) {
        guint other = (guint) (draw(&state) % i);
        BenchLine line = g_array_index(lines, BenchLine, i - 1);
        g_array_index(lines, BenchLine, i - 1) = g_array_index(lines, BenchLine, other);
        g_array_index(lines, BenchLine, other) = line;
    }
}

static void
interleave(GArray *lines)
{
    g_autoptr(GArray) old = g_array_copy(lines);
    guint part = (old->len + PARTS - 1) / PARTS;
    guint n = 0;

    for (guint i = 0; i < part; i++) {
        for (guint at = i; at < old->len; at += part)
            g_array_index(lines, BenchLine, n++) = g_array_index(old, BenchLine, at);
    }
}

static void
append_number(GByteArray *bytes, guint64 *state)
{
    guint n = 1 + (guint) (draw(state) % MAX_DIGITS);

    for (guint i = 0; i < n; i++) {
        guint8 digit = (guint8) ('0' + draw(state) % 10);
        g_byte_array_append(bytes, &digit, 1);
    }
}

static GByteArray *
renumber(GArray *lines)
{
    GByteArray *bytes = g_byte_array_new();
    guint64 state = SEED;
    gsize at = 0;

    for (guint i = 0; i < lines->len; i++) {
        BenchLine *line = &g_array_index(lines, BenchLine, i);
        guint begin = bytes->len;

        for (gsize j = 0; j < line->length; j++) {
            if (!g_ascii_isdigit(line->text[j]))
                g_byte_array_append(bytes, (const guint8 *) line->text + j, 1);
            else if (j == 0 || !g_ascii_isdigit(line->text[j - 1]))
                append_number(bytes, &state);
        }
        line->length = bytes->len - begin;
    }
    for (guint i = 0; i < lines->len; i++) {
        BenchLine *line = &g_array_index(lines, BenchLine, i);
        line->text = (const char *) bytes->data + at;
        at += line->length;
    }
    return bytes;
}

GByteArray *
bench_order_apply(BenchOrder order, GArray *lines)
{
    if (order == BENCH_ORDER_SHUFFLED)
        shuffle(lines);
    if (order == BENCH_ORDER_INTERLEAVED)
        interleave(lines);
    return order == BENCH_ORDER_NUMBERS ? renumber(lines) : NULL;
}

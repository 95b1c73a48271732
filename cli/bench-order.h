/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Harder inputs made of a file's lines: lines that come again in the same order flatter caches,
 * branches and what remembers lines. The same each time. */
#pragma once

#include <glib.h>

typedef struct {
    const char *text;
    gsize length;
} BenchLine;

typedef enum {
    BENCH_ORDER_FILE,
    BENCH_ORDER_INTERLEAVED, /* sixteen parts of it in turn, a line each */
    BENCH_ORDER_SHUFFLED,
    BENCH_ORDER_NUMBERS, /* as in the file, but each number another one, of another length */
} BenchOrder;

/* "file", "interleaved", "shuffled", "numbers". */
gboolean bench_order_from_string(const char *word, BenchOrder *out);

/* @lines: (element-type BenchLine). Returns: (transfer full) (nullable): bytes that they point into
 * from now on. */
GByteArray *bench_order_apply(BenchOrder order, GArray *lines);

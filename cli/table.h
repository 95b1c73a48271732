/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows on standard output, as wide as what is in them, below headers. No blank stands at the end of
 * a line, so that what a script cuts out of it is the cell alone.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define TABLE_MAX_COLUMNS 8

typedef enum {
    TABLE_PLAIN,
    TABLE_GOOD,
    TABLE_WARNING,
    TABLE_BAD,
} TableStyle;

typedef struct Table Table;

/* @headers: of each column, NULL at the end, at most TABLE_MAX_COLUMNS; one that begins with ">" is
 * of numbers, which stand to the right. They are not copied. */
Table *table_new(const char *const *headers);
void table_free(Table *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* A row: its style, and a text for each column. Takes @cells' texts; "" is shown as "-". */
void table_add(Table *self, TableStyle style, char *const *cells);

/* A line of its own below the last row, indented. */
void table_add_note(Table *self, const char *format, ...) G_GNUC_PRINTF(2, 3);

guint table_get_length(const Table *self);

/* @show_headers: the first line names the columns. */
void table_print(const Table *self, gboolean show_headers);

G_END_DECLS

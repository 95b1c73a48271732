/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "table.h"

#include "command.h"

#include <stdarg.h>

#define GAP "  "

typedef struct {
    TableStyle style;
    char *cells[TABLE_MAX_COLUMNS];
    GPtrArray *notes;
} Row;

struct Table {
    const char *const *headers;
    guint n_columns;
    GPtrArray *rows; /* Row */
};

static const char *const styles[] = {"", "\033[32m", "\033[33m", "\033[1;31m"};

static void
row_free(gpointer data)
{
    Row *self = data;

    for (guint i = 0; i < TABLE_MAX_COLUMNS; i++)
        g_free(self->cells[i]);
    g_ptr_array_unref(self->notes);
    g_free(self);
}

Table *
table_new(const char *const *headers)
{
    Table *self = g_new0(Table, 1);

    self->headers = headers;
    self->n_columns = g_strv_length((char **) headers);
    self->rows = g_ptr_array_new_with_free_func(row_free);
    g_assert(self->n_columns <= TABLE_MAX_COLUMNS);
    return self;
}

void
table_free(Table *self)
{
    g_ptr_array_unref(self->rows);
    g_free(self);
}

void
table_add(Table *self, TableStyle style, char *const *cells)
{
    Row *row = g_new0(Row, 1);

    row->style = style;
    row->notes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < self->n_columns; i++) {
        row->cells[i] = cells[i];
        if (!*cells[i]) {
            g_free(row->cells[i]);
            row->cells[i] = g_strdup("-");
        }
    }
    g_ptr_array_add(self->rows, row);
}

void
table_add_note(Table *self, const char *format, ...)
{
    Row *row = g_ptr_array_index(self->rows, self->rows->len - 1);
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(row->notes, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

guint
table_get_length(const Table *self)
{
    return self->rows->len;
}

/* Columns of a terminal that @text takes. */
static guint
count_columns(const char *text)
{
    guint n = 0;

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);
        n += g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
    }
    return n;
}

static gboolean
is_number(const Table *self, guint column)
{
    return self->headers[column][0] == '>';
}

static const char *
header_of(const Table *self, guint column)
{
    return self->headers[column] + (is_number(self, column) ? 1 : 0);
}

static void
print_cell(const Table *self, guint column, guint width, const char *text)
{
    guint blanks = width - count_columns(text);
    gboolean is_last = column + 1 == self->n_columns;

    if (is_number(self, column))
        g_print("%*s%s%s", (int) blanks, "", text, is_last ? "" : GAP);
    else
        g_print("%s%*s%s", text, is_last ? 0 : (int) blanks, "", is_last ? "" : GAP);
}

static void
print_row(const Table *self, const Row *row, const guint *widths)
{
    gboolean has_colour = row->style != TABLE_PLAIN && command_has_colour();

    g_print("%s", has_colour ? styles[row->style] : "");
    for (guint i = 0; i < self->n_columns; i++)
        print_cell(self, i, widths[i], row->cells[i]);
    g_print("%s\n", has_colour ? "\033[0m" : "");
    for (guint i = 0; i < row->notes->len; i++)
        g_print("    %s\n", (const char *) g_ptr_array_index(row->notes, i));
}

void
table_print(const Table *self, gboolean show_headers)
{
    guint widths[TABLE_MAX_COLUMNS] = {0};

    for (guint i = 0; i < self->n_columns; i++) {
        widths[i] = show_headers ? count_columns(header_of(self, i)) : 0;
        for (guint r = 0; r < self->rows->len; r++) {
            const Row *row = g_ptr_array_index(self->rows, r);
            widths[i] = MAX(widths[i], count_columns(row->cells[i]));
        }
    }
    for (guint i = 0; show_headers && i < self->n_columns; i++)
        print_cell(self, i, widths[i], header_of(self, i));
    if (show_headers)
        g_print("\n");
    for (guint r = 0; r < self->rows->len; r++)
        print_row(self, g_ptr_array_index(self->rows, r), widths);
}

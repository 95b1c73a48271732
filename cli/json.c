/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include <math.h>
#include <string.h>

void
json_add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

void
json_add_number(JsonBuilder *builder, const char *name, double value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_double_value(builder, value);
}

void
json_add_count(JsonBuilder *builder, const char *name, guint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64) value);
}

void
json_add_boolean(JsonBuilder *builder, const char *name, gboolean value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, value);
}

void
json_add_time(JsonBuilder *builder, const char *name, guint64 time_us)
{
    json_add_number(builder, name, (double) time_us / G_USEC_PER_SEC);
}

void
json_add_share(JsonBuilder *builder, const char *name, double value)
{
    json_add_number(builder, name, round(value * 100) / 100);
}

/* The number that begins at @text, as short as it may be. Returns its length there. */
static gsize
append_number(GString *out, const char *text)
{
    gsize length = strspn(text, "+-.0123456789eE");
    g_autofree char *number = g_strndup(text, length);
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    double value = g_ascii_strtod(number, NULL);

    if (!strpbrk(number, ".eE") || fabs(value) >= 1e15) {
        g_string_append(out, number);
        return length;
    }
    g_ascii_formatd(digits, sizeof digits, "%.6f", value);
    for (gsize end = strlen(digits); digits[end - 1] == '0' && digits[end - 2] != '.'; end--)
        digits[end - 1] = '\0';
    g_string_append(out, digits);
    return length;
}

char *
json_shorten_numbers(const char *json)
{
    GString *out = g_string_new(NULL);
    gboolean is_string = FALSE;

    while (*json) {
        if (!is_string && (g_ascii_isdigit(*json) || *json == '-')) {
            json += append_number(out, json);
            continue;
        }
        if (is_string && *json == '\\')
            g_string_append_c(out, *json++);
        else if (*json == '"')
            is_string = !is_string;
        g_string_append_c(out, *json++);
    }
    return g_string_free(out, FALSE);
}

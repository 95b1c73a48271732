/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "csv.h"

#include <string.h>

char *
csv_unquote(const char *field)
{
    gsize length = strlen(field);
    g_autoptr(GString) out = NULL;

    if (length < 2 || field[0] != '"' || field[length - 1] != '"')
        return g_strdup(field);
    out = g_string_new_len(field + 1, (gssize) length - 2);
    g_string_replace(out, "\"\"", "\"", 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Without a blank before it, which strtod() would pass over. */
static gboolean
is_number(const char *text)
{
    char *end;

    g_ascii_strtod(text, &end);
    return end != text && *end == '\0' && !g_ascii_isspace(*text);
}

char *
csv_quote(const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (*text && strchr("=+-@\t\r\n ", *text) && !is_number(text))
        g_string_append_c(out, '\'');
    g_string_append(out, text);
    if (!strpbrk(out->str, "\",\r\n"))
        return g_string_free(g_steal_pointer(&out), FALSE);
    g_string_replace(out, "\"", "\"\"", 0);
    return g_strdup_printf("\"%s\"", out->str);
}

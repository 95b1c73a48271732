/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page.h"

#include "page-resources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DATA_PLACE  "@data@"
#define TABLE_PLACE "@table@"

/* JSON that no HTML parser takes for markup, whatever its strings hold. */
static char *
to_safe_json(JsonNode *data)
{
    g_autofree char *json = json_to_string(data, FALSE);
    g_autoptr(GString) safe = g_string_sized_new(strlen(json));

    for (const char *at = json; *at; at++) {
        if (*at == '<' || *at == '>' || *at == '&')
            g_string_append_printf(safe, "\\u%04x", *at);
        else
            g_string_append_c(safe, *at);
    }
    return g_string_free(g_steal_pointer(&safe), FALSE);
}

static const char *
member(JsonObject *object, const char *name)
{
    return json_object_get_string_member_with_default(object, name, "");
}

static void
append_row(GString *out, const char *series, JsonObject *omen)
{
    gint64 time_s = (gint64) json_object_get_double_member_with_default(omen, "time", 0);
    g_autoptr(GDateTime) time = time_s > 0 ? g_date_time_new_from_unix_local(time_s) : NULL;
    g_autofree char *when = time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("");
    g_autofree char *row = g_markup_printf_escaped(
        "<tr><td>%s</td><td>%s</td><td>%s %s</td><td>%.2f</td><td>%s</td><td>%s</td></tr>\n",
        series, when, member(omen, "class"), member(omen, "device"),
        json_object_get_double_member_with_default(omen, "score", 0), member(omen, "reason"),
        member(omen, "action"));

    g_string_append(out, row);
}

/* The omens for who has no JavaScript. (transfer full) */
static char *
make_table(JsonNode *data)
{
    GString *out = g_string_new("<table><tr><th>of</th><th>time</th><th>what</th><th>sure</th>"
                                "<th>reason</th><th>action</th></tr>\n");
    JsonArray *all = json_object_get_array_member(json_node_get_object(data), "series");

    for (guint i = 0; i < json_array_get_length(all); i++) {
        JsonObject *series = json_array_get_object_element(all, i);
        JsonArray *omens = json_object_get_array_member(series, "omens");
        for (guint j = 0; j < json_array_get_length(omens); j++)
            append_row(out, member(series, "name"), json_array_get_object_element(omens, j));
    }
    g_string_append(out, "</table>");
    return g_string_free(out, FALSE);
}

/* What stands before @place goes from *text into @out, then @with; *text is what follows. */
static void
put(GString *out, const char **text, const char *place, const char *with)
{
    const char *at = strstr(*text, place);

    g_string_append_len(out, *text, at - *text);
    g_string_append(out, with);
    *text = at + strlen(place);
}

gboolean
page_write(const char *path, JsonNode *data, GError **error)
{
    g_autoptr(GBytes) template = g_resource_lookup_data(
        page_get_resource(), "/org/virtomen1/report.html", G_RESOURCE_LOOKUP_FLAGS_NONE, error);
    g_autofree char *json = to_safe_json(data);
    g_autofree char *table = make_table(data);
    g_autoptr(GString) page = g_string_new(NULL);
    const char *text;

    if (!template)
        return FALSE;
    text = g_bytes_get_data(template, NULL);
    put(page, &text, TABLE_PLACE, table);
    put(page, &text, DATA_PLACE, json);
    g_string_append(page, text);
    if (!g_str_equal(path, "-"))
        return g_file_set_contents(path, page->str, (gssize) page->len, error);
    if (fwrite(page->str, 1, page->len, stdout) == page->len && fflush(stdout) == 0)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, (int) g_file_error_from_errno(errno),
                "cannot write the page: %s", g_strerror(errno));
    return FALSE;
}

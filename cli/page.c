/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page.h"

#include "page-resources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLACE "@data@"

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

gboolean
page_write(const char *path, JsonNode *data, GError **error)
{
    g_autoptr(GBytes) template = g_resource_lookup_data(
        page_get_resource(), "/org/virtomen1/report.html", G_RESOURCE_LOOKUP_FLAGS_NONE, error);
    g_autofree char *json = to_safe_json(data);
    const char *text;
    const char *place;

    if (!template)
        return FALSE;
    text = g_bytes_get_data(template, NULL);
    place = strstr(text, PLACE);
    g_autoptr(GString) page = g_string_new_len(text, place - text);
    g_string_append(page, json);
    g_string_append(page, place + strlen(PLACE));
    if (!g_str_equal(path, "-"))
        return g_file_set_contents(path, page->str, (gssize) page->len, error);
    if (fwrite(page->str, 1, page->len, stdout) == page->len && fflush(stdout) == 0)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, (int) g_file_error_from_errno(errno),
                "cannot write the page: %s", g_strerror(errno));
    return FALSE;
}

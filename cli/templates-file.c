/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "templates-file.h"

#include "csv.h"
#include "input.h"

#include <string.h>

GHashTable *
templates_file_load(const char *path, GError **error)
{
    g_autoptr(GHashTable) texts = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_autoptr(GError) local = NULL;
    g_auto(Input) input = {0};
    const char *line;
    gsize length;

    if (!input_open(&input, path, error))
        return NULL;
    while ((line = input_read(&input, &length, &local))) {
        g_autofree char *row = g_strndup(line, length);
        char *comma = strchr(row, ',');
        guint64 key = 0;

        if (length == 0 || (input.number == 1 && g_str_has_prefix(row, "log_key")))
            continue;
        if (comma)
            *comma = '\0';
        if (!comma || !g_ascii_string_to_unsigned(row, 10, 0, G_MAXUINT32, &key, NULL)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "%s:%" G_GUINT64_FORMAT ": expected a row \"log_key,template\"", path,
                        input.number);
            return NULL;
        }
        g_hash_table_replace(texts, GUINT_TO_POINTER((guint32) key), csv_unquote(comma + 1));
    }
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    return g_steal_pointer(&texts);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/json-depth.h"

gboolean
omen_json_is_shallow(const char *text, gsize length, guint max_depth)
{
    guint depth = 0;
    gboolean in_string = FALSE;

    for (gsize i = 0; i < length; i++) {
        if (in_string && text[i] == '\\') {
            i++; /* whatever it escapes */
        } else if (in_string) {
            in_string = text[i] != '"';
        } else if (text[i] == '"') {
            in_string = TRUE;
        } else if (text[i] == '/' || text[i] == '\'') {
            return FALSE; /* comments and other strings, of which JSON knows nothing */
        } else if ((text[i] == '{' || text[i] == '[') && ++depth > max_depth) {
            return FALSE;
        } else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
            depth--;
        }
    }
    return TRUE;
}

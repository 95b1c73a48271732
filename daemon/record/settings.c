/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <virt-omen/settings.h>

/* Does @line (NUL ended, stripped) open @group? */
static gboolean
opens_group(const char *line, const char *group)
{
    gsize length = strlen(group);

    return line[0] == '[' && strncmp(line + 1, group, length) == 0 && line[length + 1] == ']';
}

/* Does @line set @key? */
static gboolean
sets_key(const char *line, const char *key)
{
    gsize length = strlen(key);

    if (strncmp(line, key, length) != 0)
        return FALSE;
    line += length;
    while (g_ascii_isspace(*line))
        line++;
    return *line == '=';
}

/* The line, from 1, where @group sets @key (NULL: where it begins); GKeyFile does not keep it. The
 * last one counts, as it does for GKeyFile. */
static guint
find_line(const char *text, const char *group, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gboolean inside = FALSE;
    guint found = 1;

    for (guint i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);
        if (*line == '[') {
            inside = opens_group(line, group);
            if (inside && !key)
                found = i + 1;
        } else if (inside && key && sets_key(line, key)) {
            found = i + 1;
        }
    }
    return found;
}

/* The first line that is neither empty, comment, group nor entry: what GKeyFile stumbled over. */
static guint
find_broken_line(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gboolean in_group = FALSE;

    for (guint i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);
        gboolean is_group = *line == '[' && g_str_has_suffix(line, "]");

        if (*line == '\0' || *line == '#')
            continue;
        if (!is_group && (!in_group || !strchr(line, '=') || *line == '[' || *line == '='))
            return i + 1;
        in_group = TRUE;
    }
    return 1;
}

static gboolean
parse_group(GKeyFile *file,
            const char *text,
            const char *name,
            const char *group,
            OmenSettingsFunc function,
            gpointer user_data,
            GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

    for (guint i = 0; keys && keys[i]; i++) {
        g_autofree char *value = g_key_file_get_string(file, group, keys[i], error);

        if (!value || !function(group, keys[i], g_strstrip(value), user_data, error)) {
            g_prefix_error(error, "%s:%u: [%s] %s: ", name, find_line(text, group, keys[i]), group,
                           keys[i]);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
omen_settings_parse(const char *text,
                    gsize length,
                    const char *name,
                    OmenSettingsFunc function,
                    gpointer user_data,
                    GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) groups = NULL;

    if (length == 0)
        return TRUE;
    if (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, error)) {
        g_prefix_error(error, "%s:%u: ", name, find_broken_line(copy));
        return FALSE;
    }

    groups = g_key_file_get_groups(file, NULL);
    for (guint i = 0; groups[i]; i++) {
        if (!parse_group(file, copy, name, groups[i], function, user_data, error))
            return FALSE;
    }
    return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration/setting.h"

#include <string.h>

G_DEFINE_QUARK(omen - setting - error - quark, omen_setting_error)

gboolean
omen_setting_find_word(const char *const *words, const char *word, guint *out)
{
    for (guint i = 0; words[i]; i++) {
        if (g_str_equal(words[i], word)) {
            *out = i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
apply_uint(const OmenSetting *setting, const char *value, guint *field, GError **error)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, setting->minimum, setting->maximum, &number, NULL)) {
        g_set_error(error, OMEN_SETTING_ERROR, OMEN_SETTING_ERROR_INVALID,
                    "\"%s\" is not a whole number from %u to %u", value, setting->minimum,
                    setting->maximum);
        return FALSE;
    }
    *field = (guint) number;
    return TRUE;
}

static gboolean
apply_word(const char *const *words, const char *value, guint *field, GError **error)
{
    if (omen_setting_find_word(words, value, field))
        return TRUE;

    g_autofree char *allowed = g_strjoinv(", ", (char **) words);
    g_set_error(error, OMEN_SETTING_ERROR, OMEN_SETTING_ERROR_INVALID,
                "\"%s\" is not allowed here; allowed are: %s", value, allowed);
    return FALSE;
}

static gboolean
apply_boolean(const char *value, gboolean *field, GError **error)
{
    const char *const words[] = {"no", "yes", "false", "true", NULL};
    guint i;

    if (!apply_word(words, value, &i, error))
        return FALSE;
    *field = i % 2 == 1;
    return TRUE;
}

static char **
split_list(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ";", -1);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (guint i = 0; parts[i]; i++) {
        if (*g_strstrip(parts[i]))
            g_strv_builder_add(builder, parts[i]);
    }
    return g_strv_builder_end(builder);
}

gboolean
omen_setting_apply(const OmenSetting *self, gpointer into, const char *value, GError **error)
{
    gpointer field = G_STRUCT_MEMBER_P(into, self->offset);

    switch (self->type) {
    case OMEN_SETTING_STRING:
        g_free(*(char **) field);
        *(char **) field = g_strdup(value);
        return TRUE;
    case OMEN_SETTING_LIST:
        g_strfreev(*(char ***) field);
        *(char ***) field = split_list(value);
        return TRUE;
    case OMEN_SETTING_UINT:
        return apply_uint(self, value, field, error);
    case OMEN_SETTING_BOOLEAN:
        return apply_boolean(value, field, error);
    case OMEN_SETTING_WORD:
        return apply_word(self->words, value, field, error);
    default:
        g_return_val_if_reached(FALSE);
    }
}

char *
omen_setting_format(const OmenSetting *self, gconstpointer from)
{
    gconstpointer field = G_STRUCT_MEMBER_P(from, self->offset);

    switch (self->type) {
    case OMEN_SETTING_STRING:
        return g_strdup(*(char *const *) field);
    case OMEN_SETTING_LIST:
        return g_strjoinv(";", *(char **const *) field);
    case OMEN_SETTING_BOOLEAN:
        return g_strdup(*(const gboolean *) field ? "yes" : "no");
    case OMEN_SETTING_WORD:
        return g_strdup(self->words[*(const guint *) field]);
    default:
        return g_strdup_printf("%u", *(const guint *) field);
    }
}

/* By its looks, so that a URL with a mistake hides it as well. A name alone is a secret where it
 * stands for a token: in http's. */
char *
omen_setting_hide_password(const char *value)
{
    const char *begin = strstr(value, "://");
    const char *from = begin ? begin + strlen("://") : NULL;
    const char *at = from ? memrchr(from, '@', strcspn(from, "/?#")) : NULL;
    gboolean is_secret = at && (g_ascii_strncasecmp(value, "http", strlen("http")) == 0 ||
                                memchr(from, ':', (gsize) (at - from)));

    if (!is_secret)
        return g_strdup(value);
    return g_strdup_printf("%.*s***%s", (int) (from - value), value, at);
}

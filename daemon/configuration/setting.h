/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One setting of a file: its name, what it may be, and where in a struct it goes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OMEN_SETTING_ERROR (omen_setting_error_quark())
GQuark omen_setting_error_quark(void);

typedef enum {
    OMEN_SETTING_ERROR_INVALID, /* a value that is not allowed; the message says which are */
} OmenSettingError;

typedef enum {
    OMEN_SETTING_STRING,  /* char * */
    OMEN_SETTING_LIST,    /* char **: parted by semicolons in the file */
    OMEN_SETTING_UINT,    /* guint, from minimum to maximum */
    OMEN_SETTING_BOOLEAN, /* gboolean: no, yes, false or true in the file */
    OMEN_SETTING_WORD,    /* an enumeration from 0 on: one of words */
} OmenSettingType;

typedef struct {
    const char *group;
    const char *key;
    OmenSettingType type;
    gsize offset;
    guint minimum;
    guint maximum;
    const char *const *words; /* NULL at the end */
} OmenSetting;

/* Sets it in the struct @into. FALSE with @error, and @into is as it was. */
gboolean
omen_setting_apply(const OmenSetting *self, gpointer into, const char *value, GError **error);

/* As a file would have it. (transfer full) */
char *omen_setting_format(const OmenSetting *self, gconstpointer from);

/* @value without the name and password that stand in a URL in it. (transfer full) */
char *omen_setting_hide_password(const char *value);

/* Place of @word in @words. FALSE: it is none of them, and *out is as it was. */
gboolean omen_setting_find_word(const char *const *words, const char *word, guint *out);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A settings file (GLib's key-file format), entry by entry, with mistakes told by file and line.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Takes one entry; FALSE with @error, which says what is wrong and what is allowed, without place.
 */
typedef gboolean (*OmenSettingsFunc)(
    const char *group, const char *key, const char *value, gpointer user_data, GError **error);

/*
 * Calls @function for each entry of @text, in order, with its value as it stands there, white space
 * and escapes resolved.
 * @name: of the file, for messages.
 * Returns: FALSE with @error "NAME:LINE: [group] key: what is wrong", at the first mistake.
 */
gboolean omen_settings_parse(const char *text,
                             gsize length,
                             const char *name,
                             OmenSettingsFunc function,
                             gpointer user_data,
                             GError **error);

G_END_DECLS

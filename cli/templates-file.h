/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts of template numbers: a CSV of "log_key,template", the template perhaps in double quotes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* (transfer full): number -> text; NULL with @error "FILE:LINE: what is wrong". */
GHashTable *templates_file_load(const char *path, GError **error);

G_END_DECLS

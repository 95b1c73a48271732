/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One self-contained page of HTML: nothing is loaded from elsewhere. */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * Writes the page to @path ("-": standard output). @data: an object with title, made, threshold and
 * series, see cli/page/report.html. Log lines in it come from whoever could write a log: they get
 * into the page as data only.
 */
gboolean page_write(const char *path, JsonNode *data, GError **error);

G_END_DECLS

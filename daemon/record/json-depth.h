/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON from outside, before it is parsed: json-glib's parser recurses, and a peer must not choose
 * how deep. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* FALSE: objects and arrays stand in each other more than @max_depth deep, or it is no JSON but
 * what json-glib takes besides: comments, strings in single quotes. */
gboolean omen_json_is_shallow(const char *text, gsize length, guint max_depth);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON in the fleet's store, which other hosts have written: read as text that is bounded and made
 * printable, and numbers that are in their ranges. Pure.
 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* An object of @json, none of whose parts stand more than @max_depth deep in each other. (transfer
 * full): NULL: it is none, or longer than @max_bytes. */
JsonNode *omen_row_json_parse(const char *json, gsize max_bytes, guint max_depth);

/* (transfer full) (nullable): what @member of @object says, in @max_length bytes at most; NULL: no
 * text. */
char *omen_row_json_dup_string(JsonObject *object, const char *member, gsize max_length);

/* 0 where it is no number; else within 0 and @most. */
gint64 omen_row_json_get_int(JsonObject *object, const char *member, gint64 most);
gboolean omen_row_json_get_boolean(JsonObject *object, const char *member);
/* (nullable). */
JsonArray *omen_row_json_get_array(JsonObject *object, const char *member);

/* Text is made printable and cut to @max_length bytes before it is written. */
void omen_row_json_add_string(JsonBuilder *builder,
                              const char *member,
                              const char *text,
                              gsize max_length);
void omen_row_json_add_int(JsonBuilder *builder, const char *member, gint64 number);

/* What was built. (transfer full). */
char *omen_row_json_write(JsonBuilder *builder);

G_END_DECLS

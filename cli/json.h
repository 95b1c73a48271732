/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of the JSON object at hand. */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

void json_add_string(JsonBuilder *builder, const char *name, const char *value);
void json_add_number(JsonBuilder *builder, const char *name, double value);
void json_add_count(JsonBuilder *builder, const char *name, guint64 value);
void json_add_boolean(JsonBuilder *builder, const char *name, gboolean value);

/* Microseconds since the epoch as seconds. */
void json_add_time(JsonBuilder *builder, const char *name, guint64 time_us);

G_END_DECLS

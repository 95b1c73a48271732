/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of the JSON object at hand. */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

void json_add_string(JsonBuilder *builder, const char *name, const char *value);
void json_add_number(JsonBuilder *builder, const char *name, double value);
void json_add_count(JsonBuilder *builder, const char *name, guint64 value);
void json_add_boolean(JsonBuilder *builder, const char *name, gboolean value);

/* A probability or share, to two places, as people are shown it. */
void json_add_share(JsonBuilder *builder, const char *name, double value);

/* JSON with each fraction to six places at most, where json-glib writes seventeen digits: 0.93 for
 * 0.93000000000000005. (transfer full) */
char *json_shorten_numbers(const char *json);

/* Microseconds since the epoch as seconds. */
void json_add_time(JsonBuilder *builder, const char *name, guint64 time_us);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

void
json_add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

void
json_add_number(JsonBuilder *builder, const char *name, double value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_double_value(builder, value);
}

void
json_add_count(JsonBuilder *builder, const char *name, guint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64) value);
}

void
json_add_boolean(JsonBuilder *builder, const char *name, gboolean value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, value);
}

void
json_add_time(JsonBuilder *builder, const char *name, guint64 time_us)
{
    json_add_number(builder, name, (double) time_us / G_USEC_PER_SEC);
}

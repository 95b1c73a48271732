/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/row-json.h"

#include "record/json-depth.h"
#include <virt-omen/text.h>

#include <string.h>

JsonNode *
omen_row_json_parse(const char *json, gsize max_bytes, guint max_depth)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    gsize length = strlen(json);
    JsonNode *root;

    if (length > max_bytes || !omen_json_is_shallow(json, length, max_depth) ||
        !json_parser_load_from_data(parser, json, (gssize) length, NULL))
        return NULL;
    root = json_parser_get_root(parser);
    return root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_ref(root) : NULL;
}

static JsonNode *
get_value(JsonObject *object, const char *member, GType type)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node
                                                                                         : NULL;
}

char *
omen_row_json_dup_string(JsonObject *object, const char *member, gsize max_length)
{
    JsonNode *node = get_value(object, member, G_TYPE_STRING);

    return node ? omen_text_sanitise(json_node_get_string(node), -1, max_length) : NULL;
}

gint64
omen_row_json_get_int(JsonObject *object, const char *member, gint64 most)
{
    JsonNode *node = get_value(object, member, G_TYPE_INT64);

    return node ? CLAMP(json_node_get_int(node), 0, most) : 0;
}

gboolean
omen_row_json_get_boolean(JsonObject *object, const char *member)
{
    JsonNode *node = get_value(object, member, G_TYPE_BOOLEAN);

    return node && json_node_get_boolean(node);
}

JsonArray *
omen_row_json_get_array(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

void
omen_row_json_add_string(JsonBuilder *builder,
                         const char *member,
                         const char *text,
                         gsize max_length)
{
    g_autofree char *printable = omen_text_sanitise(text, -1, max_length);

    json_builder_set_member_name(builder, member);
    json_builder_add_string_value(builder, printable);
}

void
omen_row_json_add_int(JsonBuilder *builder, const char *member, gint64 number)
{
    json_builder_set_member_name(builder, member);
    json_builder_add_int_value(builder, number);
}

char *
omen_row_json_write(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    return json_to_string(root, FALSE);
}

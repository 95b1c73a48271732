/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/agent-reply.h"

#include "record/json-depth.h"

#include <string.h>

JsonNode *
omen_agent_reply_parse(const char *text, gsize length)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    JsonNode *root;
    JsonNode *answer;

    if (length > OMEN_AGENT_REPLY_MAX || !g_utf8_validate(text, (gssize) length, NULL) ||
        !omen_json_is_shallow(text, length, OMEN_AGENT_REPLY_DEPTH) ||
        !json_parser_load_from_data(parser, text, (gssize) length, NULL))
        return NULL;
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return NULL;
    answer = json_object_get_member(json_node_get_object(root), "return");
    return answer && (JSON_NODE_HOLDS_OBJECT(answer) || JSON_NODE_HOLDS_VALUE(answer))
               ? json_node_copy(answer)
               : NULL;
}

static JsonNode *
get_value(JsonNode *reply, const char *member, GType type)
{
    JsonNode *node = JSON_NODE_HOLDS_OBJECT(reply)
                         ? json_object_get_member(json_node_get_object(reply), member)
                         : NULL;

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node
                                                                                         : NULL;
}

gint64
omen_agent_reply_get_int(JsonNode *reply, const char *member, gint64 fallback)
{
    JsonNode *node = get_value(reply, member, G_TYPE_INT64);

    return node ? json_node_get_int(node) : fallback;
}

char *
omen_agent_reply_get_bytes(JsonNode *reply, const char *member, gsize *length)
{
    JsonNode *node = get_value(reply, member, G_TYPE_STRING);
    g_autofree guchar *bytes = node ? g_base64_decode(json_node_get_string(node), length) : NULL;
    char *copy;

    if (!bytes)
        return NULL;
    copy = g_malloc(*length + 1);
    if (*length > 0)
        memcpy(copy, bytes, *length);
    copy[*length] = '\0';
    return copy;
}

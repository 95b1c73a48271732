/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/sign.h"

#include <string.h>
#include <virt-omen/text.h>

#define MAX_TEXT    160
#define HASH_LENGTH 16

static const struct {
    const char *name;
    gsize offset;
} strings[] = {
    {"class", G_STRUCT_OFFSET(OmenFleetSign, failure_class)},
    {"line", G_STRUCT_OFFSET(OmenFleetSign, line)},
    {"reason", G_STRUCT_OFFSET(OmenFleetSign, reason)},
    {"storage", G_STRUCT_OFFSET(OmenFleetSign, storage)},
};

static char **
string_at(const OmenFleetSign *self, gsize i)
{
    return (char **) G_STRUCT_MEMBER_P(self, strings[i].offset);
}

OmenFleetSign *
omen_fleet_sign_new(void)
{
    OmenFleetSign *self = g_new0(OmenFleetSign, 1);

    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        *string_at(self, i) = g_strdup("");
    return self;
}

void
omen_fleet_sign_free(OmenFleetSign *self)
{
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(*string_at(self, i));
    g_free(self);
}

char *
omen_fleet_sign_hash_line(const char *line)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t", -1);
    g_autoptr(GString) plain = g_string_new(NULL);
    g_autofree char *hash = NULL;

    for (guint i = 0; words[i]; i++) {
        if (*words[i])
            g_string_append_printf(plain, "%s ", strpbrk(words[i], "0123456789") ? "*" : words[i]);
    }
    if (plain->len == 0)
        return g_strdup("");
    hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, plain->str, -1);
    return g_strndup(hash, HASH_LENGTH);
}

void
omen_fleet_signs_write(const GPtrArray *signs, JsonBuilder *builder)
{
    json_builder_begin_array(builder);
    for (guint i = 0; i < MIN(signs->len, OMEN_FLEET_MAX_SIGNS); i++) {
        const OmenFleetSign *sign = g_ptr_array_index(signs, i);
        json_builder_begin_object(builder);
        for (gsize j = 0; j < G_N_ELEMENTS(strings); j++) {
            g_autofree char *text = omen_text_sanitise(*string_at(sign, j), -1, MAX_TEXT);
            json_builder_set_member_name(builder, strings[j].name);
            json_builder_add_string_value(builder, text);
        }
        json_builder_set_member_name(builder, "raised_us");
        json_builder_add_int_value(builder, sign->raised_us);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static OmenFleetSign *
read_sign(JsonObject *object)
{
    OmenFleetSign *self = omen_fleet_sign_new();
    JsonNode *raised = json_object_get_member(object, "raised_us");

    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
        JsonNode *node = json_object_get_member(object, strings[i].name);
        if (!node || !JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) != G_TYPE_STRING)
            continue;
        g_free(*string_at(self, i));
        *string_at(self, i) = omen_text_sanitise(json_node_get_string(node), -1, MAX_TEXT);
    }
    if (raised && JSON_NODE_HOLDS_VALUE(raised) && json_node_get_value_type(raised) == G_TYPE_INT64)
        self->raised_us = MAX(json_node_get_int(raised), 0);
    return self;
}

GPtrArray *
omen_fleet_signs_read(JsonNode *node)
{
    GPtrArray *signs = g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_sign_free);
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    guint n = array ? MIN(json_array_get_length(array), OMEN_FLEET_MAX_SIGNS) : 0;

    for (guint i = 0; i < n; i++) {
        JsonNode *element = json_array_get_element(array, i);
        if (JSON_NODE_HOLDS_OBJECT(element))
            g_ptr_array_add(signs, read_sign(json_node_get_object(element)));
    }
    return signs;
}

static gboolean
is_equal(const OmenFleetSign *left, const OmenFleetSign *right)
{
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
        if (!g_str_equal(*string_at(left, i), *string_at(right, i)))
            return FALSE;
    }
    return left->raised_us == right->raised_us;
}

gboolean
omen_fleet_signs_are_equal(const GPtrArray *left, const GPtrArray *right)
{
    if (left->len != right->len)
        return FALSE;
    for (guint i = 0; i < left->len; i++) {
        if (!is_equal(g_ptr_array_index(left, i), g_ptr_array_index(right, i)))
            return FALSE;
    }
    return TRUE;
}

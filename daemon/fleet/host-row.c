/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/host-row.h"

#include "fleet/row-json.h"
#include <virt-omen/text.h>

#include <string.h>

#define MAX_ROW  32768 /* bytes */
#define MAX_TEXT 300
#define MAX_NAME 128
/* Less than this, or a sixteenth, is no news. */
#define SMALL_MIB 64

/* The fields, for all that goes through them. */
static const struct {
    const char *name;
    gsize offset;
} strings[] = {
    {"machine", G_STRUCT_OFFSET(OmenFleetHost, machine_id)},
    {"boot", G_STRUCT_OFFSET(OmenFleetHost, boot_id)},
    {"uri", G_STRUCT_OFFSET(OmenFleetHost, uri)},
    {"health", G_STRUCT_OFFSET(OmenFleetHost, health)},
    {"reason", G_STRUCT_OFFSET(OmenFleetHost, reason)},
    {"mode", G_STRUCT_OFFSET(OmenFleetHost, mode)},
    {"version", G_STRUCT_OFFSET(OmenFleetHost, version)},
    {"kernel", G_STRUCT_OFFSET(OmenFleetHost, kernel)},
    {"brake", G_STRUCT_OFFSET(OmenFleetHost, brake)},
    {"brake_text", G_STRUCT_OFFSET(OmenFleetHost, brake_text)},
};

static const struct {
    const char *name;
    gsize offset;
    gboolean is_wide; /* guint64, else guint */
} numbers[] = {
    {"cpus", G_STRUCT_OFFSET(OmenFleetHost, cpus), FALSE},
    {"vcpus", G_STRUCT_OFFSET(OmenFleetHost, vcpus), FALSE},
    {"running", G_STRUCT_OFFSET(OmenFleetHost, running), FALSE},
    {"omens", G_STRUCT_OFFSET(OmenFleetHost, omens), FALSE},
    {"starting", G_STRUCT_OFFSET(OmenFleetHost, starting), FALSE},
    {"accepts_drain", G_STRUCT_OFFSET(OmenFleetHost, accepts_drain), FALSE},
    {"libvirt", G_STRUCT_OFFSET(OmenFleetHost, libvirt), TRUE},
    {"qemu", G_STRUCT_OFFSET(OmenFleetHost, qemu), TRUE},
    {"inbound_limit", G_STRUCT_OFFSET(OmenFleetHost, inbound_limit), FALSE},
    {"free_mib", G_STRUCT_OFFSET(OmenFleetHost, free_mib), TRUE},
    {"brake_since_us", G_STRUCT_OFFSET(OmenFleetHost, brake_since_us), TRUE},
};

static char **
string_at(const OmenFleetHost *self, gsize i)
{
    return (char **) G_STRUCT_MEMBER_P(self, strings[i].offset);
}

static guint64
number_at(const OmenFleetHost *self, gsize i)
{
    gconstpointer field = G_STRUCT_MEMBER_P(self, numbers[i].offset);

    return numbers[i].is_wide ? *(const guint64 *) field : *(const guint *) field;
}

OmenFleetHost *
omen_fleet_host_new(void)
{
    OmenFleetHost *self = g_new0(OmenFleetHost, 1);

    self->name = g_strdup("");
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        *string_at(self, i) = g_strdup("");
    self->labels = g_new0(char *, 1);
    self->storage = g_new0(char *, 1);
    self->signs = g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_sign_free);
    return self;
}

void
omen_fleet_host_free(OmenFleetHost *self)
{
    g_free(self->name);
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(*string_at(self, i));
    g_strfreev(self->labels);
    g_strfreev(self->storage);
    g_ptr_array_unref(self->signs);
    g_clear_pointer(&self->drain, omen_host_drain_free);
    g_free(self->uri_refused);
    g_free(self);
}

static void
write_list(JsonBuilder *builder, const char *name, char **list, guint most)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (guint i = 0; list[i] && i < most; i++) {
        g_autofree char *text = omen_text_sanitise(list[i], -1, MAX_NAME);
        json_builder_add_string_value(builder, text);
    }
    json_builder_end_array(builder);
}

char *
omen_fleet_host_write(const OmenFleetHost *self)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        omen_row_json_add_string(builder, strings[i].name, *string_at(self, i), MAX_TEXT);
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        omen_row_json_add_int(builder, numbers[i].name, (gint64) number_at(self, i));
    json_builder_set_member_name(builder, "takes");
    json_builder_add_boolean_value(builder, self->takes);
    omen_row_json_add_int(builder, "seen_us", self->seen_us);
    write_list(builder, "labels", self->labels, OMEN_FLEET_MAX_LABELS);
    write_list(builder, "storage", self->storage, OMEN_FLEET_MAX_STORAGE);
    json_builder_set_member_name(builder, "signs");
    omen_fleet_signs_write(self->signs, builder);
    json_builder_end_object(builder);
    return omen_row_json_write(builder);
}

/* ---- reading ---- */

/* (transfer full). */
static char **
read_list(JsonObject *object, const char *member, guint most)
{
    JsonArray *array = omen_row_json_get_array(object, member);
    guint n = array ? MIN(json_array_get_length(array), most) : 0;
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();

    for (guint i = 0; i < n; i++) {
        JsonNode *element = json_array_get_element(array, i);
        g_autofree char *text = NULL;
        if (!JSON_NODE_HOLDS_VALUE(element) || json_node_get_value_type(element) != G_TYPE_STRING)
            continue;
        text = omen_text_sanitise(json_node_get_string(element), -1, MAX_NAME);
        g_strv_builder_add(list, text);
    }
    return g_strv_builder_end(list);
}

static OmenFleetHost *
read_object(JsonObject *object, const char *name)
{
    OmenFleetHost *self = omen_fleet_host_new();

    g_free(self->name);
    self->name = omen_text_sanitise(name, -1, MAX_NAME);
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
        char *text = omen_row_json_dup_string(object, strings[i].name, MAX_TEXT);
        if (!text)
            continue;
        g_free(*string_at(self, i));
        *string_at(self, i) = text;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        gpointer field = G_STRUCT_MEMBER_P(self, numbers[i].offset);
        if (numbers[i].is_wide)
            *(guint64 *) field =
                (guint64) omen_row_json_get_int(object, numbers[i].name, G_MAXINT64);
        else
            *(guint *) field = (guint) omen_row_json_get_int(object, numbers[i].name, G_MAXINT32);
    }
    self->takes = omen_row_json_get_boolean(object, "takes");
    self->seen_us = omen_row_json_get_int(object, "seen_us", G_MAXINT64);
    g_strfreev(self->labels);
    self->labels = read_list(object, "labels", OMEN_FLEET_MAX_LABELS);
    g_strfreev(self->storage);
    self->storage = read_list(object, "storage", OMEN_FLEET_MAX_STORAGE);
    g_ptr_array_unref(self->signs);
    self->signs = omen_fleet_signs_read(json_object_get_member(object, "signs"));
    return self;
}

OmenFleetHost *
omen_fleet_host_parse(const char *json, const char *name)
{
    g_autoptr(JsonNode) root = NULL;

    if (!*name || strlen(name) > MAX_NAME)
        return NULL;
    root = omen_row_json_parse(json, MAX_ROW, 4);
    return root ? read_object(json_node_get_object(root), name) : NULL;
}

/* ---- comparing ---- */

static gboolean
is_far(guint64 left, guint64 right)
{
    guint64 difference = left > right ? left - right : right - left;

    return difference > MAX(SMALL_MIB, MAX(left, right) / 16);
}

gboolean
omen_fleet_host_differs(const OmenFleetHost *self, const OmenFleetHost *other)
{
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
        if (!g_str_equal(*string_at(self, i), *string_at(other, i)))
            return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        gboolean is_memory = g_str_equal(numbers[i].name, "free_mib");
        if (!is_memory && number_at(self, i) != number_at(other, i))
            return TRUE;
    }
    return self->takes != other->takes || is_far(self->free_mib, other->free_mib) ||
           !g_strv_equal((const char *const *) self->labels, (const char *const *) other->labels) ||
           !g_strv_equal((const char *const *) self->storage,
                         (const char *const *) other->storage) ||
           !omen_fleet_signs_are_equal(self->signs, other->signs);
}

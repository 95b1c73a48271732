/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/reservation.h"

#include "record/json-depth.h"
#include <virt-omen/text.h>

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_ROW  4096 /* bytes */
#define MAX_NAME 128
#define MAX_MIB  (G_GUINT64_CONSTANT(1) << 32)
/* No UUID, and sorted before all. */
#define TURN "!turn"

OmenFleetReservation *
omen_fleet_reservation_new(const char *uuid)
{
    OmenFleetReservation *self = g_new0(OmenFleetReservation, 1);

    self->uuid = g_strdup(uuid);
    self->domain = g_strdup("");
    self->source = g_strdup("");
    return self;
}

OmenFleetReservation *
omen_fleet_reservation_copy(const OmenFleetReservation *self)
{
    OmenFleetReservation *copy = g_new(OmenFleetReservation, 1);

    *copy = *self;
    copy->uuid = g_strdup(self->uuid);
    copy->domain = g_strdup(self->domain);
    copy->source = g_strdup(self->source);
    return copy;
}

void
omen_fleet_reservation_free(OmenFleetReservation *self)
{
    g_free(self->uuid);
    g_free(self->domain);
    g_free(self->source);
    g_free(self);
}

/* ---- a row ---- */

static void
add_text(JsonBuilder *builder, const char *member, const char *text)
{
    g_autofree char *clean = omen_text_sanitise(text, -1, MAX_NAME);

    json_builder_set_member_name(builder, member);
    json_builder_add_string_value(builder, clean);
}

static void
add_number(JsonBuilder *builder, const char *member, gint64 number)
{
    json_builder_set_member_name(builder, member);
    json_builder_add_int_value(builder, number);
}

char *
omen_fleet_reservation_write(const OmenFleetReservation *self)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    add_text(builder, "domain", self->domain);
    add_text(builder, "source", self->source);
    add_number(builder, "mib", (gint64) MIN(self->mib, MAX_MIB));
    add_number(builder, "vcpus", self->vcpus);
    add_number(builder, "since_us", self->since_us);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, FALSE);
}

static JsonNode *
get_value(JsonObject *object, const char *member, GType type)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node
                                                                                         : NULL;
}

static gint64
get_number(JsonObject *object, const char *member, gint64 most)
{
    JsonNode *node = get_value(object, member, G_TYPE_INT64);

    return node ? CLAMP(json_node_get_int(node), 0, most) : 0;
}

static void
take_text(JsonObject *object, const char *member, char **field)
{
    JsonNode *node = get_value(object, member, G_TYPE_STRING);

    if (!node)
        return;
    g_free(*field);
    *field = omen_text_sanitise(json_node_get_string(node), -1, MAX_NAME);
}

OmenFleetReservation *
omen_fleet_reservation_parse(const char *json, const char *uuid)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    gsize length = strlen(json);
    OmenFleetReservation *self;
    JsonObject *object;
    JsonNode *root;

    if (length > MAX_ROW || !g_uuid_string_is_valid(uuid) ||
        !omen_json_is_shallow(json, length, 2) ||
        !json_parser_load_from_data(parser, json, (gssize) length, NULL))
        return NULL;
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return NULL;
    object = json_node_get_object(root);
    self = omen_fleet_reservation_new(uuid);
    take_text(object, "domain", &self->domain);
    take_text(object, "source", &self->source);
    self->mib = (guint64) get_number(object, "mib", (gint64) MAX_MIB);
    self->vcpus = (guint) get_number(object, "vcpus", G_MAXUINT16);
    self->since_us = get_number(object, "since_us", G_MAXINT64);
    return self;
}

/* ---- all of a destination ---- */

char *
omen_fleet_inbound_key(const char *destination, const char *uuid)
{
    return g_strconcat(OMEN_FLEET_INBOUND, destination, "/", uuid, NULL);
}

char *
omen_fleet_inbound_turn_key(const char *destination)
{
    return omen_fleet_inbound_key(destination, TURN);
}

void
omen_fleet_inbound_clear(OmenFleetInbound *self)
{
    g_clear_pointer(&self->uuids, g_ptr_array_unref);
}

/* What has no lease would never go, and no host writes such: it is no reservation. */
static void
add_load(OmenFleetLoad *load, const OmenEtcdEntry *entry, const char *uuid)
{
    g_autoptr(OmenFleetReservation) one = omen_fleet_reservation_parse(entry->value, uuid);

    if (entry->lease == 0)
        return;
    load->domains++;
    if (!one)
        return;
    load->mib += one->mib;
    load->vcpus += one->vcpus;
}

void
omen_fleet_inbound_read(OmenFleetInbound *self,
                        const OmenEtcdRange *range,
                        const char *destination,
                        const char *uuid)
{
    g_autofree char *prefix = omen_fleet_inbound_key(destination, NULL);

    *self = (OmenFleetInbound){.uuids = g_ptr_array_new()};
    self->others.more = range->more;
    for (guint i = 0; i < range->entries->len; i++) {
        const OmenEtcdEntry *entry = range->entries->pdata[i];
        char *end = entry->key + strlen(prefix);
        if (!g_str_has_prefix(entry->key, prefix))
            continue;
        if (g_str_equal(end, TURN)) {
            self->turn_revision = entry->revision;
            continue;
        }
        g_ptr_array_add(self->uuids, end);
        if (uuid && g_str_equal(end, uuid))
            self->own = entry;
        else
            add_load(&self->others, entry, end);
    }
}

GHashTable *
omen_fleet_inbound_sum(const OmenEtcdRange *range)
{
    GHashTable *loads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = 0; i < range->entries->len; i++) {
        const OmenEtcdEntry *entry = range->entries->pdata[i];
        const char *name = g_str_has_prefix(entry->key, OMEN_FLEET_INBOUND)
                               ? entry->key + strlen(OMEN_FLEET_INBOUND)
                               : "";
        const char *slash = strchr(name, '/');
        g_autofree char *destination = slash ? g_strndup(name, (gsize) (slash - name)) : NULL;
        OmenFleetLoad *load;
        if (!slash || g_str_equal(slash + 1, TURN))
            continue;
        load = g_hash_table_lookup(loads, destination);
        if (!load) {
            load = g_new0(OmenFleetLoad, 1);
            g_hash_table_insert(loads, g_steal_pointer(&destination), load);
        }
        add_load(load, entry, slash + 1);
    }
    return loads;
}

/* ---- one more ---- */

char *
omen_fleet_reservation_find_obstacle(const OmenFleetReservation *wanted,
                                     const OmenFleetLoad *others,
                                     const OmenFleetRoom *room)
{
    guint64 vcpus = (guint64) room->vcpus + others->vcpus + wanted->vcpus;

    if (others->more || (room->inbound_limit > 0 && others->domains >= room->inbound_limit))
        return g_strdup_printf("%u domains are on their way there, from all hosts together: the "
                               "limit is reached ([fleet] inbound_limit)",
                               others->domains);
    if (others->domains == 0)
        return NULL; /* the destination itself said that it fits */
    if (room->free_mib < others->mib + wanted->mib)
        return g_strdup_printf("%" G_GUINT64_FORMAT
                               " MiB are free there, of which %" G_GUINT64_FORMAT
                               " MiB are reserved for domains on their way; this one needs "
                               "%" G_GUINT64_FORMAT " MiB",
                               room->free_mib, others->mib, wanted->mib);
    if (room->cpu_overcommit > 0 && room->cpus > 0 &&
        vcpus > (guint64) room->cpus * room->cpu_overcommit)
        return g_strdup_printf("%u virtual CPUs run there and %u are reserved, on %u CPUs "
                               "(cpu_overcommit)",
                               room->vcpus, others->vcpus, room->cpus);
    return NULL;
}

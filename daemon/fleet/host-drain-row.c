/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A drain as JSON: in the host's own state, and, shorter, in the fleet's store. */
#include "fleet/host-drain.h"
#include "fleet/row-json.h"

#define MAX_DEPTH 4
#define MAX_WORD  128 /* bytes of a name, a UUID */
#define MAX_TEXT  300

static const char *const mark_words[] = {"kept", "set", "cleared"};

static void
write_domain(JsonBuilder *builder, const OmenDrainDomain *domain)
{
    json_builder_begin_object(builder);
    omen_row_json_add_string(builder, "uuid", domain->uuid, MAX_WORD);
    omen_row_json_add_string(builder, "name", domain->name, MAX_WORD);
    omen_row_json_add_string(builder, "place", omen_drain_place_to_string(domain->place), MAX_WORD);
    omen_row_json_add_string(builder, "destination", domain->destination, MAX_WORD);
    omen_row_json_add_string(builder, "reason", domain->reason, MAX_TEXT);
    omen_row_json_add_int(builder, "evacuation", (gint64) domain->evacuation);
    omen_row_json_add_int(builder, "way_back", (gint64) domain->way_back);
    json_builder_end_object(builder);
}

/* Returns: how many there is still room for. */
static guint
write_domains(JsonBuilder *builder, const OmenHostDrain *self, gboolean away, guint room)
{
    for (guint i = 0; i < self->domains->len && room > 0; i++) {
        const OmenDrainDomain *domain = g_ptr_array_index(self->domains, i);
        if ((domain->place == OMEN_DRAIN_AT_AWAY) != away)
            continue;
        write_domain(builder, domain);
        room--;
    }
    return room;
}

char *
omen_host_drain_write(const OmenHostDrain *self, guint max_domains)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    guint room;

    json_builder_begin_object(builder);
    omen_row_json_add_string(builder, "state", omen_drain_state_to_string(self->state), MAX_WORD);
    omen_row_json_add_string(builder, "wish", self->wish, MAX_WORD);
    omen_row_json_add_string(builder, "by", self->by, MAX_WORD);
    omen_row_json_add_string(builder, "refused_wish", self->refused_wish, MAX_WORD);
    omen_row_json_add_string(builder, "refused", self->refused, MAX_TEXT);
    omen_row_json_add_string(builder, "heard", self->heard, MAX_WORD);
    omen_row_json_add_int(builder, "ordered_us", self->ordered_us);
    omen_row_json_add_string(builder, "reason", self->reason, MAX_TEXT);
    omen_row_json_add_string(builder, "mark", mark_words[self->mark], MAX_WORD);
    omen_row_json_add_int(builder, "begun_us", self->begun_us);
    omen_row_json_add_int(builder, "deadline_us", self->deadline_us);
    omen_row_json_add_int(builder, "ended_us", self->ended_us);
    omen_row_json_add_int(builder, "n_domains", self->n_domains);
    omen_row_json_add_int(builder, "n_away", self->n_away);
    json_builder_set_member_name(builder, "domains");
    json_builder_begin_array(builder);
    room = write_domains(builder, self, FALSE, max_domains);
    write_domains(builder, self, TRUE, room);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    return omen_row_json_write(builder);
}

/* ---- reading ---- */

/* (transfer full): "" where there is none. */
static char *
read_text(JsonObject *object, const char *member, gsize max_length)
{
    char *text = omen_row_json_dup_string(object, member, max_length);

    return text ? text : g_strdup("");
}

/* FALSE: there is no such place. */
static gboolean
read_place(JsonObject *object, OmenDrainPlace *place)
{
    g_autofree char *word = read_text(object, "place", MAX_WORD);

    for (guint i = OMEN_DRAIN_AT_WAITING; i <= OMEN_DRAIN_AT_LEFT; i++) {
        *place = (OmenDrainPlace) i;
        if (g_str_equal(omen_drain_place_to_string(*place), word))
            return TRUE;
    }
    return FALSE;
}

static OmenDrainMark
read_mark(JsonObject *object)
{
    g_autofree char *word = read_text(object, "mark", MAX_WORD);

    for (guint i = 0; i < G_N_ELEMENTS(mark_words); i++) {
        if (g_str_equal(mark_words[i], word))
            return (OmenDrainMark) i;
    }
    return OMEN_DRAIN_MARK_KEPT;
}

static void
read_domain(OmenHostDrain *self, JsonObject *object)
{
    OmenDrainPlace place;
    OmenDrainDomain *domain;

    if (!read_place(object, &place))
        return;
    domain = g_new0(OmenDrainDomain, 1);
    domain->uuid = read_text(object, "uuid", MAX_WORD);
    domain->name = read_text(object, "name", MAX_WORD);
    domain->destination = read_text(object, "destination", MAX_WORD);
    domain->reason = read_text(object, "reason", MAX_TEXT);
    domain->evacuation = (guint64) omen_row_json_get_int(object, "evacuation", G_MAXINT64);
    domain->way_back = (guint64) omen_row_json_get_int(object, "way_back", G_MAXINT64);
    domain->place = place;
    /* Of a version that had one field for both. */
    if (place == OMEN_DRAIN_AT_RETURNING && domain->way_back == 0)
        domain->way_back = domain->evacuation;
    g_ptr_array_add(self->domains, domain);
}

static void
read_domains(OmenHostDrain *self, JsonObject *object, guint max_domains)
{
    JsonArray *array = omen_row_json_get_array(object, "domains");
    guint n = array ? MIN(json_array_get_length(array), max_domains) : 0;

    for (guint i = 0; i < n; i++) {
        JsonNode *element = json_array_get_element(array, i);
        if (JSON_NODE_HOLDS_OBJECT(element))
            read_domain(self, json_node_get_object(element));
    }
}

static void
read_field(JsonObject *object, const char *member, gsize max_length, char **field)
{
    g_free(*field);
    *field = read_text(object, member, max_length);
}

/* FALSE: there is no such state. */
static gboolean
read_state(JsonObject *object, OmenDrainState *state)
{
    g_autofree char *word = read_text(object, "state", MAX_WORD);

    for (guint i = OMEN_DRAIN_NONE; i <= OMEN_DRAIN_RETURNING; i++) {
        *state = (OmenDrainState) i;
        if (g_str_equal(omen_drain_state_to_string(*state), word))
            return TRUE;
    }
    return FALSE;
}

static OmenHostDrain *
parse(const char *json, gsize max_bytes, guint max_domains)
{
    g_autoptr(JsonNode) root = omen_row_json_parse(json, max_bytes, MAX_DEPTH);
    JsonObject *object = root ? json_node_get_object(root) : NULL;
    g_autoptr(OmenHostDrain) self = NULL;
    OmenDrainState state;

    if (!object || !read_state(object, &state))
        return NULL;
    self = omen_host_drain_new();
    self->state = state;
    self->mark = read_mark(object);
    read_field(object, "wish", MAX_WORD, &self->wish);
    read_field(object, "by", MAX_WORD, &self->by);
    read_field(object, "refused_wish", MAX_WORD, &self->refused_wish);
    read_field(object, "refused", MAX_TEXT, &self->refused);
    read_field(object, "heard", MAX_WORD, &self->heard);
    self->ordered_us = omen_row_json_get_int(object, "ordered_us", G_MAXINT64);
    read_field(object, "reason", MAX_TEXT, &self->reason);
    self->begun_us = omen_row_json_get_int(object, "begun_us", G_MAXINT64);
    self->deadline_us = omen_row_json_get_int(object, "deadline_us", G_MAXINT64);
    self->ended_us = omen_row_json_get_int(object, "ended_us", G_MAXINT64);
    self->n_domains = (guint) omen_row_json_get_int(object, "n_domains", G_MAXINT32);
    self->n_away = (guint) omen_row_json_get_int(object, "n_away", G_MAXINT32);
    read_domains(self, object, max_domains);
    return g_steal_pointer(&self);
}

OmenHostDrain *
omen_host_drain_parse(const char *json)
{
    return parse(json, OMEN_DRAIN_MAX_ROW, OMEN_DRAIN_MAX_DOMAINS);
}

OmenHostDrain *
omen_host_drain_parse_told(const char *json)
{
    return parse(json, OMEN_DRAIN_MAX_TOLD_ROW, OMEN_DRAIN_MAX_TOLD);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/drain-wish.h"

#include "fleet/row-json.h"

#define MAX_BYTES 4096
#define MAX_DEPTH 2
#define MAX_WORD  128
/* Between two hosts' clocks. */
#define MAX_SKEW_US (5 * G_TIME_SPAN_MINUTE)

static const char *const order_words[] = {"drain", "undrain", "abort"};

OmenDrainWish *
omen_drain_wish_new(OmenDrainOrder order, const char *by, guint timeout_s)
{
    OmenDrainWish *self = g_new0(OmenDrainWish, 1);

    self->id = g_uuid_string_random();
    self->by = g_strdup(by);
    self->order = order;
    self->time_us = g_get_real_time();
    self->timeout_s = timeout_s > 0 ? MIN(timeout_s, OMEN_DRAIN_MAX_S) : OMEN_DRAIN_DEFAULT_S;
    return self;
}

void
omen_drain_wish_free(OmenDrainWish *self)
{
    g_free(self->id);
    g_free(self->by);
    g_free(self);
}

char *
omen_drain_wish_write(const OmenDrainWish *self)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    omen_row_json_add_string(builder, "id", self->id, MAX_WORD);
    omen_row_json_add_string(builder, "by", self->by, MAX_WORD);
    omen_row_json_add_string(builder, "order", order_words[self->order], MAX_WORD);
    omen_row_json_add_int(builder, "time_us", self->time_us);
    omen_row_json_add_int(builder, "timeout_s", self->timeout_s);
    json_builder_end_object(builder);
    return omen_row_json_write(builder);
}

/* FALSE: there is no such order. */
static gboolean
read_order(JsonObject *object, OmenDrainOrder *order)
{
    g_autofree char *word = omen_row_json_dup_string(object, "order", MAX_WORD);

    for (guint i = 0; word && i < G_N_ELEMENTS(order_words); i++) {
        *order = (OmenDrainOrder) i;
        if (g_str_equal(order_words[i], word))
            return TRUE;
    }
    return FALSE;
}

OmenDrainWish *
omen_drain_wish_parse(const char *json)
{
    g_autoptr(JsonNode) root = omen_row_json_parse(json, MAX_BYTES, MAX_DEPTH);
    JsonObject *object = root ? json_node_get_object(root) : NULL;
    g_autoptr(OmenDrainWish) self = g_new0(OmenDrainWish, 1);

    if (!object || !read_order(object, &self->order))
        return NULL;
    self->id = omen_row_json_dup_string(object, "id", MAX_WORD);
    self->by = omen_row_json_dup_string(object, "by", MAX_WORD);
    self->time_us = omen_row_json_get_int(object, "time_us", G_MAXINT64);
    self->timeout_s = (guint) omen_row_json_get_int(object, "timeout_s", OMEN_DRAIN_MAX_S);
    if (!self->id || !*self->id || !self->by || self->timeout_s == 0)
        return NULL;
    return g_steal_pointer(&self);
}

gboolean
omen_drain_wish_is_for(const char *host,
                       const char *name,
                       const char *machine,
                       gboolean is_in_fleet)
{
    return g_str_equal(host, name) || (!is_in_fleet && g_str_equal(host, machine));
}

gboolean
omen_drain_wish_is_fresh(const OmenDrainWish *self, gint64 now_us)
{
    return self->time_us <= now_us + MAX_SKEW_US &&
           now_us - self->time_us <= (gint64) self->timeout_s * G_USEC_PER_SEC + MAX_SKEW_US;
}

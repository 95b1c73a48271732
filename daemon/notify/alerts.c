/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/alerts.h"

#include <json-glib/json-glib.h>

#define MAX_KEPT  100
#define FAILURE_S G_GINT64_CONSTANT(3600)

/* An alert that is told until @until_us. */
typedef struct {
    JsonNode *alert;
    gint64 until_us;
} Kept;

struct _OmenAlerts {
    char *instance;
    GQueue kept; /* Kept, the newest last */
};

static void
kept_free(Kept *self)
{
    json_node_unref(self->alert);
    g_free(self);
}

OmenAlerts *
omen_alerts_new(const char *instance)
{
    OmenAlerts *self = g_new0(OmenAlerts, 1);

    self->instance = g_strdup(instance);
    g_queue_init(&self->kept);
    return self;
}

void
omen_alerts_free(OmenAlerts *self)
{
    g_queue_clear_full(&self->kept, (GDestroyNotify) kept_free);
    g_free(self->instance);
    g_free(self);
}

/* Nothing is added for "". */
static void
add(JsonBuilder *builder, const char *name, const char *value)
{
    if (!*value)
        return;
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void
add_time(JsonBuilder *builder, const char *name, gint64 time_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
    g_autofree char *text = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("");

    add(builder, name, text);
}

static void
begin(JsonBuilder *builder)
{
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "labels");
    json_builder_begin_object(builder);
}

static void
begin_annotations(JsonBuilder *builder)
{
    json_builder_end_object(builder);
    json_builder_set_member_name(builder, "annotations");
    json_builder_begin_object(builder);
}

static void
end(JsonBuilder *builder, gint64 start_us, gint64 end_us)
{
    json_builder_end_object(builder);
    add_time(builder, "startsAt", start_us);
    add_time(builder, "endsAt", end_us);
    json_builder_end_object(builder);
}

static void
add_omen(OmenAlerts *self, JsonBuilder *builder, const OmenData *omen, gint64 end_us)
{
    g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, omen->id);
    g_autofree char *summary =
        g_strdup_printf("%s shows signs of failing: %s",
                        *omen->domain_name ? omen->domain_name : self->instance, omen->reason);
    gboolean is_of_host =
        !*omen->domain_uuid && omen_data_does_moving_help(omen) && omen->is_proven;

    begin(builder);
    add(builder, "alertname", "VirtOmen");
    add(builder, "instance", self->instance);
    add(builder, "severity", is_of_host ? "critical" : "warning");
    add(builder, "omen", id);
    add(builder, "class", omen_failure_class_to_string(omen->failure_class));
    add(builder, "scope", omen_scope_to_string(omen->scope));
    add(builder, "device", omen->device);
    add(builder, "domain", omen->domain_name);
    add(builder, "proven", omen->is_proven ? "yes" : "no");
    begin_annotations(builder);
    add(builder, "summary", summary);
    add(builder, "action", omen_action_to_string(omen->action));
    add(builder, "outcome", omen->outcome);
    end(builder, omen->time_us, end_us);
}

static void
keep(OmenAlerts *self, JsonBuilder *builder, gint64 until_us)
{
    Kept *kept = g_new0(Kept, 1);

    kept->alert = json_builder_get_root(builder);
    kept->until_us = until_us;
    if (g_queue_get_length(&self->kept) >= MAX_KEPT)
        kept_free(g_queue_pop_head(&self->kept));
    g_queue_push_tail(&self->kept, kept);
}

void
omen_alerts_end(OmenAlerts *self, const OmenData *omen, gint64 now_us)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    add_omen(self, builder, omen, now_us);
    keep(self, builder, now_us + OMEN_ALERTS_REPEAT_S * G_USEC_PER_SEC);
}

void
omen_alerts_add_failure(OmenAlerts *self, const OmenEvacuationData *evacuation)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    gint64 end_us = evacuation->ended_us + FAILURE_S * G_USEC_PER_SEC;
    g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, evacuation->id);
    g_autofree char *summary =
        g_strdup_printf("%s could not be moved away from %s: %s", evacuation->domain_name,
                        self->instance, evacuation->error);

    begin(builder);
    add(builder, "alertname", "VirtOmenEvacuationFailed");
    add(builder, "instance", self->instance);
    add(builder, "severity", "critical");
    add(builder, "domain", evacuation->domain_name);
    add(builder, "evacuation", id);
    begin_annotations(builder);
    add(builder, "summary", summary);
    end(builder, evacuation->ended_us, end_us);
    keep(self, builder, end_us);
}

char *
omen_alerts_to_json(OmenAlerts *self, OmenRegistry *omens, gint64 now_us)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(GPtrArray) list = omen_registry_list(omens);
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_array(builder);
    for (guint i = 0; i < list->len; i++) {
        Omen *omen = g_ptr_array_index(list, i);
        const OmenData *data = omen_get_data(omen);
        if (omen_is_open(omen, now_us))
            add_omen(self, builder, data, data->expires_us);
    }
    for (GList *link = self->kept.head; link;) {
        Kept *kept = link->data;
        GList *next = link->next;
        if (kept->until_us > now_us) {
            json_builder_add_value(builder, json_node_copy(kept->alert));
        } else {
            kept_free(kept);
            g_queue_delete_link(&self->kept, link);
        }
        link = next;
    }
    json_builder_end_array(builder);
    root = json_builder_get_root(builder);
    return json_array_get_length(json_node_get_array(root)) > 0 ? json_to_string(root, FALSE)
                                                                : NULL;
}

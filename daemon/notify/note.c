/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/note.h"

#include <json-glib/json-glib.h>
#include <syslog.h>

static void
field_clear(gpointer data)
{
    g_free(((OmenNoteField *) data)->value);
}

static OmenNote *
note_new(const char *message_id, int priority, const char *event)
{
    OmenNote *self = g_atomic_rc_box_new0(OmenNote);
    OmenNoteField first = {"event", g_strdup(event)};

    self->message_id = message_id;
    self->priority = priority;
    self->fields = g_array_new(FALSE, FALSE, sizeof(OmenNoteField));
    g_array_set_clear_func(self->fields, field_clear);
    g_array_append_val(self->fields, first);
    return self;
}

static void
note_clear(gpointer data)
{
    OmenNote *self = data;

    g_array_unref(self->fields);
    g_free(self->message);
}

OmenNote *
omen_note_ref(OmenNote *self)
{
    return g_atomic_rc_box_acquire(self);
}

void
omen_note_unref(OmenNote *self)
{
    g_atomic_rc_box_release_full(self, note_clear);
}

/* Nothing is added for "". */
static void
add(OmenNote *self, const char *name, const char *value)
{
    OmenNoteField field = {name, NULL};

    if (!*value)
        return;
    field.value = g_strdup(value);
    g_array_append_val(self->fields, field);
}

static void
add_number(OmenNote *self, const char *name, guint64 value)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

    if (value > 0)
        add(self, name, text);
}

OmenNote *
omen_note_new_of_omen(const OmenData *omen, gboolean raised)
{
    OmenNote *self = raised ? note_new(OMEN_NOTE_ID_OMEN_RAISED, LOG_WARNING, "omen-raised")
                            : note_new(OMEN_NOTE_ID_OMEN_CHANGED, LOG_NOTICE, "omen-changed");
    const char *class = omen_failure_class_to_string(omen->failure_class);
    const char *whose = *omen->domain_name ? omen->domain_name : "this host";
    char probability[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_formatd(probability, sizeof probability, "%.3g", omen->probability);
    add_number(self, "id", omen->id);
    add(self, "class", class);
    add(self, "scope", omen_scope_to_string(omen->scope));
    add(self, "device", omen->device);
    add(self, "domain", omen->domain_name);
    add(self, "domain_uuid", omen->domain_uuid);
    add(self, "probability", probability);
    add(self, "reason", omen->reason);
    add(self, "action", omen_action_to_string(omen->action));
    add(self, "outcome", omen->outcome);
    add(self, "origin", omen_origin_to_string(omen->origin));
    add(self, "proven", omen->is_proven ? "yes" : "no");
    if (raised)
        self->message = g_strdup_printf(
            "omen %" G_GUINT64_FORMAT " of %s: %s, probability %s: %s (%s)", omen->id, whose, class,
            probability, omen->reason, omen_action_to_string(omen->action));
    else
        self->message = g_strdup_printf("omen %" G_GUINT64_FORMAT " of %s is %s%s%s", omen->id,
                                        whose, omen_action_to_string(omen->action),
                                        *omen->outcome ? ": " : "", omen->outcome);
    return self;
}

OmenNote *
omen_note_new_of_evacuation(const OmenEvacuationData *evacuation)
{
    gboolean good = evacuation->phase == OMEN_PHASE_SUCCEEDED;
    OmenNote *self =
        note_new(good ? OMEN_NOTE_ID_EVACUATION_SUCCEEDED : OMEN_NOTE_ID_EVACUATION_FAILED,
                 good ? LOG_NOTICE : LOG_ERR, "evacuation-ended");

    add_number(self, "evacuation_id", evacuation->id);
    add_number(self, "id", evacuation->omen_id);
    add(self, "domain", evacuation->domain_name);
    add(self, "domain_uuid", evacuation->domain_uuid);
    add(self, "destination", evacuation->destination);
    add(self, "phase", omen_phase_to_string(evacuation->phase));
    add_number(self, "downtime_ms", evacuation->downtime_ms);
    add(self, "error", evacuation->error);
    if (good)
        self->message =
            g_strdup_printf("%s moved to %s", evacuation->domain_name, evacuation->destination);
    else
        self->message =
            g_strdup_printf("the evacuation of %s %s%s%s", evacuation->domain_name,
                            evacuation->phase == OMEN_PHASE_FAILED ? "failed" : "was cancelled",
                            *evacuation->error ? ": " : "", evacuation->error);
    return self;
}

char *
omen_note_field_to_variable(const OmenNoteField *field)
{
    g_autofree char *upper = g_ascii_strup(field->name, -1);

    return g_strdup_printf("OMEN_%s=%s", upper, field->value);
}

char *
omen_note_to_json(const OmenNote *self)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    for (guint i = 0; i < self->fields->len; i++) {
        const OmenNoteField *field = &g_array_index(self->fields, OmenNoteField, i);
        json_builder_set_member_name(builder, field->name);
        json_builder_add_string_value(builder, field->value);
    }
    json_builder_set_member_name(builder, "message");
    json_builder_add_string_value(builder, self->message);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, FALSE);
}

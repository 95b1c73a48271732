/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Omens and evacuations: objects that come, change by signals, and go. */
#include "bus/bus-private.h"

/* Ended evacuations that can be looked at. */
#define MAX_ENDED 1000

static void
fill_reach(OmenDbusOmen *skeleton, const OmenData *data)
{
    const OmenDeviceReach *reach = data->device_reach;
    GVariantBuilder uses;

    g_variant_builder_init(&uses, G_VARIANT_TYPE("a(sss)"));
    for (guint i = 0; reach && i < reach->uses->len; i++) {
        const OmenDeviceUse *use = g_ptr_array_index(reach->uses, i);
        g_variant_builder_add(&uses, "(sss)", use->uuid, use->name, use->chain);
    }
    omen_dbus_omen_set_uses(skeleton, g_variant_builder_end(&uses));
    omen_dbus_omen_set_reach(skeleton, data->is_reach_sought ? "seeking"
                                       : reach               ? omen_reach_to_string(reach->reach)
                                                             : "");
    omen_dbus_omen_set_reach_note(skeleton, reach ? reach->note : "");
}

static void
fill_course(OmenDbusOmen *skeleton, const OmenData *data)
{
    GVariantBuilder course;

    g_variant_builder_init(&course, G_VARIANT_TYPE("a(tsssdt)"));
    for (guint i = 0; i < data->course->len; i++) {
        const OmenCourseStep *step = g_ptr_array_index(data->course, i);
        g_variant_builder_add(&course, "(tsssdt)", (guint64) step->time_us, step->stream,
                              omen_failure_class_to_string(step->failure_class), step->device,
                              step->probability, step->n_records);
    }
    omen_dbus_omen_set_course(skeleton, g_variant_builder_end(&course));
}

static void
fill_omen(OmenDbusOmen *skeleton, Omen *omen)
{
    const OmenData *data = omen_get_data(omen);

    omen_dbus_omen_set_id(skeleton, data->id);
    omen_dbus_omen_set_time(skeleton, (guint64) data->time_us);
    omen_dbus_omen_set_last_time(skeleton, (guint64) data->last_us);
    omen_dbus_omen_set_expires(skeleton, (guint64) data->expires_us);
    omen_dbus_omen_set_stream(skeleton, data->stream);
    omen_dbus_omen_set_scope(skeleton, omen_scope_to_string(data->scope));
    omen_dbus_omen_set_class(skeleton, omen_failure_class_to_string(data->failure_class));
    omen_dbus_omen_set_device(skeleton, data->device);
    fill_reach(skeleton, data);
    fill_course(skeleton, data);
    omen_dbus_omen_set_domain_uuid(skeleton, data->domain_uuid);
    omen_dbus_omen_set_domain_name(skeleton, data->domain_name);
    omen_dbus_omen_set_origin(skeleton, omen_origin_to_string(data->origin));
    omen_dbus_omen_set_writer(skeleton, data->writer);
    omen_dbus_omen_set_proven(skeleton, data->is_proven);
    omen_dbus_omen_set_probability(skeleton, data->probability);
    omen_dbus_omen_set_migration_helps(skeleton, omen_data_does_moving_help(data));
    omen_dbus_omen_set_reason(skeleton, data->reason);
    omen_dbus_omen_set_first_step(skeleton, omen_failure_class_get_first_step(data->failure_class));
    omen_dbus_omen_set_records(skeleton, data->n_records);
    omen_dbus_omen_set_action(skeleton, omen_action_to_string(data->action));
    omen_dbus_omen_set_outcome(skeleton, data->outcome);
    omen_dbus_omen_set_judges(skeleton, data->judges);
    omen_dbus_omen_set_urgency(skeleton, data->urgency_s);
    omen_dbus_omen_set_fate(skeleton, omen_fate_to_string(data->fate));
    omen_dbus_omen_set_fate_time(skeleton, (guint64) data->fate_us);
    omen_dbus_omen_set_open(skeleton, omen_is_open(omen, g_get_real_time()));
}

void
omen_bus_count_open_omens(OmenBus *self)
{
    g_autoptr(GPtrArray) omens = omen_registry_list(omen_controller_get_omens(self->controller));
    guint n_open = 0;

    for (guint i = 0; i < omens->len; i++)
        n_open += omen_is_open(g_ptr_array_index(omens, i), g_get_real_time()) ? 1 : 0;
    omen_dbus_manager_set_open_omens(self->manager, n_open);
}

static void
show_omen(OmenBus *self, Omen *omen)
{
    g_autofree char *path = omen_bus_path_of_omen(omen_get_data(omen)->id);
    OmenDbusOmen *skeleton = omen_dbus_omen_skeleton_new();

    fill_omen(skeleton, omen);
    omen_bus_connect_omen(self, skeleton);
    omen_bus_export(self, path, G_DBUS_INTERFACE_SKELETON(skeleton));
}

static void
on_omen_added(OmenRegistry *omens G_GNUC_UNUSED, Omen *omen, gpointer user_data)
{
    OmenBus *self = user_data;
    const OmenData *data = omen_get_data(omen);
    g_autofree char *path = omen_bus_path_of_omen(data->id);

    show_omen(self, omen);
    omen_bus_count_open_omens(self);
    omen_dbus_manager_emit_omen_raised(self->manager, path, omen_scope_to_string(data->scope),
                                       omen_failure_class_to_string(data->failure_class),
                                       data->probability);
}

static void
show_omen_state(OmenBus *self, Omen *omen)
{
    g_autofree char *path = omen_bus_path_of_omen(omen_get_data(omen)->id);
    g_autoptr(GDBusInterface) skeleton = omen_bus_find(self, path, "org.virtomen1.Omen");

    if (skeleton)
        fill_omen(OMEN_DBUS_OMEN(skeleton), omen);
}

/* What is done about an omen is shown at once; further records of it, which can be thousands a
 * second, with the next turn. */
static void
on_omen_changed(OmenRegistry *omens G_GNUC_UNUSED, Omen *omen, gpointer user_data)
{
    OmenBus *self = user_data;
    const OmenData *data = omen_get_data(omen);
    g_autofree char *path = omen_bus_path_of_omen(data->id);
    g_autoptr(GDBusInterface) skeleton = omen_bus_find(self, path, "org.virtomen1.Omen");

    if (!skeleton)
        return;
    if (g_strcmp0(omen_dbus_omen_get_action(OMEN_DBUS_OMEN(skeleton)),
                  omen_action_to_string(data->action)) == 0) {
        g_hash_table_add(self->dirty_omens, g_object_ref(omen));
        return;
    }
    fill_omen(OMEN_DBUS_OMEN(skeleton), omen);
    omen_bus_count_open_omens(self);
}

/* Those that changed, and those that have passed since they were shown. */
void
omen_bus_sync_omens(OmenBus *self)
{
    g_autoptr(GPtrArray) omens = omen_registry_list(omen_controller_get_omens(self->controller));
    gint64 now_us = g_get_real_time();

    for (guint i = 0; i < omens->len; i++) {
        Omen *omen = g_ptr_array_index(omens, i);
        gboolean is_dirty = g_hash_table_remove(self->dirty_omens, omen);
        if (is_dirty || (omen_get_data(omen)->expires_us <= now_us &&
                         omen_get_data(omen)->expires_us > self->synced_us))
            show_omen_state(self, omen);
    }
    g_hash_table_remove_all(self->dirty_omens);
    self->synced_us = now_us;
}

static void
on_omen_removed(OmenRegistry *omens G_GNUC_UNUSED, Omen *omen, gpointer user_data)
{
    OmenBus *self = user_data;
    g_autofree char *path = omen_bus_path_of_omen(omen_get_data(omen)->id);

    g_hash_table_remove(self->dirty_omens, omen);
    g_dbus_object_manager_server_unexport(self->objects, path);
    omen_bus_count_open_omens(self);
}

void
omen_bus_follow_omens(OmenBus *self)
{
    OmenRegistry *omens = omen_controller_get_omens(self->controller);
    g_autoptr(GPtrArray) list = omen_registry_list(omens);

    for (guint i = 0; i < list->len; i++)
        show_omen(self, g_ptr_array_index(list, i));
    g_signal_connect_object(omens, "added", G_CALLBACK(on_omen_added), self, 0);
    g_signal_connect_object(omens, "changed", G_CALLBACK(on_omen_changed), self, 0);
    g_signal_connect_object(omens, "removed", G_CALLBACK(on_omen_removed), self, 0);
}

/* ---- evacuations ---- */

static void
fill_evacuation(OmenDbusEvacuation *skeleton, const OmenEvacuationData *data)
{
    omen_dbus_evacuation_set_id(skeleton, data->id);
    omen_dbus_evacuation_set_domain_uuid(skeleton, data->domain_uuid);
    omen_dbus_evacuation_set_domain_name(skeleton, data->domain_name);
    omen_dbus_evacuation_set_omen_id(skeleton, data->omen_id);
    omen_dbus_evacuation_set_destination(skeleton, data->destination);
    omen_dbus_evacuation_set_phase(skeleton, omen_phase_to_string(data->phase));
    omen_dbus_evacuation_set_attempt(skeleton, data->attempt);
    omen_dbus_evacuation_set_progress(skeleton, data->progress);
    omen_dbus_evacuation_set_remaining_bytes(skeleton, data->remaining_bytes);
    omen_dbus_evacuation_set_downtime_ms(skeleton, data->downtime_ms);
    omen_dbus_evacuation_set_queued_time(skeleton, (guint64) data->queued_us);
    omen_dbus_evacuation_set_started_time(skeleton, (guint64) data->started_us);
    omen_dbus_evacuation_set_switched_time(skeleton, (guint64) data->switched_us);
    omen_dbus_evacuation_set_ended_time(skeleton, (guint64) data->ended_us);
    omen_dbus_evacuation_set_error(skeleton, data->error);
}

/* An ended evacuation stays to be looked at, until there are too many of them. */
static void
note_end(OmenBus *self, const char *path)
{
    g_queue_push_tail(&self->ended_paths, g_strdup(path));
    while (g_queue_get_length(&self->ended_paths) > MAX_ENDED) {
        g_autofree char *oldest = g_queue_pop_head(&self->ended_paths);
        g_dbus_object_manager_server_unexport(self->objects, oldest);
    }
}

static void
show_evacuation_state(OmenBus *self, OmenEvacuation *evacuation)
{
    const OmenEvacuationData *data = omen_evacuation_get_data(evacuation);
    g_autofree char *path = omen_bus_path_of_evacuation(data->id);
    g_autoptr(GDBusInterface) skeleton = omen_bus_find(self, path, "org.virtomen1.Evacuation");

    if (skeleton)
        fill_evacuation(OMEN_DBUS_EVACUATION(skeleton), data);
}

/* A new phase is shown at once, progress with the next turn. */
static void
on_evacuation_changed(OmenEvacuation *evacuation, gpointer user_data)
{
    OmenBus *self = user_data;
    const OmenEvacuationData *data = omen_evacuation_get_data(evacuation);
    g_autofree char *path = omen_bus_path_of_evacuation(data->id);
    g_autoptr(GDBusInterface) skeleton = omen_bus_find(self, path, "org.virtomen1.Evacuation");
    gboolean has_new_phase;

    if (!skeleton)
        return;
    has_new_phase = g_strcmp0(omen_dbus_evacuation_get_phase(OMEN_DBUS_EVACUATION(skeleton)),
                              omen_phase_to_string(data->phase)) != 0;
    if (!has_new_phase) {
        g_hash_table_add(self->dirty_evacuations, g_object_ref(evacuation));
        return;
    }
    fill_evacuation(OMEN_DBUS_EVACUATION(skeleton), data);
    if (!omen_phase_is_final(data->phase))
        return;
    omen_dbus_manager_emit_evacuation_ended(self->manager, path, omen_phase_to_string(data->phase));
    note_end(self, path);
}

static void
show_evacuation(OmenBus *self, OmenEvacuation *evacuation)
{
    const OmenEvacuationData *data = omen_evacuation_get_data(evacuation);
    g_autofree char *path = omen_bus_path_of_evacuation(data->id);
    OmenDbusEvacuation *skeleton = omen_dbus_evacuation_skeleton_new();

    fill_evacuation(skeleton, data);
    omen_bus_connect_evacuation(self, skeleton);
    omen_bus_export(self, path, G_DBUS_INTERFACE_SKELETON(skeleton));
    if (omen_phase_is_final(data->phase))
        note_end(self, path);
    else
        g_signal_connect_object(evacuation, "changed", G_CALLBACK(on_evacuation_changed), self, 0);
}

static void
on_evacuation_added(OmenController *controller G_GNUC_UNUSED,
                    OmenEvacuation *evacuation,
                    gpointer user_data)
{
    show_evacuation(user_data, evacuation);
}

void
omen_bus_sync_evacuations(OmenBus *self)
{
    GHashTableIter iter;
    gpointer evacuation;

    g_hash_table_iter_init(&iter, self->dirty_evacuations);
    while (g_hash_table_iter_next(&iter, &evacuation, NULL))
        show_evacuation_state(self, evacuation);
    g_hash_table_remove_all(self->dirty_evacuations);
}

void
omen_bus_follow_evacuations(OmenBus *self)
{
    g_autoptr(GPtrArray) list = omen_controller_list_evacuations(self->controller);

    for (guint i = 0; i < list->len; i++)
        show_evacuation(self, g_ptr_array_index(list, i));
    g_signal_connect(self->controller, "evacuation-added", G_CALLBACK(on_evacuation_added), self);
}

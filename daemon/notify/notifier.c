/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/notifier.h"

#include "notify/alerts.h"
#include "notify/command-hook.h"
#include "notify/journal.h"
#include "notify/webhook.h"

#include <unistd.h>

struct _OmenNotifier {
    GObject parent_instance;

    OmenRegistry *omens;
    OmenEvacuator *evacuator;
    OmenJournal *journal; /* NULL: not wanted */
    OmenCommandHook *command;
    OmenWebhook *webhook;
    OmenAlerts *alerts;
    GHashTable *actions; /* omen (owned) -> action + 1 that was told; 0: nothing told yet */
    guint tell_source;
    GHashTable *dirty; /* omens (owned) to look at */
    char *problem;
    guint64 n_failed_before; /* by earlier settings */
};

G_DEFINE_FINAL_TYPE(OmenNotifier, omen_notifier, G_TYPE_OBJECT)

static void
drop_receivers(OmenNotifier *self)
{
    self->n_failed_before = omen_notifier_get_n_failed(self);
    g_clear_pointer(&self->journal, omen_journal_free);
    g_clear_object(&self->command);
    if (self->webhook)
        g_object_run_dispose(G_OBJECT(self->webhook));
    g_clear_object(&self->webhook);
    g_clear_pointer(&self->problem, g_free);
}

static void
omen_notifier_dispose(GObject *object)
{
    OmenNotifier *self = OMEN_NOTIFIER(object);

    g_clear_handle_id(&self->tell_source, g_source_remove);
    drop_receivers(self);
    if (self->omens)
        g_signal_handlers_disconnect_by_data(self->omens, self);
    if (self->evacuator)
        g_signal_handlers_disconnect_by_data(self->evacuator, self);
    g_clear_object(&self->omens);
    g_clear_object(&self->evacuator);
    g_clear_pointer(&self->actions, g_hash_table_unref);
    g_clear_pointer(&self->dirty, g_hash_table_unref);
    g_clear_pointer(&self->alerts, omen_alerts_free);
    G_OBJECT_CLASS(omen_notifier_parent_class)->dispose(object);
}

static void
omen_notifier_class_init(OmenNotifierClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_notifier_dispose;
}

static void
omen_notifier_init(OmenNotifier *self)
{
    self->actions = g_hash_table_new_full(NULL, NULL, g_object_unref, NULL);
    self->dirty = g_hash_table_new_full(NULL, NULL, g_object_unref, NULL);
}

/* Takes @note. */
static void
tell(OmenNotifier *self, OmenNote *note)
{
    g_autoptr(OmenNote) owned = note;

    /* Where standard error is the journal this would be the same line again, without fields. */
    if (!self->journal || !g_log_writer_is_journald(STDERR_FILENO))
        g_message("%s", owned->message);
    if (self->command)
        omen_command_hook_run(self->command, omen_note_ref(owned));
    if (self->journal)
        omen_journal_write(self->journal, omen_note_ref(owned));
    if (self->webhook)
        omen_webhook_poke(self->webhook);
}

static void
look_at(OmenNotifier *self, Omen *omen)
{
    const OmenData *data = omen_get_data(omen);
    guint told = GPOINTER_TO_UINT(g_hash_table_lookup(self->actions, omen));

    if (told == data->action + 1)
        return;
    g_hash_table_replace(self->actions, g_object_ref(omen), GUINT_TO_POINTER(data->action + 1));
    if (data->action == OMEN_ACTION_DISMISSED || data->action == OMEN_ACTION_CLEARED)
        omen_alerts_end(self->alerts, data, g_get_real_time());
    tell(self, omen_note_new_of_omen(data, told == 0));
}

static gboolean
on_tell(gpointer user_data)
{
    OmenNotifier *self = user_data;
    GHashTableIter iter;
    gpointer omen;

    self->tell_source = 0;
    g_hash_table_iter_init(&iter, self->dirty);
    while (g_hash_table_iter_next(&iter, &omen, NULL)) {
        look_at(self, omen);
        g_hash_table_iter_remove(&iter);
    }
    return G_SOURCE_REMOVE;
}

/* Looked at when the policy has answered, and once for a burst. */
static void
on_omen(OmenRegistry *omens G_GNUC_UNUSED, Omen *omen, gpointer user_data)
{
    OmenNotifier *self = user_data;

    g_hash_table_add(self->dirty, g_object_ref(omen));
    if (!self->tell_source)
        self->tell_source = g_idle_add(on_tell, self);
}

static void
on_omen_removed(OmenRegistry *omens G_GNUC_UNUSED, Omen *omen, gpointer user_data)
{
    OmenNotifier *self = user_data;

    if (omen_get_data(omen)->part_of != 0)
        omen_alerts_end(self->alerts, omen_get_data(omen), g_get_real_time());
    g_hash_table_remove(self->actions, omen);
    g_hash_table_remove(self->dirty, omen);
}

static void
on_evacuation_changed(OmenEvacuation *evacuation, gpointer user_data)
{
    OmenNotifier *self = user_data;
    const OmenEvacuationData *data = omen_evacuation_get_data(evacuation);

    if (!omen_phase_is_final(data->phase))
        return;
    g_signal_handlers_disconnect_by_func(evacuation, on_evacuation_changed, self);
    if (data->phase == OMEN_PHASE_FAILED)
        omen_alerts_add_failure(self->alerts, data);
    tell(self, omen_note_new_of_evacuation(data));
}

static void
on_evacuation_added(OmenEvacuator *evacuator G_GNUC_UNUSED,
                    OmenEvacuation *evacuation,
                    gpointer user_data)
{
    if (!omen_phase_is_final(omen_evacuation_get_data(evacuation)->phase))
        g_signal_connect_object(evacuation, "changed", G_CALLBACK(on_evacuation_changed), user_data,
                                0);
}

static char *
describe_alerts(gpointer user_data)
{
    OmenNotifier *self = user_data;

    return omen_alerts_to_json(self->alerts, self->omens, g_get_real_time());
}

OmenNotifier *
omen_notifier_new(OmenRegistry *omens, OmenEvacuator *evacuator)
{
    OmenNotifier *self = g_object_new(OMEN_TYPE_NOTIFIER, NULL);
    g_autoptr(GPtrArray) known = omen_registry_list(omens);
    g_autoptr(GPtrArray) evacuations = omen_evacuator_list(evacuator);

    self->omens = g_object_ref(omens);
    self->evacuator = g_object_ref(evacuator);
    self->alerts = omen_alerts_new(g_get_host_name());
    for (guint i = 0; i < known->len; i++) {
        Omen *omen = g_ptr_array_index(known, i);
        g_hash_table_insert(self->actions, g_object_ref(omen),
                            GUINT_TO_POINTER(omen_get_data(omen)->action + 1));
    }
    for (guint i = 0; i < evacuations->len; i++)
        on_evacuation_added(evacuator, g_ptr_array_index(evacuations, i), self);
    g_signal_connect(omens, "added", G_CALLBACK(on_omen), self);
    g_signal_connect(omens, "changed", G_CALLBACK(on_omen), self);
    g_signal_connect(omens, "removed", G_CALLBACK(on_omen_removed), self);
    g_signal_connect(evacuator, "added", G_CALLBACK(on_evacuation_added), self);
    return self;
}

static void
set_problem(OmenNotifier *self, const char *what, const GError *error)
{
    g_free(self->problem);
    self->problem = g_strdup_printf("[notify] %s=: %s", what, error->message);
    g_warning("%s", self->problem);
}

void
omen_notifier_configure(OmenNotifier *self, const OmenNotifySettings *settings)
{
    drop_receivers(self);
    if (settings->journal)
        self->journal = omen_journal_new();
    if (*settings->command) {
        g_autoptr(GError) error = NULL;
        self->command =
            omen_command_hook_new(settings->command, settings->command_timeout_s, &error);
        if (!self->command)
            set_problem(self, "command", error);
    }
    if (*settings->webhook) {
        g_autoptr(GError) error = NULL;
        self->webhook = omen_webhook_new(settings->webhook, describe_alerts, self, &error);
        if (!self->webhook)
            set_problem(self, "webhook", error);
    }
}

const char *
omen_notifier_get_problem(OmenNotifier *self)
{
    return self->problem;
}

guint64
omen_notifier_get_n_failed(OmenNotifier *self)
{
    guint64 n = self->n_failed_before;

    if (self->journal)
        n += omen_journal_get_n_dropped(self->journal);
    if (self->command)
        n += omen_command_hook_get_n_failed(self->command);
    if (self->webhook)
        n += omen_webhook_get_n_failed(self->webhook);
    return n;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon-private.h"

#include "response/outcome.h"
#include "watch/detection.h"

enum {
    SIGNAL_LOST,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE(OmenDaemon,
                              omen_daemon,
                              G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(OMEN_TYPE_CONTROLLER,
                                                    omen_daemon_controller_iface_init))

/* Through which it is spoken to, and speaks. */
static void
drop_outlets(OmenDaemon *self)
{
    g_clear_object(&self->bus);
    g_clear_object(&self->hook_listener);
    g_clear_object(&self->metrics);
    g_clear_object(&self->counters);
    g_clear_object(&self->notifier);
}

static void
omen_daemon_dispose(GObject *object)
{
    OmenDaemon *self = OMEN_DAEMON(object);

    g_clear_handle_id(&self->save_source, g_source_remove);
    omen_daemon_stop_drain(self);
    omen_daemon_stop_fleet(self);
    drop_outlets(self);
    if (self->health)
        g_object_run_dispose(G_OBJECT(self->health));
    g_clear_object(&self->health);
    g_clear_object(&self->streams);
    g_clear_pointer(&self->llm_review, omen_llm_review_free);
    g_clear_object(&self->llm);
    g_clear_object(&self->responder);
    if (self->evacuator)
        g_object_run_dispose(G_OBJECT(self->evacuator));
    g_clear_object(&self->evacuator);
    g_clear_object(&self->hypervisor);
    g_clear_object(&self->omens);
    g_clear_object(&self->state);
    g_clear_object(&self->judge);
    G_OBJECT_CLASS(omen_daemon_parent_class)->dispose(object);
}

static void
omen_daemon_finalize(GObject *object)
{
    OmenDaemon *self = OMEN_DAEMON(object);

    omen_configuration_free(self->configuration);
    g_free(self->metrics_problem);
    g_free(self->fleet_problem);
    g_hash_table_unref(self->warned);
    g_clear_pointer(&self->fleet_hosts, g_ptr_array_unref);
    g_free(self->fleet_choice);
    g_clear_pointer(&self->fleet_refused, g_hash_table_unref);
    g_free(self->drain_kept);
    omen_host_drain_free(self->drain);
    g_clear_pointer(&self->reloaded, omen_configuration_free);
    g_free(self->state_problem);
    g_free(self->configuration_path);
    g_free(self->boot_id);
    g_clear_pointer(&self->migration_noise, omen_migration_noise_free);
    g_clear_pointer(&self->writers, omen_writers_free);
    g_free(self->bus_address);
    G_OBJECT_CLASS(omen_daemon_parent_class)->finalize(object);
}

static void
omen_daemon_class_init(OmenDaemonClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_daemon_dispose;
    G_OBJECT_CLASS(class)->finalize = omen_daemon_finalize;
    signals[SIGNAL_LOST] = g_signal_new("lost", OMEN_TYPE_DAEMON, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 0);
}

static void
omen_daemon_init(OmenDaemon *self)
{
    self->drain = omen_host_drain_new();
    self->warned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

OmenDaemon *
omen_daemon_new(OmenConfiguration *configuration,
                const char *configuration_path,
                const char *bus_address)
{
    OmenDaemon *self = g_object_new(OMEN_TYPE_DAEMON, NULL);

    self->configuration = configuration;
    self->configuration_path = g_strdup(configuration_path);
    self->bus_address = g_strdup(bus_address);
    return self;
}

static void
on_detection(OmenStreams *streams G_GNUC_UNUSED,
             OmenStream *stream,
             const char *uuid,
             const char *name,
             OmenRecord *record,
             OmenDecision *decision,
             gpointer user_data)
{
    OmenDaemon *self = user_data;

    if (self->llm_review && !decision->verdict.sure)
        omen_llm_review_take(self->llm_review, stream, uuid, name, record, decision);
    else
        omen_responder_take_detection(
            self->responder, omen_detection_describe(stream, uuid, name, record, decision));
}

static gboolean
on_record(OmenStream *stream, const OmenRecord *record, gpointer user_data)
{
    OmenDaemon *self = user_data;
    gint64 now_us = g_get_real_time();

    omen_outcome_take_line(self->omens, omen_stream_get_name(stream), record, now_us);
    return omen_migration_noise_explains(self->migration_noise, omen_stream_get_domain_uuid(stream),
                                         record, now_us);
}

static void
on_evacuation_changed(OmenEvacuation *evacuation, gpointer user_data)
{
    omen_migration_noise_take_evacuation(OMEN_DAEMON(user_data)->migration_noise,
                                         omen_evacuation_get_data(evacuation));
    omen_daemon_note_evacuation(user_data);
}

static void
on_evacuation_added(OmenEvacuator *evacuator G_GNUC_UNUSED,
                    OmenEvacuation *evacuation,
                    gpointer user_data)
{
    on_evacuation_changed(evacuation, user_data);
    g_signal_connect_object(evacuation, "changed", G_CALLBACK(on_evacuation_changed), user_data, 0);
    omen_controller_emit_evacuation_added(OMEN_CONTROLLER(user_data), evacuation);
}

static void
on_status_changed(OmenDaemon *self)
{
    omen_controller_emit_status_changed(OMEN_CONTROLLER(self));
}

static void
on_bus_lost(OmenBus *bus G_GNUC_UNUSED, gpointer user_data)
{
    OmenDaemon *self = user_data;

    self->is_lost = TRUE;
    g_signal_emit(self, signals[SIGNAL_LOST], 0);
}

static void
on_hook_operation(OmenHookListener *listener G_GNUC_UNUSED,
                  const char *domain,
                  const char *operation,
                  const char *sub_operation,
                  const char *extra,
                  gpointer user_data G_GNUC_UNUSED)
{
    g_info("libvirt hook: %s %s %s %s", domain, operation, sub_operation, extra);
}

static void
start_hook_listener(OmenDaemon *self)
{
    g_autoptr(GError) error = NULL;

    self->hook_listener = omen_hook_listener_new(NULL);
    g_signal_connect(self->hook_listener, "operation", G_CALLBACK(on_hook_operation), self);
    if (!omen_hook_listener_start(self->hook_listener, &error))
        g_warning("cannot listen to the libvirt hook: %s", error->message);
}

static void
make_parts(OmenDaemon *self)
{
    OmenConfiguration *configuration = self->configuration;

    self->omens = omen_registry_new(configuration->max_omens);
    self->hypervisor =
        omen_hypervisor_new(configuration->libvirt_uri, configuration->monitor_events);
    self->evacuator =
        omen_evacuator_new(self->hypervisor, omen_daemon_keep_evacuation, self->state);
    self->responder = omen_responder_new(self->omens, self->evacuator, self->hypervisor);
    self->migration_noise = omen_migration_noise_new();
    self->streams = omen_streams_new(configuration, self->judge, g_steal_pointer(&self->writers),
                                     self->hypervisor);
    omen_outcome_watch(self->hypervisor, self->omens);
    omen_streams_set_filter(self->streams, on_record, self);
    g_signal_connect(self->streams, "detection", G_CALLBACK(on_detection), self);
    g_signal_connect(self->evacuator, "added", G_CALLBACK(on_evacuation_added), self);
    g_signal_connect_object(self->hypervisor, "connected", G_CALLBACK(on_status_changed), self,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(self->hypervisor, "disconnected", G_CALLBACK(on_status_changed), self,
                            G_CONNECT_SWAPPED);
}

/* Knowledge of one's own may say nothing of that. */
static gboolean
load_writers(OmenDaemon *self, const char *knowledge, GError **error)
{
    g_autoptr(GError) local = NULL;

    self->writers = omen_writers_load(knowledge, &local);
    if (!self->writers && knowledge && g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        self->writers = omen_writers_load(NULL, error);
    else if (!self->writers)
        g_propagate_error(error, g_steal_pointer(&local));
    return self->writers != NULL;
}

gboolean
omen_daemon_start(OmenDaemon *self, GError **error)
{
    const char *knowledge =
        *self->configuration->knowledge_dir ? self->configuration->knowledge_dir : NULL;

    g_autoptr(OmenJudge) judge = omen_judge_new(self->configuration->judge, knowledge, error);

    if (!judge || !load_writers(self, knowledge, error))
        return FALSE;
    self->metered_judge = omen_metered_judge_new(judge);
    self->judge = OMEN_JUDGE(self->metered_judge);
    if (!omen_daemon_open_state(self, error))
        return FALSE;
    make_parts(self);
    omen_daemon_start_llm(self);
    omen_daemon_configure_evacuator(self, self->configuration);
    omen_daemon_take_up_state(self);
    omen_responder_configure(self->responder, self->configuration);
    omen_responder_take_up(self->responder);
    self->notifier = omen_notifier_new(self->omens, self->evacuator);
    self->health = omen_health_new(self->omens);
    omen_daemon_configure_notifying(self, self->configuration);
    if (!omen_streams_start(self->streams, error))
        return FALSE;
    self->bus = omen_bus_new(OMEN_CONTROLLER(self));
    g_signal_connect(self->bus, "lost", G_CALLBACK(on_bus_lost), self);
    if (!omen_bus_start(self->bus, self->bus_address, error))
        return FALSE;
    start_hook_listener(self);
    omen_daemon_start_metrics(self);
    omen_hypervisor_start(self->hypervisor);
    omen_daemon_start_fleet(self);
    omen_daemon_start_drain(self);
    g_message("virt-omend is running, mode %s",
              omen_mode_to_string(omen_responder_get_mode(self->responder)));
    return TRUE;
}

void
omen_daemon_stop(OmenDaemon *self)
{
    g_clear_object(&self->bus);
    omen_daemon_stop_drain(self);
    omen_daemon_stop_fleet(self);
    omen_daemon_save_streams(self, OMEN_SAVING_ALL);
    omen_daemon_keep_llm(self);
    omen_streams_stop(self->streams);
    omen_hypervisor_stop(self->hypervisor);
    omen_daemon_close_state(self);
}

gboolean
omen_daemon_is_lost(OmenDaemon *self)
{
    return self->is_lost;
}

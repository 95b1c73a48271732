/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What follows from the configuration: at the start, and when it is read anew. */
#include "configuration/configuration-files.h"
#include "daemon-private.h"

#include "evacuation/libvirt/escalation.h"

static OmenDestination *
make_destination(const OmenDestinationSettings *one)
{
    const OmenDestinationTerms terms = {one->name,   one->uri,    one->migrate_uri, one->bus,
                                        one->labels, one->weight, one->max_domains};

    return omen_destination_new(&terms);
}

/* Of each destination once, since the fleet's come and go. */
static void
warn_of_listeners(OmenDaemon *self, GPtrArray *destinations, gboolean tls)
{
    for (guint i = 0; i < destinations->len; i++) {
        const OmenDestination *one = g_ptr_array_index(destinations, i);
        if (tls && omen_destination_is_confidential(one))
            continue;
        if (g_hash_table_add(self->warned, g_strconcat(one->name, " ", one->uri, NULL)))
            g_warning("GUEST MEMORY WILL BE READABLE ON THE NETWORK when they move "
                      "to %s: set tls=yes and a uri of qemu+tls or qemu+ssh",
                      one->name);
    }
}

void
omen_daemon_configure_evacuator(OmenDaemon *self, const OmenConfiguration *configuration)
{
    g_autoptr(GPtrArray) destinations =
        g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_unref);
    OmenEvacuatorLimits limits = {
        .concurrency = configuration->concurrency,
        .timeout_s = configuration->timeout_s,
        .bandwidth_mib = configuration->bandwidth_mib,
        .reserve_bytes = (guint64) configuration->memory_reserve_mib * 1024 * 1024,
        .concurrency_a_destination = configuration->concurrency_a_destination,
        .link_mib = configuration->link_mib,
        .cpu_overcommit = configuration->cpu_overcommit,
        .max_downtime_ms = configuration->max_downtime_ms,
        .parallel_connections = configuration->parallel_connections,
        .post_copy = configuration->post_copy,
        .tls = configuration->tls,
        .compress = configuration->compress,
        .copy_disks = configuration->copy_disks,
        .own_uri = configuration->own_uri,
        .save_dir = configuration->save_dir,
        .shutdown_limit_s = configuration->shutdown_limit_s,
    };
    OmenEscalationSteps steps = 0;

    /* The configuration was checked. */
    if (omen_escalation_parse(configuration->when_stuck, &steps, NULL))
        limits.escalation = steps;

    for (guint i = 0; i < configuration->destinations->len; i++) {
        const OmenDestinationSettings *one = g_ptr_array_index(configuration->destinations, i);
        if (!omen_daemon_is_barred(self, one->name, one->uri))
            g_ptr_array_add(destinations, make_destination(one));
    }
    omen_daemon_add_fleet_destinations(self, destinations);
    warn_of_listeners(self, destinations, limits.tls);
    omen_evacuator_configure(self->evacuator, destinations, &limits);
}

static void
configure_notifier(OmenDaemon *self, const OmenConfiguration *configuration)
{
    const OmenNotifySettings settings = {
        .journal = configuration->notify_journal,
        .command = configuration->notify_command,
        .command_timeout_s = configuration->notify_command_timeout_s,
        .webhook = configuration->notify_webhook,
    };

    omen_notifier_configure(self->notifier, &settings);
}

static void
configure_health(OmenDaemon *self, const OmenConfiguration *configuration)
{
    g_autofree char *program =
        configuration->pacemaker == OMEN_SWITCH_NO ? NULL : g_find_program_in_path("attrd_updater");

    if (!program && configuration->pacemaker == OMEN_SWITCH_YES)
        g_warning("[neighbours] pacemaker=yes: attrd_updater is not installed");
    omen_health_set_observing(self->health,
                              omen_responder_get_mode(self->responder) == OMEN_MODE_OBSERVE);
    omen_health_configure(self->health, program, configuration->condition_file);
}

void
omen_daemon_configure_notifying(OmenDaemon *self, const OmenConfiguration *configuration)
{
    configure_notifier(self, configuration);
    configure_health(self, configuration);
}

/* ---- reading it anew ---- */

static void
load_in_thread(GTask *task,
               gpointer source G_GNUC_UNUSED,
               gpointer task_data,
               GCancellable *cancellable G_GNUC_UNUSED)
{
    GError *error = NULL;
    OmenConfiguration *fresh = omen_configuration_files_check_trust(task_data, &error)
                                   ? omen_configuration_load(task_data, &error)
                                   : NULL;

    if (fresh)
        g_task_return_pointer(task, fresh, (GDestroyNotify) omen_configuration_free);
    else
        g_task_return_error(task, error);
}

static void
apply(OmenDaemon *self, const OmenConfiguration *fresh)
{
    omen_responder_configure(self->responder, fresh);
    omen_daemon_configure_evacuator(self, fresh);
    omen_daemon_configure_notifying(self, fresh);
    g_message(
        "the configuration was reloaded; settings of sources, libvirt and the engine take effect "
        "at the next start");
    omen_controller_emit_status_changed(OMEN_CONTROLLER(self));
}

/* A reload, and the number of its turn. */
typedef struct {
    GTask *task;
    guint turn;
} Reload;

static void
on_loaded(GObject *source, GAsyncResult *result, gpointer user_data)
{
    OmenDaemon *self = OMEN_DAEMON(source);
    g_autofree Reload *reload = user_data;
    g_autoptr(GTask) task = reload->task;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenConfiguration) fresh = g_task_propagate_pointer(G_TASK(result), &error);

    if (!fresh) {
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    /* The daemon may have ended meanwhile. */
    if (self->responder && reload->turn > self->applied_reload) {
        self->applied_reload = reload->turn;
        apply(self, fresh);
        g_clear_pointer(&self->reloaded, omen_configuration_free);
        self->reloaded = g_steal_pointer(&fresh);
    }
    g_task_return_boolean(task, TRUE);
}

void
omen_daemon_reload_async(OmenDaemon *self, GAsyncReadyCallback callback, gpointer user_data)
{
    Reload *reload = g_new0(Reload, 1);
    g_autoptr(GTask) load = g_task_new(self, NULL, on_loaded, reload);

    reload->task = g_task_new(self, NULL, callback, user_data);
    reload->turn = ++self->n_reloads;
    g_task_set_task_data(load, g_strdup(self->configuration_path), g_free);
    g_task_run_in_thread(load, load_in_thread);
}

gboolean
omen_daemon_reload_finish(OmenDaemon *self G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

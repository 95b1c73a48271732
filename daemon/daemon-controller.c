/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon as the bus sees it. */
#include "config.h"

#include "daemon-private.h"

/* What a fresh package lacks, and the line that mends it. */
#define NO_DESTINATION                                                                             \
    "no destination is configured, so no domain can be moved away; name another host by: "         \
    "printf '[destination beta]\\nuri=qemu+ssh://beta/system\\n' | sudo tee " OMEN_SYSCONFDIR      \
    "/virt-omen/conf.d/destinations.conf && sudo systemctl reload virt-omend"

static const char *
get_mode(OmenController *controller)
{
    return omen_mode_to_string(omen_responder_get_mode(OMEN_DAEMON(controller)->responder));
}

static gboolean
set_mode(OmenController *controller, const char *word, GError **error)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    OmenMode mode;

    if (!omen_mode_from_string(word, &mode)) {
        g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_INVALID,
                    "a mode is observe, advise or enforce");
        return FALSE;
    }
    omen_responder_set_mode(self->responder, mode);
    omen_health_set_observing(self->health, mode == OMEN_MODE_OBSERVE);
    omen_daemon_keep_mode(self);
    omen_controller_emit_status_changed(controller);
    return TRUE;
}

static gint64
get_since_us(OmenController *controller)
{
    return OMEN_DAEMON(controller)->since_us;
}

static gboolean
is_connected(OmenController *controller)
{
    return omen_hypervisor_is_connected(OMEN_DAEMON(controller)->hypervisor);
}

static gboolean
is_host_endangered(OmenController *controller)
{
    return omen_responder_is_host_endangered(OMEN_DAEMON(controller)->responder);
}

static char **
list_problems(OmenController *controller)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    g_autoptr(GPtrArray) probes = omen_evacuator_list_probes(self->evacuator);
    g_autoptr(GStrvBuilder) problems = g_strv_builder_new();
    const char *of_libvirt = omen_hypervisor_get_problem(self->hypervisor);
    const char *of_state = omen_state_db_get_problem(self->state);
    g_autofree char *of_sources = omen_streams_describe_doubt(self->streams);
    g_autofree char *of_fleet = omen_daemon_describe_fleet_problem(self);
    g_autofree char *of_places = omen_daemon_describe_waiting(self);
    g_autofree char *of_brake = omen_daemon_describe_brake(self);
    g_autofree char *of_drain = omen_daemon_describe_drain(self);
    g_autofree char *floods =
        omen_stream_describe_floods(omen_streams_get_host_stream(self->streams));

    if (probes->len == 0)
        g_strv_builder_add(problems, NO_DESTINATION);
    if (of_libvirt)
        g_strv_builder_add(problems, of_libvirt);
    if (self->state_problem)
        g_strv_builder_add(problems, self->state_problem);
    if (of_state)
        g_strv_builder_add(problems, of_state);
    if (of_sources)
        g_strv_builder_add(problems, of_sources);
    if (floods)
        g_strv_builder_add(problems, floods);
    if (omen_notifier_get_problem(self->notifier))
        g_strv_builder_add(problems, omen_notifier_get_problem(self->notifier));
    if (self->metrics_problem)
        g_strv_builder_add(problems, self->metrics_problem);
    if (of_fleet)
        g_strv_builder_add(problems, of_fleet);
    if (of_places)
        g_strv_builder_add(problems, of_places);
    if (of_drain)
        g_strv_builder_add(problems, of_drain);
    if (of_brake) {
        g_autofree char *text = g_strdup_printf(
            "the fleet's brake: %s: nothing moves from here without approval", of_brake);
        g_strv_builder_add(problems, text);
    }
    if (omen_responder_get_doubt(self->responder)) {
        g_autofree char *doubt = g_strdup_printf(
            "this host takes no guests yet: %s (virt-omen clear OMEN overrides that)",
            omen_responder_get_doubt(self->responder));
        g_strv_builder_add(problems, doubt);
    }
    return g_strv_builder_end(problems);
}

static char *
describe_fleet_brake(OmenController *controller)
{
    char *text = omen_daemon_describe_brake(OMEN_DAEMON(controller));

    return text ? text : g_strdup("");
}

static GPtrArray *
list_host_streams(OmenController *controller)
{
    return omen_stream_list_status(omen_streams_get_host_stream(OMEN_DAEMON(controller)->streams));
}

static OmenDomainStatus *
describe_domain(OmenDaemon *self, const OmenDomainInfo *info)
{
    OmenStream *stream = omen_streams_get_domain_stream(self->streams, info->uuid);
    OmenGuestListener *guest = omen_streams_get_guest(self->streams, info->uuid);
    OmenDomainStatus *status = g_new0(OmenDomainStatus, 1);

    status->uuid = g_strdup(info->uuid);
    status->name = g_strdup(info->name);
    status->state = g_strdup(omen_domain_info_get_state_name(info));
    status->endangered =
        omen_registry_get_domain_danger(self->omens, info->uuid, g_get_real_time()) != NULL ||
        (omen_domain_info_is_active(info) && omen_responder_is_host_endangered(self->responder));
    status->hearing = omen_guest_listener_describe(guest);
    status->streams =
        stream ? omen_stream_list_status(stream)
               : g_ptr_array_new_with_free_func((GDestroyNotify) omen_stream_status_free);
    if (guest) {
        GPtrArray *own = omen_stream_list_status(omen_guest_listener_get_stream(guest));
        g_ptr_array_extend_and_steal(status->streams, own);
    }
    return status;
}

static int
compare_domains(gconstpointer a, gconstpointer b)
{
    return g_strcmp0((*(OmenDomainStatus *const *) a)->name,
                     (*(OmenDomainStatus *const *) b)->name);
}

static GPtrArray *
list_domains(OmenController *controller)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    g_autoptr(GPtrArray) infos = omen_hypervisor_list(self->hypervisor);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) omen_domain_status_free);

    for (guint i = 0; i < infos->len; i++)
        g_ptr_array_add(list, describe_domain(self, g_ptr_array_index(infos, i)));
    g_ptr_array_sort(list, compare_domains);
    return list;
}

static double *
list_scores(
    OmenController *controller, const char *uuid, gboolean of_day, guint *n_scores, guint *step_s)
{
    OmenStreams *streams = OMEN_DAEMON(controller)->streams;
    OmenStream *stream = uuid ? omen_streams_get_domain_stream(streams, uuid)
                              : omen_streams_get_host_stream(streams);
    gint64 now_us = g_get_monotonic_time();
    double *scores;

    if (!stream)
        return NULL;
    *n_scores = of_day ? OMEN_SCORE_COARSE : OMEN_SCORE_FINE;
    *step_s = of_day ? OMEN_SCORE_COARSE_S : OMEN_SCORE_FINE_S;
    scores = g_new(double, *n_scores);
    if (of_day)
        omen_score_history_list_coarse(omen_stream_get_scores(stream), now_us, scores);
    else
        omen_score_history_list_fine(omen_stream_get_scores(stream), now_us, scores);
    return scores;
}

static double *
list_pressure(OmenController *controller, const char *resource, guint *n_values, guint *step_s)
{
    OmenPressureHistory *history = omen_streams_get_pressure(OMEN_DAEMON(controller)->streams);

    *n_values = OMEN_PRESSURE_HISTORY_STEPS;
    *step_s = OMEN_PRESSURE_HISTORY_STEP_S;
    return history ? omen_pressure_history_list(history, resource, g_get_monotonic_time()) : NULL;
}

static GPtrArray *
list_destinations(OmenController *controller)
{
    g_autoptr(GPtrArray) probes = omen_evacuator_list_probes(OMEN_DAEMON(controller)->evacuator);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_status_free);

    for (guint i = 0; i < probes->len; i++) {
        const OmenDestinationProbe *probe = g_ptr_array_index(probes, i);
        OmenDestinationStatus *status = g_new0(OmenDestinationStatus, 1);
        status->name = g_strdup(probe->destination->name);
        status->uri = g_strdup(probe->destination->uri);
        status->reachable = probe->reachable;
        status->reason = g_strdup(probe->reason);
        status->free_memory = probe->sight.free_bytes;
        g_ptr_array_add(list, status);
    }
    return list;
}

static GPtrArray *
list_evacuations(OmenController *controller)
{
    return omen_evacuator_list(OMEN_DAEMON(controller)->evacuator);
}

static OmenRegistry *
get_omens(OmenController *controller)
{
    return OMEN_DAEMON(controller)->omens;
}

/* The evacuator's and the responder's errors in the words of the bus. */
static void
translate(GError **error)
{
    OmenControllerError code = OMEN_CONTROLLER_ERROR_FAILED;
    g_autofree char *message = NULL;

    if (!error || !*error || (*error)->domain == OMEN_CONTROLLER_ERROR)
        return;
    if (g_error_matches(*error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_NOT_FOUND) ||
        g_error_matches(*error, OMEN_RESPONDER_ERROR, OMEN_RESPONDER_ERROR_NOT_FOUND))
        code = OMEN_CONTROLLER_ERROR_NOT_FOUND;
    else if (g_error_matches(*error, OMEN_RESPONDER_ERROR, OMEN_RESPONDER_ERROR_INVALID))
        code = OMEN_CONTROLLER_ERROR_INVALID;
    else if (g_error_matches(*error, OMEN_RESPONDER_ERROR, OMEN_RESPONDER_ERROR_DISCONNECTED))
        code = OMEN_CONTROLLER_ERROR_DISCONNECTED;
    else if (g_error_matches(*error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY) ||
             g_error_matches(*error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_FULL))
        code = OMEN_CONTROLLER_ERROR_BUSY;
    message = g_strdup((*error)->message);
    g_clear_error(error);
    g_set_error_literal(error, OMEN_CONTROLLER_ERROR, code, message);
}

/* Before the first of them is queued: all or nothing. */
static gboolean
check_all(OmenDaemon *self,
          const char *const *domains,
          const OmenEvacuationRequest *request,
          GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (; *domains; domains++) {
        const OmenDomainInfo *info;
        if (!omen_evacuator_check(self->evacuator, *domains, request, error))
            return FALSE;
        info = omen_hypervisor_lookup(self->hypervisor, *domains);
        if (!g_hash_table_add(seen, g_strdup(info->uuid))) {
            g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_INVALID,
                        "%s is named twice", info->name);
            return FALSE;
        }
    }
    return TRUE;
}

static GPtrArray *
evacuate(OmenController *controller,
         const char *const *domains,
         const char *destination,
         guint64 omen_id,
         GError **error)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    OmenEvacuationRequest request = omen_daemon_make_request(self, destination, omen_id);
    g_autoptr(GPtrArray) evacuations = g_ptr_array_new_with_free_func(g_object_unref);
    g_auto(GStrv) all = NULL;

    if (!omen_hypervisor_is_connected(self->hypervisor)) {
        g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_DISCONNECTED, "%s",
                    omen_hypervisor_get_problem(self->hypervisor));
        return NULL;
    }
    if (!*domains) {
        all = omen_hypervisor_list_active_uuids(self->hypervisor);
        domains = (const char *const *) all;
    }
    if (!check_all(self, domains, &request, error)) {
        translate(error);
        return NULL;
    }
    for (; *domains; domains++) {
        OmenEvacuation *evacuation =
            omen_evacuator_enqueue(self->evacuator, *domains, &request, error);
        if (!evacuation) {
            translate(error);
            return NULL;
        }
        g_ptr_array_add(evacuations, g_object_ref(evacuation));
    }
    return g_steal_pointer(&evacuations);
}

static GPtrArray *
bring_back(OmenController *controller, const char *const *domains, GError **error)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    g_autoptr(GPtrArray) evacuations = g_ptr_array_new_with_free_func(g_object_unref);
    g_auto(GStrv) all = NULL;

    if (omen_responder_is_host_endangered(self->responder)) {
        g_set_error(error, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_INVALID,
                    "this host is endangered: see virt-omen omens, and clear what is over");
        return NULL;
    }
    if (!*domains) {
        all = omen_evacuator_list_away(self->evacuator, FALSE);
        domains = (const char *const *) all;
    }
    for (; *domains; domains++) {
        OmenEvacuation *evacuation = omen_evacuator_bring_back(self->evacuator, *domains, error);
        if (!evacuation) {
            translate(error);
            return NULL;
        }
        g_ptr_array_add(evacuations, g_object_ref(evacuation));
    }
    return g_steal_pointer(&evacuations);
}

static gboolean
cancel(OmenController *controller, guint64 evacuation_id, GError **error)
{
    gboolean good = omen_evacuator_cancel(OMEN_DAEMON(controller)->evacuator, evacuation_id,
                                          "an operator stopped it", error);

    if (!good)
        translate(error);
    return good;
}

/* What an operator says of an omen is kept beside what the judge said. */
static void
keep_word(OmenDaemon *self, guint64 omen_id, const char *word)
{
    Omen *omen = omen_registry_lookup(self->omens, omen_id);
    const OmenData *data = omen_get_data(omen);
    OmenStream *stream = omen_streams_lookup(self->streams, data->stream);
    OmenVerdictRow *row = omen_verdict_row_new();

    row->time_us = g_get_real_time();
    g_free(row->stream);
    row->stream = g_strdup(data->stream);
    row->template_id = data->template_id;
    if (stream) {
        g_free(row->template_text);
        row->template_text = omen_miner_dup_template(
            omen_detector_get_miner(omen_stream_get_detector(stream)), data->template_id);
        if (!row->template_text)
            row->template_text = g_strdup("");
    }
    g_free(row->judge);
    row->judge = g_strdup(omen_judge_get_name(self->judge));
    row->probability = data->probability;
    row->failure_class = data->failure_class;
    row->omen_id = omen_id;
    g_free(row->word);
    row->word = g_strdup(word);
    omen_state_db_put_verdict(self->state, row);
}

static gboolean
approve(OmenController *controller, guint64 omen_id, GError **error)
{
    OmenDaemon *self = OMEN_DAEMON(controller);

    if (!omen_responder_approve(self->responder, omen_id, error)) {
        translate(error);
        return FALSE;
    }
    keep_word(self, omen_id, "approved");
    return TRUE;
}

/* What an operator says of an omen is said of all kinds of lines that it was made of. */
static void
teach(OmenDaemon *self, guint64 omen_id, OmenWord what)
{
    const OmenData *data = omen_get_data(omen_registry_lookup(self->omens, omen_id));
    OmenTemplateWord word = {.word = what,
                             .time_us = g_get_real_time(),
                             .failure_class = data->failure_class,
                             .scope = data->scope,
                             .migration_helps = data->migration_helps};

    for (guint i = 0; i < data->templates->len; i++) {
        word.template_id = g_array_index(data->templates, guint32, i);
        omen_daemon_teach(self, data->stream, &word);
    }
}

static gboolean
dismiss(OmenController *controller, guint64 omen_id, GError **error)
{
    OmenDaemon *self = OMEN_DAEMON(controller);

    if (!omen_responder_dismiss(self->responder, omen_id, error)) {
        translate(error);
        return FALSE;
    }
    teach(self, omen_id, OMEN_WORD_DISMISSED);
    keep_word(self, omen_id, "dismissed");
    return TRUE;
}

static gboolean
confirm(OmenController *controller, guint64 omen_id, GError **error)
{
    OmenDaemon *self = OMEN_DAEMON(controller);

    if (!omen_responder_confirm(self->responder, omen_id, error)) {
        translate(error);
        return FALSE;
    }
    teach(self, omen_id, OMEN_WORD_CONFIRMED);
    keep_word(self, omen_id, "confirmed");
    return TRUE;
}

static gboolean
clear(OmenController *controller, guint64 omen_id, GError **error)
{
    OmenDaemon *self = OMEN_DAEMON(controller);

    if (!omen_responder_clear(self->responder, omen_id, "cleared by an operator", error)) {
        translate(error);
        return FALSE;
    }
    keep_word(self, omen_id, "cleared");
    return TRUE;
}

static gboolean
accept_values(OmenController *controller, guint64 omen_id, GError **error)
{
    OmenDaemon *self = OMEN_DAEMON(controller);
    Omen *omen = omen_registry_lookup(self->omens, omen_id);

    if (omen && !omen_daemon_learn_accepted(self, omen_get_data(omen), error))
        return FALSE;
    if (!omen_responder_clear(self->responder, omen_id, "accepted by an operator", error)) {
        translate(error);
        return FALSE;
    }
    keep_word(self, omen_id, "accepted");
    return TRUE;
}

static void
on_reloaded(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;

    if (omen_daemon_reload_finish(OMEN_DAEMON(source), result, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_new_error(task, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_INVALID, "%s",
                                error->message);
}

static void
reload_async(OmenController *controller, GAsyncReadyCallback callback, gpointer user_data)
{
    omen_daemon_reload_async(OMEN_DAEMON(controller), on_reloaded,
                             g_task_new(controller, NULL, callback, user_data));
}

static gboolean
reload_finish(OmenController *controller G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

void
omen_daemon_controller_iface_init(OmenControllerInterface *iface)
{
    iface->get_mode = get_mode;
    iface->set_mode = set_mode;
    iface->get_since_us = get_since_us;
    iface->is_connected = is_connected;
    iface->is_host_endangered = is_host_endangered;
    iface->list_problems = list_problems;
    iface->describe_fleet_brake = describe_fleet_brake;
    iface->list_host_streams = list_host_streams;
    iface->list_domains = list_domains;
    iface->list_scores = list_scores;
    iface->list_pressure = list_pressure;
    iface->list_destinations = list_destinations;
    iface->list_evacuations = list_evacuations;
    iface->get_omens = get_omens;
    iface->evacuate = evacuate;
    iface->bring_back = bring_back;
    iface->plan_async = omen_daemon_plan_async;
    iface->plan_finish = omen_daemon_plan_finish;
    omen_daemon_fill_fleet_controller(iface);
    omen_daemon_fill_drain_controller(iface);
    iface->cancel = cancel;
    iface->approve = approve;
    iface->dismiss = dismiss;
    iface->confirm = confirm;
    iface->clear = clear;
    iface->accept = accept_values;
    iface->reload_async = reload_async;
    iface->reload_finish = reload_finish;
    iface->list_normal = omen_daemon_list_normal;
    iface->forget_normal = omen_daemon_forget_normal;
    iface->list_words = omen_daemon_list_words;
    iface->forget_word = omen_daemon_forget_word;
    iface->list_accepted = omen_daemon_list_accepted;
    iface->forget_accepted = omen_daemon_forget_accepted;
}

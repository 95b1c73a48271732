/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-controller.h"

static void fake_controller_iface_init(OmenControllerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(FakeController,
                              fake_controller,
                              G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(OMEN_TYPE_CONTROLLER,
                                                    fake_controller_iface_init))

static void
fake_controller_finalize(GObject *object)
{
    FakeController *self = FAKE_CONTROLLER(object);

    g_free(self->mode);
    g_object_unref(self->omens);
    g_ptr_array_unref(self->evacuations);
    g_ptr_array_unref(self->domains);
    g_ptr_array_unref(self->destinations);
    g_ptr_array_unref(self->plans);
    g_string_free(self->calls, TRUE);
    g_clear_error(&self->next_error);
    G_OBJECT_CLASS(fake_controller_parent_class)->finalize(object);
}

static void
fake_controller_class_init(FakeControllerClass *class)
{
    G_OBJECT_CLASS(class)->finalize = fake_controller_finalize;
}

static void
fake_controller_init(FakeController *self)
{
    self->mode = g_strdup("advise");
    self->omens = omen_registry_new(1000);
    self->evacuations = g_ptr_array_new_with_free_func(g_object_unref);
    self->domains = g_ptr_array_new_with_free_func(g_free);
    self->destinations = g_ptr_array_new_with_free_func(g_free);
    self->plans = g_ptr_array_new_with_free_func(g_object_unref);
    self->calls = g_string_new(NULL);
}

FakeController *
fake_controller_new(void)
{
    return g_object_new(FAKE_TYPE_CONTROLLER, NULL);
}

G_GNUC_PRINTF(3, 4)
static gboolean
note(OmenController *controller, GError **error, const char *format, ...)
{
    FakeController *self = FAKE_CONTROLLER(controller);
    va_list values;

    va_start(values, format);
    g_string_append_vprintf(self->calls, format, values);
    va_end(values);
    g_string_append_c(self->calls, ';');
    if (!self->next_error)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&self->next_error));
    return FALSE;
}

static const char *
get_mode(OmenController *controller)
{
    return FAKE_CONTROLLER(controller)->mode;
}

static gboolean
set_mode(OmenController *controller, const char *mode, GError **error)
{
    FakeController *self = FAKE_CONTROLLER(controller);

    if (!note(controller, error, "mode %s", mode))
        return FALSE;
    g_free(self->mode);
    self->mode = g_strdup(mode);
    omen_controller_emit_status_changed(controller);
    return TRUE;
}

static gint64
get_since_us(OmenController *controller G_GNUC_UNUSED)
{
    return G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC;
}

static gboolean
is_connected(OmenController *controller G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean
is_host_endangered(OmenController *controller)
{
    return omen_registry_get_host_danger(FAKE_CONTROLLER(controller)->omens, g_get_real_time()) !=
           NULL;
}

static char **
list_problems(OmenController *controller G_GNUC_UNUSED)
{
    const char *const problems[] = {"the state database is full", NULL};

    return g_strdupv((char **) problems);
}

static char *
describe_fleet_brake(OmenController *controller G_GNUC_UNUSED)
{
    return g_strdup("3 hosts are endangered");
}

static GPtrArray *
list_host_streams(OmenController *controller)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) omen_stream_status_free);
    OmenStreamStatus *status = g_new0(OmenStreamStatus, 1);

    status->source = g_strdup("file:/var/log/syslog");
    status->problem = g_strdup("");
    status->trusted = TRUE;
    status->records = FAKE_CONTROLLER(controller)->records;
    status->anomalies = 3;
    status->training = TRUE;
    status->training_records = 12;
    status->training_of = 150;
    status->day_ends_us = 2000000000000000;
    g_ptr_array_add(list, status);
    return list;
}

static GPtrArray *
list_domains(OmenController *controller)
{
    FakeController *self = FAKE_CONTROLLER(controller);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) omen_domain_status_free);

    for (guint i = 0; i < self->domains->len; i++) {
        OmenDomainStatus *status = g_new0(OmenDomainStatus, 1);
        status->uuid = g_strdup_printf("00000000-0000-4000-8000-%012u", i);
        status->name = g_strdup(g_ptr_array_index(self->domains, i));
        status->state = g_strdup("running");
        status->streams = g_ptr_array_new_with_free_func((GDestroyNotify) omen_stream_status_free);
        g_ptr_array_add(list, status);
    }
    return list;
}

static double *
list_scores(OmenController *controller G_GNUC_UNUSED,
            const char *uuid G_GNUC_UNUSED,
            gboolean of_day,
            guint *n_scores,
            guint *step_s)
{
    double *scores = g_new0(double, 4);

    scores[3] = 0.75;
    *n_scores = 4;
    *step_s = of_day ? 300 : 1;
    return scores;
}

static double *
list_pressure(OmenController *controller G_GNUC_UNUSED,
              const char *resource,
              guint *n_values,
              guint *step_s)
{
    double *values = g_new0(double, 2);

    values[0] = -1;
    values[1] = g_str_equal(resource, "cpu") ? 12.5 : 0;
    *n_values = 2;
    *step_s = 300;
    return values;
}

static GPtrArray *
list_destinations(OmenController *controller)
{
    FakeController *self = FAKE_CONTROLLER(controller);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_status_free);

    for (guint i = 0; i < self->destinations->len; i++) {
        OmenDestinationStatus *status = g_new0(OmenDestinationStatus, 1);
        status->name = g_strdup(g_ptr_array_index(self->destinations, i));
        status->uri = g_strdup_printf("qemu+tcp://%s/system", status->name);
        status->reason = g_strdup("");
        status->reachable = TRUE;
        g_ptr_array_add(list, status);
    }
    return list;
}

static gpointer
copy_reference(gconstpointer object, gpointer user_data G_GNUC_UNUSED)
{
    return g_object_ref((gpointer) object);
}

static GPtrArray *
list_evacuations(OmenController *controller)
{
    return g_ptr_array_copy(FAKE_CONTROLLER(controller)->evacuations, copy_reference, NULL);
}

static OmenRegistry *
get_omens(OmenController *controller)
{
    return FAKE_CONTROLLER(controller)->omens;
}

OmenEvacuation *
fake_controller_add_evacuation(FakeController *self, OmenPhase phase)
{
    OmenEvacuationData *data = omen_evacuation_data_new();

    data->id = self->evacuations->len + 1;
    data->phase = phase;
    OmenEvacuation *evacuation = omen_evacuation_new(data);
    g_ptr_array_add(self->evacuations, evacuation);
    omen_controller_emit_evacuation_added(OMEN_CONTROLLER(self), evacuation);
    return evacuation;
}

static GPtrArray *
evacuate(OmenController *controller,
         const char *const *domains,
         const char *destination,
         guint64 omen_id G_GNUC_UNUSED,
         GError **error)
{
    g_autofree char *names = g_strjoinv(",", (char **) domains);

    if (!note(controller, error, "evacuate %s to %s", names, destination ? destination : "any"))
        return NULL;
    GPtrArray *list = g_ptr_array_new_with_free_func(g_object_unref);
    for (; *domains; domains++)
        g_ptr_array_add(list, g_object_ref(fake_controller_add_evacuation(
                                  FAKE_CONTROLLER(controller), OMEN_PHASE_QUEUED)));
    return list;
}

static void
plan_async(OmenController *controller,
           const char *const *domains G_GNUC_UNUSED,
           const char *destination G_GNUC_UNUSED,
           guint within_s,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           gpointer user_data)
{
    FAKE_CONTROLLER(controller)->within_s = within_s;
    g_ptr_array_add(FAKE_CONTROLLER(controller)->plans,
                    g_task_new(controller, cancellable, callback, user_data));
}

static OmenPlanRow *
new_row(const char *domain, const char *destination, const char *reason)
{
    OmenPlanRow *row = g_new0(OmenPlanRow, 1);

    row->domain_name = g_strdup(domain);
    row->domain_uuid = g_strdup("u");
    row->destination = g_strdup(destination);
    row->technique = g_strdup("pre-copy");
    row->reason = g_strdup(reason);
    row->end_s = 2.5;
    row->downtime_ms = 30;
    return row;
}

void
fake_controller_answer_plans(FakeController *self)
{
    for (guint i = 0; i < self->plans->len; i++) {
        GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify) omen_plan_row_free);
        g_ptr_array_add(rows, new_row("g1", "beta", ""));
        g_ptr_array_add(rows, new_row("g2", "", "no room anywhere"));
        g_task_return_pointer(g_ptr_array_index(self->plans, i), rows,
                              (GDestroyNotify) g_ptr_array_unref);
    }
    g_ptr_array_set_size(self->plans, 0);
}

static GPtrArray *
plan_finish(OmenController *controller, GAsyncResult *result, gint64 *deadline_us, GError **error)
{
    *deadline_us = 123000000 + FAKE_CONTROLLER(controller)->within_s;
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void
list_fleet_async(OmenController *controller, GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(controller, NULL, callback, user_data);
    GPtrArray *hosts = g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_host_free);
    const char *const rows[][2] = {
        {"alpha", "{\"health\":\"red\",\"reason\":\"it dies\",\"running\":2,\"omens\":1,"
                  "\"brake\":\"rack a4\",\"brake_text\":\"the rack a4\"}"},
        {"beta",
         "{\"health\":\"green\",\"takes\":true,\"free_mib\":4096,\"uri\":\"qemu+tls://beta/\"}"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_ptr_array_add(hosts, omen_fleet_host_parse(rows[i][1], rows[i][0]));
    ((OmenFleetHost *) hosts->pdata[1])->reserved_mib = 768;
    g_task_return_pointer(task, hosts, (GDestroyNotify) g_ptr_array_unref);
}

static GPtrArray *
list_fleet_finish(OmenController *controller G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void
set_maintenance_async(OmenController *controller,
                      const char *host,
                      gboolean on,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(controller, NULL, callback, user_data);
    GError *error = NULL;

    if (note(controller, &error, "maintenance %s %s", host, on ? "on" : "off"))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static gboolean
set_maintenance_finish(OmenController *controller G_GNUC_UNUSED,
                       GAsyncResult *result,
                       GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

/* "gamma" takes none; what "delta" is asked for comes to nothing. */
static void
order_drain_async(OmenController *controller,
                  const char *host,
                  OmenDrainOrder order,
                  guint timeout_s,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
    static const char *const words[] = {"drain", "undrain", "abort"};
    g_autoptr(GTask) task = g_task_new(controller, NULL, callback, user_data);
    GError *error = NULL;

    if (g_str_equal(host, "gamma"))
        g_task_return_new_error(task, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_INVALID,
                                "gamma does not take drains from other hosts");
    else if (note(controller, &error, "%s %s %u", words[order], host, timeout_s))
        g_task_return_pointer(task, g_strdup(words[order]), g_free);
    else
        g_task_return_error(task, error);
}

static char *
order_drain_finish(OmenController *controller G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void
get_drain_async(OmenController *controller,
                const char *host,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(controller, NULL, callback, user_data);
    const char *json =
        g_str_equal(host, "delta")
            ? "{\"state\":\"failed\",\"wish\":\"drain\",\"reason\":\"1 of 2 domains cannot "
              "leave\",\"n_domains\":2,\"n_away\":1,\"domains\":[{\"uuid\":\"u1\",\"name\":\"g1\","
              "\"place\":\"stays\",\"reason\":\"never-move\"}]}"
            : "{\"state\":\"drained\",\"wish\":\"drain\",\"n_domains\":2,\"n_away\":2}";

    g_task_return_pointer(task, omen_host_drain_parse(json), (GDestroyNotify) omen_host_drain_free);
}

static OmenHostDrain *
get_drain_finish(OmenController *controller G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

static gboolean
cancel(OmenController *controller, guint64 id, GError **error)
{
    return note(controller, error, "cancel %" G_GUINT64_FORMAT, id);
}

static gboolean
approve(OmenController *controller, guint64 id, GError **error)
{
    return note(controller, error, "approve %" G_GUINT64_FORMAT, id);
}

static gboolean
dismiss(OmenController *controller, guint64 id, GError **error)
{
    return note(controller, error, "dismiss %" G_GUINT64_FORMAT, id);
}

static gboolean
confirm(OmenController *controller, guint64 id, GError **error)
{
    return note(controller, error, "confirm %" G_GUINT64_FORMAT, id);
}

static gboolean
clear(OmenController *controller, guint64 id, GError **error)
{
    return note(controller, error, "clear %" G_GUINT64_FORMAT, id);
}

static gboolean
accept_values(OmenController *controller, guint64 id, GError **error)
{
    return note(controller, error, "accept %" G_GUINT64_FORMAT, id);
}

static GPtrArray *
list_accepted(OmenController *controller, const char *stream, GError **error)
{
    static OmenAcceptedValue value = {.number = 3,
                                      .line =
                                          (char *) "smartd: Device: /dev/sdc, 24 \033[1msectors",
                                      .time_us = G_USEC_PER_SEC,
                                      .failure_class = OMEN_FAILURE_DISK,
                                      .device = "sdc"};
    GPtrArray *list = NULL;

    if (!note(controller, error, "list-accepted %s", stream))
        return NULL;
    list = g_ptr_array_new();
    g_ptr_array_add(list, &value);
    return list;
}

static gboolean
forget_accepted(OmenController *controller, const char *stream, guint32 number, GError **error)
{
    return note(controller, error, "forget-accepted %s %u", stream, number);
}

static void
reload_async(OmenController *controller, GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(controller, NULL, callback, user_data);
    GError *error = NULL;

    if (note(controller, &error, "reload"))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static gboolean
reload_finish(OmenController *controller G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static GPtrArray *
list_words(OmenController *controller, const char *stream, GError **error)
{
    GPtrArray *rows = NULL;
    OmenWordRow *row;

    if (!note(controller, error, "list-words %s", stream))
        return NULL;
    rows = g_ptr_array_new_with_free_func((GDestroyNotify) omen_word_row_free);
    row = g_new0(OmenWordRow, 1);
    row->word = (OmenTemplateWord){.template_id = 17,
                                   .word = OMEN_WORD_CONFIRMED,
                                   .time_us = G_USEC_PER_SEC,
                                   .failure_class = OMEN_FAILURE_PCIE};
    row->text = g_strdup("mauve\033[1m");
    g_ptr_array_add(rows, row);
    return rows;
}

static gboolean
forget_word(OmenController *controller, const char *stream, guint32 template_id, GError **error)
{
    return note(controller, error, "forget-word %s %u", stream, template_id);
}

static GPtrArray *
list_normal(OmenController *controller, const char *stream, guint limit, GError **error)
{
    static const guint32 templates[] = {1, 2};
    static const char *const texts[] = {"one <*>", "two\033[1m", NULL};
    GPtrArray *rows = NULL;
    OmenNormalRow *row;

    if (!note(controller, error, "list-normal %s %u", stream, limit))
        return NULL;
    rows = g_ptr_array_new_with_free_func((GDestroyNotify) omen_normal_row_free);
    row = g_new0(OmenNormalRow, 1);
    row->templates = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_array_append_vals(row->templates, templates, G_N_ELEMENTS(templates));
    row->texts = g_strdupv((char **) texts);
    row->uses = 7;
    g_ptr_array_add(rows, row);
    return rows;
}

static gboolean
forget_normal(OmenController *controller,
              const char *stream,
              const guint32 *templates,
              guint n_templates,
              GError **error)
{
    return note(controller, error, "forget-normal %s %u of %u", stream,
                n_templates > 0 ? templates[0] : 0, n_templates);
}

static void
fake_controller_iface_init(OmenControllerInterface *iface)
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
    iface->plan_async = plan_async;
    iface->plan_finish = plan_finish;
    iface->list_fleet_async = list_fleet_async;
    iface->list_fleet_finish = list_fleet_finish;
    iface->set_maintenance_async = set_maintenance_async;
    iface->set_maintenance_finish = set_maintenance_finish;
    iface->order_drain_async = order_drain_async;
    iface->order_drain_finish = order_drain_finish;
    iface->get_drain_async = get_drain_async;
    iface->get_drain_finish = get_drain_finish;
    iface->cancel = cancel;
    iface->approve = approve;
    iface->dismiss = dismiss;
    iface->confirm = confirm;
    iface->list_words = list_words;
    iface->forget_word = forget_word;
    iface->clear = clear;
    iface->accept = accept_values;
    iface->list_accepted = list_accepted;
    iface->forget_accepted = forget_accepted;
    iface->reload_async = reload_async;
    iface->reload_finish = reload_finish;
    iface->list_normal = list_normal;
    iface->forget_normal = forget_normal;
}

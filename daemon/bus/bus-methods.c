/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers ask: each request passes the authority, and is then done by the controller. */
#include "bus/bus-request.h"

#include "omen/host-health.h"

#include <virt-omen/text.h>

#define MAX_LINE 1100
/* Rows of what is normal, in one answer. */
#define DEFAULT_NORMAL 1000
#define MAX_NORMAL     20000

/* ---- status ---- */

/* FALSE: @options has something else. */
static gboolean
parse_status_options(GVariant *options, OmenBusScores *scores)
{
    const char *word;

    *scores = OMEN_BUS_SCORES_NONE;
    if (!g_variant_lookup(options, "scores", "&s", &word))
        return TRUE;
    *scores = g_str_equal(word, "day") ? OMEN_BUS_SCORES_DAY : OMEN_BUS_SCORES_RECENT;
    return g_str_equal(word, "day") || g_str_equal(word, "recent");
}

static void
do_get_status(OmenBusRequest *request)
{
    g_autoptr(GVariant) options =
        g_variant_get_child_value(omen_bus_request_get_parameters(request), 0);
    OmenBusScores scores;

    OmenController *controller = request->bus->controller;
    g_autoptr(GPtrArray) streams = omen_controller_list_host_streams(controller);
    g_autoptr(GPtrArray) domains = omen_controller_list_domains(controller);
    g_auto(GStrv) problems = omen_controller_list_problems(controller);
    g_auto(OmenHostHealth) health = {0};
    GVariantBuilder host;
    GVariantBuilder status;

    if (!parse_status_options(options, &scores)) {
        omen_bus_request_fail_with(request, OMEN_CONTROLLER_ERROR_INVALID,
                                   "scores is \"recent\" or \"day\"");
        omen_bus_request_free(request);
        return;
    }
    g_variant_builder_init(&host, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&host, "{sv}", "name", g_variant_new_string(g_get_host_name()));
    g_variant_builder_add(&host, "{sv}", "endangered",
                          g_variant_new_boolean(omen_controller_is_host_endangered(controller)));
    omen_host_health_assess(&health, omen_controller_get_omens(controller), g_get_real_time());
    g_variant_builder_add(&host, "{sv}", "health",
                          g_variant_new_string(omen_health_level_to_string(health.level)));
    g_variant_builder_add(&host, "{sv}", "reason", g_variant_new_string(health.text));
    g_variant_builder_add(&host, "{sv}", "training", omen_bus_pack_training(streams));
    g_variant_builder_add(&host, "{sv}", "streams", omen_bus_pack_streams(streams));
    omen_bus_add_scores(&host, controller, NULL, scores);
    omen_bus_add_pressure(&host, controller, options);

    g_variant_builder_init(&status, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&status, "{sv}", "mode",
                          g_variant_new_string(omen_controller_get_mode(controller)));
    g_variant_builder_add(&status, "{sv}", "connected",
                          g_variant_new_boolean(omen_controller_is_connected(controller)));
    g_variant_builder_add(&status, "{sv}", "problems",
                          g_variant_new_strv((const char *const *) problems, -1));
    g_variant_builder_add(&status, "{sv}", "host", g_variant_builder_end(&host));
    g_variant_builder_add(&status, "{sv}", "domains",
                          omen_bus_pack_domains(controller, domains, scores));
    omen_bus_request_succeed(request, g_variant_new("(a{sv})", &status));
    omen_bus_request_free(request);
}

/* ---- manager ---- */

static void
do_set_mode(OmenBusRequest *request)
{
    g_autoptr(GError) error = NULL;
    const char *mode;

    g_variant_get(omen_bus_request_get_parameters(request), "(&sa{sv})", &mode, NULL);
    gboolean good = omen_controller_set_mode(request->bus->controller, mode, &error);

    omen_bus_request_finish(request, good, error);
    omen_bus_request_free(request);
}

static void
on_reloaded(GObject *source, GAsyncResult *result, gpointer user_data)
{
    OmenBusRequest *request = user_data;
    g_autoptr(GError) error = NULL;

    gboolean good = omen_controller_reload_finish(OMEN_CONTROLLER(source), result, &error);

    omen_bus_request_finish(request, good, error);
    omen_bus_request_free(request);
}

static void
do_reload(OmenBusRequest *request)
{
    omen_controller_reload_async(request->bus->controller, on_reloaded, request);
}

static const char *
or_null(const char *text)
{
    return *text ? text : NULL;
}

/* @evacuations (transfer full): NULL with @error. The answer is a list of their paths, or the one
 * path. */
static void
answer_with_evacuations(OmenBusRequest *request,
                        GPtrArray *evacuations,
                        const GError *error,
                        gboolean is_list)
{
    g_autoptr(GPtrArray) owned G_GNUC_UNUSED = evacuations;
    GVariantBuilder paths;
    g_autofree char *first = NULL;

    if (!evacuations) {
        omen_bus_request_fail(request, error);
        return;
    }
    if (!is_list && evacuations->len == 0) {
        omen_bus_request_fail_with(request, OMEN_CONTROLLER_ERROR_NOT_FOUND,
                                   "the domain is not here");
        return;
    }
    g_variant_builder_init(&paths, G_VARIANT_TYPE("ao"));
    for (guint i = 0; i < evacuations->len; i++) {
        const OmenEvacuationData *data =
            omen_evacuation_get_data(g_ptr_array_index(evacuations, i));
        g_autofree char *path = omen_bus_path_of_evacuation(data->id);
        g_variant_builder_add(&paths, "o", path);
        if (!first)
            first = g_steal_pointer(&path);
    }
    if (is_list) {
        omen_bus_request_succeed(request, g_variant_new("(ao)", &paths));
    } else {
        g_variant_builder_clear(&paths);
        omen_bus_request_succeed(request, g_variant_new("(o)", first));
    }
}

static void
evacuate(OmenBusRequest *request,
         const char *const *domains,
         const char *destination,
         gboolean is_list)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *evacuations = omen_controller_evacuate(request->bus->controller, domains,
                                                      or_null(destination), 0, &error);

    answer_with_evacuations(request, evacuations, error, is_list);
}

static void
do_return(OmenBusRequest *request)
{
    g_autofree const char **domains = NULL;
    g_autoptr(GError) error = NULL;
    GPtrArray *evacuations;

    g_variant_get(omen_bus_request_get_parameters(request), "(^a&sa{sv})", &domains, NULL);
    evacuations = omen_controller_bring_back(request->bus->controller, domains, &error);
    answer_with_evacuations(request, evacuations, error, TRUE);
    omen_bus_request_free(request);
}

static void
do_evacuate(OmenBusRequest *request)
{
    g_autofree const char **domains = NULL;
    const char *destination;

    g_variant_get(omen_bus_request_get_parameters(request), "(^a&s&sa{sv})", &domains, &destination,
                  NULL);
    evacuate(request, domains, destination, TRUE);
    omen_bus_request_free(request);
}

static void
on_planned(GObject *source, GAsyncResult *result, gpointer user_data)
{
    OmenBusRequest *request = user_data;
    g_autoptr(GError) error = NULL;
    gint64 deadline_us = 0;
    g_autoptr(GPtrArray) plan =
        omen_controller_plan_finish(OMEN_CONTROLLER(source), result, &deadline_us, &error);
    GVariantBuilder moves;
    GVariantBuilder stays;

    omen_user_quota_give_back(request->bus->plans, request->uid, 1);
    if (!plan) {
        omen_bus_request_fail(request, error);
        omen_bus_request_free(request);
        return;
    }
    g_variant_builder_init(&moves, G_VARIANT_TYPE("aa{sv}"));
    g_variant_builder_init(&stays, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < plan->len; i++)
        omen_bus_pack_plan_row(g_ptr_array_index(plan, i), &moves, &stays);
    omen_bus_request_succeed(
        request, g_variant_new("(taa{sv}aa{sv})", (guint64) deadline_us, &moves, &stays));
    omen_bus_request_free(request);
}

static void
do_plan(OmenBusRequest *request)
{
    g_autoptr(GVariant) options = NULL;
    g_autofree const char **domains = NULL;
    const char *destination;
    guint within_s = 0;

    /* Whoever may ask: it must not become a way to keep the destinations busy. */
    if (!omen_user_quota_take(request->bus->plans, request->uid, 1)) {
        omen_bus_request_fail_with(request, OMEN_CONTROLLER_ERROR_BUSY,
                                   "too many plans are being computed; try again in some seconds");
        omen_bus_request_free(request);
        return;
    }
    g_variant_get(omen_bus_request_get_parameters(request), "(^a&s&s@a{sv})", &domains,
                  &destination, &options);
    g_variant_lookup(options, "within_s", "u", &within_s);
    omen_controller_plan_async(request->bus->controller, domains, or_null(destination), within_s,
                               NULL, on_planned, request);
}

/* ---- what is normal ---- */

static void
do_list_normal(OmenBusRequest *request)
{
    g_autoptr(GVariant) options =
        g_variant_get_child_value(omen_bus_request_get_parameters(request), 1);
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GError) error = NULL;
    GVariantBuilder list;
    const char *stream;
    guint limit = DEFAULT_NORMAL;

    g_variant_get_child(omen_bus_request_get_parameters(request), 0, "&s", &stream);
    g_variant_lookup(options, "limit", "u", &limit);
    rows = omen_controller_list_normal(request->bus->controller, stream, MIN(limit, MAX_NORMAL),
                                       &error);
    if (!rows) {
        omen_bus_request_fail(request, error);
        omen_bus_request_free(request);
        return;
    }
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < rows->len; i++)
        g_variant_builder_add_value(&list, omen_bus_pack_normal_row(g_ptr_array_index(rows, i)));
    omen_bus_request_succeed(request, g_variant_new("(aa{sv})", &list));
    omen_bus_request_free(request);
}

static void
do_forget_normal(OmenBusRequest *request)
{
    g_autoptr(GVariant) templates =
        g_variant_get_child_value(omen_bus_request_get_parameters(request), 1);
    g_autoptr(GError) error = NULL;
    const char *stream;
    gsize n;
    const guint32 *numbers = g_variant_get_fixed_array(templates, &n, sizeof(guint32));

    g_variant_get_child(omen_bus_request_get_parameters(request), 0, "&s", &stream);
    gboolean good =
        omen_controller_forget_normal(request->bus->controller, stream, numbers, (guint) n, &error);

    omen_bus_request_finish(request, good, error);
    omen_bus_request_free(request);
}

static void
do_list_words(OmenBusRequest *request)
{
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GError) error = NULL;
    GVariantBuilder list;
    const char *stream;

    g_variant_get_child(omen_bus_request_get_parameters(request), 0, "&s", &stream);
    rows = omen_controller_list_words(request->bus->controller, stream, &error);
    if (!rows) {
        omen_bus_request_fail(request, error);
        omen_bus_request_free(request);
        return;
    }
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < rows->len; i++)
        g_variant_builder_add_value(&list, omen_bus_pack_word_row(g_ptr_array_index(rows, i)));
    omen_bus_request_succeed(request, g_variant_new("(aa{sv})", &list));
    omen_bus_request_free(request);
}

static void
do_forget_word(OmenBusRequest *request)
{
    g_autoptr(GError) error = NULL;
    const char *stream;
    guint32 template_id;

    g_variant_get(omen_bus_request_get_parameters(request), "(&su@a{sv})", &stream, &template_id,
                  NULL);
    gboolean good =
        omen_controller_forget_word(request->bus->controller, stream, template_id, &error);

    omen_bus_request_finish(request, good, error);
    omen_bus_request_free(request);
}

static void
do_list_accepted(OmenBusRequest *request)
{
    g_autoptr(GPtrArray) values = NULL;
    g_autoptr(GError) error = NULL;
    GVariantBuilder list;
    const char *stream;

    g_variant_get_child(omen_bus_request_get_parameters(request), 0, "&s", &stream);
    values = omen_controller_list_accepted(request->bus->controller, stream, &error);
    if (!values) {
        omen_bus_request_fail(request, error);
        omen_bus_request_free(request);
        return;
    }
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < values->len; i++)
        g_variant_builder_add_value(&list, omen_bus_pack_accepted(g_ptr_array_index(values, i)));
    omen_bus_request_succeed(request, g_variant_new("(aa{sv})", &list));
    omen_bus_request_free(request);
}

static void
do_forget_accepted(OmenBusRequest *request)
{
    g_autoptr(GError) error = NULL;
    const char *stream;
    guint32 number;

    g_variant_get(omen_bus_request_get_parameters(request), "(&su@a{sv})", &stream, &number, NULL);
    gboolean good =
        omen_controller_forget_accepted(request->bus->controller, stream, number, &error);

    omen_bus_request_finish(request, good, error);
    omen_bus_request_free(request);
}

/* ---- domains, omens, evacuations ---- */

static void
do_evacuate_domain(OmenBusRequest *request)
{
    const char *uuid = omen_dbus_domain_get_uuid(OMEN_DBUS_DOMAIN(request->skeleton));
    const char *const domains[] = {uuid, NULL};
    const char *destination;

    g_variant_get(omen_bus_request_get_parameters(request), "(&sa{sv})", &destination, NULL);
    evacuate(request, domains, destination, FALSE);
    omen_bus_request_free(request);
}

static guint64
omen_of(OmenBusRequest *request)
{
    return omen_dbus_omen_get_id(OMEN_DBUS_OMEN(request->skeleton));
}

static void
answer_with_lines(OmenBusRequest *request, const GPtrArray *lines)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("as"));
    for (guint i = 0; lines && i < lines->len; i++) {
        g_autofree char *line = omen_text_sanitise(g_ptr_array_index(lines, i), -1, MAX_LINE);
        g_variant_builder_add(&builder, "s", line);
    }
    omen_bus_request_succeed(request, g_variant_new("(as)", &builder));
    omen_bus_request_free(request);
}

static Omen *
find_omen(OmenBusRequest *request)
{
    return omen_registry_lookup(omen_controller_get_omens(request->bus->controller),
                                omen_of(request));
}

static void
do_get_records(OmenBusRequest *request)
{
    Omen *omen = find_omen(request);

    answer_with_lines(request, omen ? omen_get_data(omen)->records : NULL);
}

static void
do_get_normal(OmenBusRequest *request)
{
    Omen *omen = find_omen(request);

    answer_with_lines(request, omen ? omen_get_data(omen)->normal : NULL);
}

typedef gboolean (*ActFunc)(OmenController *controller, guint64 id, GError **error);

static void
act(OmenBusRequest *request, ActFunc function, guint64 id)
{
    g_autoptr(GError) error = NULL;
    gboolean good = function(request->bus->controller, id, &error);

    omen_bus_request_finish(request, good, error);
    omen_bus_request_free(request);
}

static void
do_approve(OmenBusRequest *request)
{
    act(request, omen_controller_approve, omen_of(request));
}

static void
do_dismiss(OmenBusRequest *request)
{
    act(request, omen_controller_dismiss, omen_of(request));
}

static void
do_confirm(OmenBusRequest *request)
{
    act(request, omen_controller_confirm, omen_of(request));
}

static void
do_clear(OmenBusRequest *request)
{
    act(request, omen_controller_clear, omen_of(request));
}

static void
do_accept(OmenBusRequest *request)
{
    act(request, omen_controller_accept, omen_of(request));
}

static void
do_cancel(OmenBusRequest *request)
{
    act(request, omen_controller_cancel,
        omen_dbus_evacuation_get_id(OMEN_DBUS_EVACUATION(request->skeleton)));
}

/* ---- from the skeletons' signals to the above ---- */

OMEN_BUS_HANDLER(get_status, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(set_mode, const char *mode G_GNUC_UNUSED, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(reload, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(list_normal, const char *stream G_GNUC_UNUSED, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(forget_normal,
                 const char *stream G_GNUC_UNUSED,
                 GVariant *templates G_GNUC_UNUSED,
                 GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(list_words, const char *stream G_GNUC_UNUSED, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(forget_word,
                 const char *stream G_GNUC_UNUSED,
                 guint template_id G_GNUC_UNUSED,
                 GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(list_accepted, const char *stream G_GNUC_UNUSED, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(forget_accepted,
                 const char *stream G_GNUC_UNUSED,
                 guint number G_GNUC_UNUSED,
                 GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(evacuate,
                 const char *const *domains G_GNUC_UNUSED,
                 const char *destination G_GNUC_UNUSED,
                 GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(return, const char *const *domains G_GNUC_UNUSED, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(plan,
                 const char *const *domains G_GNUC_UNUSED,
                 const char *destination G_GNUC_UNUSED,
                 GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(evacuate_domain,
                 const char *destination G_GNUC_UNUSED,
                 GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(get_records, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(get_normal, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(approve, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(dismiss, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(confirm, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(clear, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(accept, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(cancel, GVariant *options G_GNUC_UNUSED)

void
omen_bus_connect_manager(OmenBus *self, OmenDbusManager *manager)
{
    g_signal_connect(manager, "handle-get-status", G_CALLBACK(handle_get_status), self);
    g_signal_connect(manager, "handle-set-mode", G_CALLBACK(handle_set_mode), self);
    g_signal_connect(manager, "handle-reload", G_CALLBACK(handle_reload), self);
    g_signal_connect(manager, "handle-list-normal", G_CALLBACK(handle_list_normal), self);
    g_signal_connect(manager, "handle-forget-normal", G_CALLBACK(handle_forget_normal), self);
    g_signal_connect(manager, "handle-list-words", G_CALLBACK(handle_list_words), self);
    g_signal_connect(manager, "handle-forget-word", G_CALLBACK(handle_forget_word), self);
    g_signal_connect(manager, "handle-list-accepted", G_CALLBACK(handle_list_accepted), self);
    g_signal_connect(manager, "handle-forget-accepted", G_CALLBACK(handle_forget_accepted), self);
    g_signal_connect(manager, "handle-evacuate", G_CALLBACK(handle_evacuate), self);
    g_signal_connect(manager, "handle-return", G_CALLBACK(handle_return), self);
    g_signal_connect(manager, "handle-plan", G_CALLBACK(handle_plan), self);
    omen_bus_connect_fleet(self, manager);
}

void
omen_bus_connect_domain(OmenBus *self, OmenDbusDomain *domain)
{
    g_signal_connect(domain, "handle-evacuate", G_CALLBACK(handle_evacuate_domain), self);
}

void
omen_bus_connect_omen(OmenBus *self, OmenDbusOmen *omen)
{
    g_signal_connect(omen, "handle-get-records", G_CALLBACK(handle_get_records), self);
    g_signal_connect(omen, "handle-get-normal", G_CALLBACK(handle_get_normal), self);
    g_signal_connect(omen, "handle-approve", G_CALLBACK(handle_approve), self);
    g_signal_connect(omen, "handle-dismiss", G_CALLBACK(handle_dismiss), self);
    g_signal_connect(omen, "handle-confirm", G_CALLBACK(handle_confirm), self);
    g_signal_connect(omen, "handle-clear", G_CALLBACK(handle_clear), self);
    g_signal_connect(omen, "handle-accept", G_CALLBACK(handle_accept), self);
}

void
omen_bus_connect_evacuation(OmenBus *self, OmenDbusEvacuation *evacuation)
{
    g_signal_connect(evacuation, "handle-cancel", G_CALLBACK(handle_cancel), self);
}

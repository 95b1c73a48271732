/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/controller.h"

#include <virt-omen/bus-names.h>

G_DEFINE_INTERFACE(OmenController, omen_controller, G_TYPE_OBJECT)

enum {
    SIGNAL_STATUS_CHANGED,
    SIGNAL_EVACUATION_ADDED,
    N_SIGNALS
};
static guint signals[N_SIGNALS];

static const GDBusErrorEntry error_names[] = {
    {OMEN_CONTROLLER_ERROR_FAILED, OMEN_BUS_ERROR_PREFIX "Failed"},
    {OMEN_CONTROLLER_ERROR_NOT_AUTHORIZED, OMEN_BUS_ERROR_PREFIX "NotAuthorized"},
    {OMEN_CONTROLLER_ERROR_NOT_FOUND, OMEN_BUS_ERROR_PREFIX "NotFound"},
    {OMEN_CONTROLLER_ERROR_INVALID, OMEN_BUS_ERROR_PREFIX "Invalid"},
    {OMEN_CONTROLLER_ERROR_BUSY, OMEN_BUS_ERROR_PREFIX "Busy"},
    {OMEN_CONTROLLER_ERROR_NO_DESTINATION, OMEN_BUS_ERROR_PREFIX "NoDestination"},
    {OMEN_CONTROLLER_ERROR_DISCONNECTED, OMEN_BUS_ERROR_PREFIX "Disconnected"},
};
G_STATIC_ASSERT(G_N_ELEMENTS(error_names) == OMEN_CONTROLLER_N_ERRORS);

GQuark
omen_controller_error_quark(void)
{
    static gsize quark = 0;

    g_dbus_error_register_error_domain("omen-controller-error-quark", &quark, error_names,
                                       G_N_ELEMENTS(error_names));
    return (GQuark) quark;
}

static void
omen_controller_default_init(OmenControllerInterface *iface)
{
    signals[SIGNAL_STATUS_CHANGED] =
        g_signal_new("status-changed", OMEN_TYPE_CONTROLLER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 0);
    signals[SIGNAL_EVACUATION_ADDED] =
        g_signal_new("evacuation-added", OMEN_TYPE_CONTROLLER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                     NULL, G_TYPE_NONE, 1, OMEN_TYPE_EVACUATION);
}

void
omen_domain_status_free(OmenDomainStatus *self)
{
    if (self == NULL)
        return;
    g_free(self->uuid);
    g_free(self->name);
    g_free(self->state);
    g_free(self->hearing);
    g_clear_pointer(&self->streams, g_ptr_array_unref);
    g_free(self);
}

void
omen_destination_status_free(OmenDestinationStatus *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_free(self->uri);
    g_free(self->reason);
    g_free(self);
}

void
omen_normal_row_free(OmenNormalRow *self)
{
    g_array_unref(self->templates);
    g_strfreev(self->texts);
    g_free(self);
}

void
omen_word_row_free(OmenWordRow *self)
{
    g_free(self->text);
    g_free(self);
}

void
omen_plan_row_free(OmenPlanRow *self)
{
    if (self == NULL)
        return;
    g_free(self->domain_uuid);
    g_free(self->domain_name);
    g_free(self->destination);
    g_free(self->technique);
    g_free(self->reason);
    g_free(self);
}

const char *
omen_controller_get_mode(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->get_mode(self);
}

gboolean
omen_controller_set_mode(OmenController *self, const char *mode, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->set_mode(self, mode, error);
}

gint64
omen_controller_get_since_us(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->get_since_us(self);
}

gboolean
omen_controller_is_connected(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->is_connected(self);
}

gboolean
omen_controller_is_host_endangered(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->is_host_endangered(self);
}

char **
omen_controller_list_problems(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_problems(self);
}

char *
omen_controller_describe_fleet_brake(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->describe_fleet_brake(self);
}

GPtrArray *
omen_controller_list_host_streams(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_host_streams(self);
}

GPtrArray *
omen_controller_list_domains(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_domains(self);
}

double *
omen_controller_list_scores(
    OmenController *self, const char *uuid, gboolean of_day, guint *n_scores, guint *step_s)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_scores(self, uuid, of_day, n_scores, step_s);
}

double *
omen_controller_list_pressure(OmenController *self,
                              const char *resource,
                              guint *n_values,
                              guint *step_s)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_pressure(self, resource, n_values, step_s);
}

GPtrArray *
omen_controller_list_destinations(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_destinations(self);
}

GPtrArray *
omen_controller_list_evacuations(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_evacuations(self);
}

OmenRegistry *
omen_controller_get_omens(OmenController *self)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->get_omens(self);
}

GPtrArray *
omen_controller_evacuate(OmenController *self,
                         const char *const *domains,
                         const char *destination,
                         guint64 omen_id,
                         GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->evacuate(self, domains, destination, omen_id, error);
}

GPtrArray *
omen_controller_bring_back(OmenController *self, const char *const *domains, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->bring_back(self, domains, error);
}

void
omen_controller_plan_async(OmenController *self,
                           const char *const *domains,
                           const char *destination,
                           guint within_s,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
    OMEN_CONTROLLER_GET_IFACE(self)->plan_async(self, domains, destination, within_s, cancellable,
                                                callback, user_data);
}

GPtrArray *
omen_controller_plan_finish(OmenController *self,
                            GAsyncResult *result,
                            gint64 *deadline_us,
                            GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->plan_finish(self, result, deadline_us, error);
}

void
omen_controller_list_fleet_async(OmenController *self,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
    OMEN_CONTROLLER_GET_IFACE(self)->list_fleet_async(self, callback, user_data);
}

GPtrArray *
omen_controller_list_fleet_finish(OmenController *self, GAsyncResult *result, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_fleet_finish(self, result, error);
}

void
omen_controller_set_maintenance_async(OmenController *self,
                                      const char *host,
                                      gboolean on,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
    OMEN_CONTROLLER_GET_IFACE(self)->set_maintenance_async(self, host, on, callback, user_data);
}

gboolean
omen_controller_set_maintenance_finish(OmenController *self, GAsyncResult *result, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->set_maintenance_finish(self, result, error);
}

void
omen_controller_order_drain_async(OmenController *self,
                                  const char *host,
                                  OmenDrainOrder order,
                                  guint timeout_s,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
    OMEN_CONTROLLER_GET_IFACE(self)->order_drain_async(self, host, order, timeout_s, callback,
                                                       user_data);
}

char *
omen_controller_order_drain_finish(OmenController *self, GAsyncResult *result, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->order_drain_finish(self, result, error);
}

void
omen_controller_get_drain_async(OmenController *self,
                                const char *host,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
    OMEN_CONTROLLER_GET_IFACE(self)->get_drain_async(self, host, callback, user_data);
}

OmenHostDrain *
omen_controller_get_drain_finish(OmenController *self, GAsyncResult *result, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->get_drain_finish(self, result, error);
}

gboolean
omen_controller_cancel(OmenController *self, guint64 evacuation_id, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->cancel(self, evacuation_id, error);
}

gboolean
omen_controller_approve(OmenController *self, guint64 omen_id, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->approve(self, omen_id, error);
}

gboolean
omen_controller_dismiss(OmenController *self, guint64 omen_id, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->dismiss(self, omen_id, error);
}

gboolean
omen_controller_confirm(OmenController *self, guint64 omen_id, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->confirm(self, omen_id, error);
}

gboolean
omen_controller_clear(OmenController *self, guint64 omen_id, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->clear(self, omen_id, error);
}

gboolean
omen_controller_accept(OmenController *self, guint64 omen_id, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->accept(self, omen_id, error);
}

void
omen_controller_reload_async(OmenController *self, GAsyncReadyCallback callback, gpointer user_data)
{
    OMEN_CONTROLLER_GET_IFACE(self)->reload_async(self, callback, user_data);
}

gboolean
omen_controller_reload_finish(OmenController *self, GAsyncResult *result, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->reload_finish(self, result, error);
}

GPtrArray *
omen_controller_list_normal(OmenController *self, const char *stream, guint limit, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_normal(self, stream, limit, error);
}

gboolean
omen_controller_forget_normal(OmenController *self,
                              const char *stream,
                              const guint32 *templates,
                              guint n_templates,
                              GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->forget_normal(self, stream, templates, n_templates,
                                                          error);
}

GPtrArray *
omen_controller_list_words(OmenController *self, const char *stream, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_words(self, stream, error);
}

gboolean
omen_controller_forget_word(OmenController *self,
                            const char *stream,
                            guint32 template_id,
                            GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->forget_word(self, stream, template_id, error);
}

GPtrArray *
omen_controller_list_accepted(OmenController *self, const char *stream, GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->list_accepted(self, stream, error);
}

gboolean
omen_controller_forget_accepted(OmenController *self,
                                const char *stream,
                                guint32 number,
                                GError **error)
{
    return OMEN_CONTROLLER_GET_IFACE(self)->forget_accepted(self, stream, number, error);
}

void
omen_controller_emit_status_changed(OmenController *self)
{
    g_signal_emit(self, signals[SIGNAL_STATUS_CHANGED], 0);
}

void
omen_controller_emit_evacuation_added(OmenController *self, OmenEvacuation *evacuation)
{
    g_signal_emit(self, signals[SIGNAL_EVACUATION_ADDED], 0, evacuation);
}

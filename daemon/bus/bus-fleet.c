/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers ask of the fleet. */
#include "bus/bus-request.h"

static void
on_fleet_listed(GObject *source, GAsyncResult *result, gpointer user_data)
{
    OmenBusRequest *request = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) hosts =
        omen_controller_list_fleet_finish(OMEN_CONTROLLER(source), result, &error);

    if (hosts)
        omen_bus_request_succeed(request, g_variant_new("(@aa{sv})", omen_bus_pack_fleet(hosts)));
    else
        omen_bus_request_fail(request, error);
    omen_bus_request_free(request);
}

static void
do_list_fleet(OmenBusRequest *request)
{
    omen_controller_list_fleet_async(request->bus->controller, on_fleet_listed, request);
}

static void
on_maintenance_set(GObject *source, GAsyncResult *result, gpointer user_data)
{
    OmenBusRequest *request = user_data;
    g_autoptr(GError) error = NULL;
    gboolean good = omen_controller_set_maintenance_finish(OMEN_CONTROLLER(source), result, &error);

    omen_bus_request_finish(request, good, error);
    omen_bus_request_free(request);
}

static void
do_set_maintenance(OmenBusRequest *request)
{
    const char *host;
    gboolean on;

    g_variant_get(omen_bus_request_get_parameters(request), "(&sba{sv})", &host, &on, NULL);
    omen_controller_set_maintenance_async(request->bus->controller, host, on, on_maintenance_set,
                                          request);
}

/* ---- drains ---- */

static void
on_drain_ordered(GObject *source, GAsyncResult *result, gpointer user_data)
{
    OmenBusRequest *request = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree char *wish =
        omen_controller_order_drain_finish(OMEN_CONTROLLER(source), result, &error);

    if (wish)
        omen_bus_request_succeed(request, g_variant_new("(s)", wish));
    else
        omen_bus_request_fail(request, error);
    omen_bus_request_free(request);
}

static void
order(OmenBusRequest *request, OmenDrainOrder what)
{
    g_autoptr(GVariant) options = NULL;
    const char *host;
    guint timeout_s = 0;

    g_variant_get(omen_bus_request_get_parameters(request), "(&s@a{sv})", &host, &options);
    g_variant_lookup(options, "timeout_s", "u", &timeout_s);
    omen_controller_order_drain_async(request->bus->controller, host, what, timeout_s,
                                      on_drain_ordered, request);
}

static void
do_drain(OmenBusRequest *request)
{
    order(request, OMEN_DRAIN_ORDER_DRAIN);
}

static void
do_undrain(OmenBusRequest *request)
{
    order(request, OMEN_DRAIN_ORDER_UNDRAIN);
}

static void
do_abort_drain(OmenBusRequest *request)
{
    order(request, OMEN_DRAIN_ORDER_ABORT);
}

static void
on_drain_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    OmenBusRequest *request = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenHostDrain) drain =
        omen_controller_get_drain_finish(OMEN_CONTROLLER(source), result, &error);

    if (drain)
        omen_bus_request_succeed(request, g_variant_new("(@a{sv})", omen_bus_pack_drain(drain)));
    else
        omen_bus_request_fail(request, error);
    omen_bus_request_free(request);
}

static void
do_get_drain(OmenBusRequest *request)
{
    const char *host;

    g_variant_get(omen_bus_request_get_parameters(request), "(&sa{sv})", &host, NULL);
    omen_controller_get_drain_async(request->bus->controller, host, on_drain_read, request);
}

OMEN_BUS_HANDLER(drain, const char *host G_GNUC_UNUSED, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(undrain, const char *host G_GNUC_UNUSED, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(abort_drain, const char *host G_GNUC_UNUSED, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(get_drain, const char *host G_GNUC_UNUSED, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(list_fleet, GVariant *options G_GNUC_UNUSED)
OMEN_BUS_HANDLER(set_maintenance,
                 const char *host G_GNUC_UNUSED,
                 gboolean on G_GNUC_UNUSED,
                 GVariant *options G_GNUC_UNUSED)

void
omen_bus_connect_fleet(OmenBus *self, OmenDbusManager *manager)
{
    g_signal_connect(manager, "handle-list-fleet", G_CALLBACK(handle_list_fleet), self);
    g_signal_connect(manager, "handle-set-maintenance", G_CALLBACK(handle_set_maintenance), self);
    g_signal_connect(manager, "handle-drain", G_CALLBACK(handle_drain), self);
    g_signal_connect(manager, "handle-undrain", G_CALLBACK(handle_undrain), self);
    g_signal_connect(manager, "handle-abort-drain", G_CALLBACK(handle_abort_drain), self);
    g_signal_connect(manager, "handle-get-drain", G_CALLBACK(handle_get_drain), self);
}

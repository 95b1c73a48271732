/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/bus-request.h"

#include <virt-omen/text.h>

#define MAX_TEXT 1100

void
omen_bus_request_free(OmenBusRequest *self)
{
    g_object_unref(self->bus);
    g_object_unref(self->skeleton);
    g_object_unref(self->invocation);
    g_free(self);
}

/* An answer takes a reference to the invocation; the request keeps its own. */
void
omen_bus_request_fail(OmenBusRequest *self, const GError *error)
{
    g_autofree char *text = omen_text_sanitise(error->message, -1, MAX_TEXT);
    int code = error->domain == OMEN_CONTROLLER_ERROR ? error->code : OMEN_CONTROLLER_ERROR_FAILED;

    g_dbus_method_invocation_return_error_literal(g_object_ref(self->invocation),
                                                  OMEN_CONTROLLER_ERROR, code, text);
}

void
omen_bus_request_fail_with(OmenBusRequest *self, OmenControllerError code, const char *text)
{
    g_autoptr(GError) error = g_error_new_literal(OMEN_CONTROLLER_ERROR, (int) code, text);

    omen_bus_request_fail(self, error);
}

void
omen_bus_request_succeed(OmenBusRequest *self, GVariant *reply)
{
    g_dbus_method_invocation_return_value(g_object_ref(self->invocation), reply);
}

void
omen_bus_request_finish(OmenBusRequest *self, gboolean good, const GError *error)
{
    if (good)
        omen_bus_request_succeed(self, NULL);
    else
        omen_bus_request_fail(self, error);
}

static void
on_authorised(GObject *source, GAsyncResult *result, gpointer user_data)
{
    OmenBusRequest *self = user_data;
    g_autoptr(GError) error = NULL;

    if (!omen_authority_check_finish(OMEN_AUTHORITY(source), result, &self->uid, &error)) {
        omen_bus_request_fail(self, error);
        omen_bus_request_free(self);
        return;
    }
    if (!self->bus->controller) {
        omen_bus_request_fail_with(self, OMEN_CONTROLLER_ERROR_FAILED, "virt-omend is stopping");
        omen_bus_request_free(self);
        return;
    }
    self->function(self);
}

gboolean
omen_bus_request_begin(OmenBus *bus,
                       gpointer skeleton,
                       GDBusMethodInvocation *invocation,
                       OmenBusRequestFunc function)
{
    OmenBusRequest *self = g_new0(OmenBusRequest, 1);

    self->bus = g_object_ref(bus);
    self->skeleton = g_object_ref(skeleton);
    self->invocation = invocation;
    self->function = function;
    omen_authority_check_async(bus->authority, invocation, on_authorised, self);
    return TRUE;
}

GVariant *
omen_bus_request_get_parameters(OmenBusRequest *self)
{
    return g_dbus_method_invocation_get_parameters(self->invocation);
}

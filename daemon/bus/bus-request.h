/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call of a method, from the authority's question to the answer. */
#pragma once

#include "bus/bus-private.h"

G_BEGIN_DECLS

typedef struct OmenBusRequest OmenBusRequest;
/* What is done once the caller may have it done. It answers, and lets the request go. */
typedef void (*OmenBusRequestFunc)(OmenBusRequest *request);

struct OmenBusRequest {
    OmenBus *bus;
    GDBusInterfaceSkeleton *skeleton;
    GDBusMethodInvocation *invocation;
    OmenBusRequestFunc function;
    guint32 uid; /* of the caller, if the authority had to know it */
};

/* Takes the reference to @invocation. Returns TRUE: the method is handled. */
gboolean omen_bus_request_begin(OmenBus *bus,
                                gpointer skeleton,
                                GDBusMethodInvocation *invocation,
                                OmenBusRequestFunc function);
void omen_bus_request_free(OmenBusRequest *self);

/* (transfer none). */
GVariant *omen_bus_request_get_parameters(OmenBusRequest *self);

/* The answer. An error's text is made fit to be shown; @reply: NULL for none. */
void omen_bus_request_fail(OmenBusRequest *self, const GError *error);
void omen_bus_request_fail_with(OmenBusRequest *self, OmenControllerError code, const char *text);
void omen_bus_request_succeed(OmenBusRequest *self, GVariant *reply);
/* An empty answer, or @error. */
void omen_bus_request_finish(OmenBusRequest *self, gboolean good, const GError *error);

/* From a skeleton's signal to do_name(). The signals carry the method's arguments as well; the
 * request reads them from the invocation. */
#define OMEN_BUS_HANDLER(name, ...)                                                                \
    static gboolean handle_##name(gpointer skeleton, GDBusMethodInvocation *invocation,            \
                                  ##__VA_ARGS__, gpointer user_data)                               \
    {                                                                                              \
        return omen_bus_request_begin(user_data, skeleton, invocation, do_##name);                 \
    }

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message bus of the test's own, open to every user, with the daemon's bus objects on it and, if
 * wanted, a polkit that answers as it is told. */
#pragma once

#include "bus/bus.h"
#include "fake-controller.h"

G_BEGIN_DECLS

typedef enum {
    POLKIT_YES,
    POLKIT_NO,
    POLKIT_CHALLENGE,
} PolkitAnswer;

typedef struct {
    char *directory;
    char *address;
    GSubprocess *daemon;
    GDBusConnection *connection; /* of a caller, in this process */
    FakeController *controller;
    OmenBus *bus;

    GDBusConnection *polkit; /* NULL: there is none */
    PolkitAnswer answer;
    char *asked_action;
    char *asked_subject; /* kind */
    guint asked_flags;
    guint n_asked;
} PrivateBus;

void private_bus_set_up(PrivateBus *self, gconstpointer data);
void private_bus_tear_down(PrivateBus *self, gconstpointer data);

void private_bus_start_polkit(PrivateBus *self);

GDBusConnection *private_bus_connect(PrivateBus *self);

/* Runs the main loop until @is_done or five seconds have passed; FALSE then. */
gboolean private_bus_run_until(gboolean (*is_done)(gpointer), gpointer data);
void private_bus_run_for(guint milliseconds);

/* Calls by this process (root, if the test is). Returns: (transfer full): NULL with @error. */
GVariant *private_bus_call(PrivateBus *self,
                           const char *path,
                           const char *interface,
                           const char *method,
                           GVariant *parameters,
                           GError **error);

/* Calls METHOD(a{sv}) as a user that is not root. Returns: "ok" or the error's name on the bus. */
char *private_bus_call_as_nobody(PrivateBus *self,
                                 const char *path,
                                 const char *interface,
                                 const char *method);

/* For main(): is this the process that private_bus_call_as_nobody() starts? Then it ends here. */
void private_bus_maybe_be_nobody(int argc, char **argv);

G_END_DECLS

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
    POLKIT_DIALOG, /* yes, but who may be asked for a password never gives it */
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
    GPtrArray *dialogs; /* GDBusMethodInvocation: questions that may ask a user, never answered */
    guint n_withdrawn;
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

#define NOBODY   65534
#define OPERATOR 1 /* daemon, by Debian and others: the bus takes none without an entry */

/* Calls METHOD(a{sv}) as that user, if the test is root. Returns: "ok" or the error's name on the
 * bus. */
char *private_bus_call_as(
    PrivateBus *self, guint uid, const char *path, const char *interface, const char *method);

/* Starts one of attacker.h's attacks as nobody, and waits until it says that it is under way: a
 * line, which is returned in @said. It goes on until it is ended. (transfer full). */
GSubprocess *private_bus_attack(PrivateBus *self, const char *attack, char **said);
void private_bus_end_attack(GSubprocess *attacker);

typedef void (*PrivateBusAttackFunc)(GDBusConnection *connection, const char *attack);

/* For main(): is this one of the processes that the above start? Then it ends here. @attack
 * (nullable): what private_bus_attack() runs. */
void private_bus_maybe_be_another(int argc, char **argv, PrivateBusAttackFunc attack);

G_END_DECLS

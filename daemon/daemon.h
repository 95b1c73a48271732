/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon: owns all parts and joins them. Implements OmenController, through which the bus asks
 * it.
 *
 *   streams   --"detection"-->  responder  --policy-->  omens, evacuator, quarantine
 *   hypervisor --domains--> streams, evacuator
 *   all of them --> state.db
 *
 * Signal "lost" (no arguments): it can not go on (the bus name was lost); the caller ends the
 * process.
 */
#pragma once

#include "configuration/configuration.h"

G_BEGIN_DECLS

#define OMEN_TYPE_DAEMON (omen_daemon_get_type())
G_DECLARE_FINAL_TYPE(OmenDaemon, omen_daemon, OMEN, DAEMON, GObject)

/* Takes @configuration. @configuration_path: where it came from, for reload; NULL: as installed.
 * @bus_address: NULL: the system bus. */
OmenDaemon *omen_daemon_new(OmenConfiguration *configuration,
                            const char *configuration_path,
                            const char *bus_address);

/* Loads the state, starts all parts. Reads files: before the main loop runs. FALSE with @error
 * where there is no point in going on: no bus, a judge that does not load. A libvirtd that is not
 * there is no error: it is waited for. */
gboolean omen_daemon_start(OmenDaemon *self, GError **error);

/* Writes the state and ends all parts; may take up to some seconds. */
void omen_daemon_stop(OmenDaemon *self);

/* Reads the configuration anew, on a thread, and applies what can change while running (mode,
 * destinations, policy, evacuation, notifications). FALSE with @error by finish: there is a mistake
 * in it, and all is left as it was. Of several at once the one that began last holds. */
void omen_daemon_reload_async(OmenDaemon *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean omen_daemon_reload_finish(OmenDaemon *self, GAsyncResult *result, GError **error);

gboolean omen_daemon_is_lost(OmenDaemon *self);

G_END_DECLS

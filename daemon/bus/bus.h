/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's objects on D-Bus: /org/virtomen1 with an ObjectManager, and below it the manager,
 * the hosts, domains, omens and evacuations. The interfaces are described in data/dbus/.
 *
 * Objects follow what they show; counters and progress at most once a second. Whoever may read; who
 * wants to change something has to pass the authority first.
 *
 * Signal "lost" (no arguments): the name, or the bus itself, was lost.
 */
#pragma once

#include "bus/controller.h"

G_BEGIN_DECLS

#define OMEN_TYPE_BUS (omen_bus_get_type())
G_DECLARE_FINAL_TYPE(OmenBus, omen_bus, OMEN, BUS, GObject)

/* References @controller. */
OmenBus *omen_bus_new(OmenController *controller);

/* Connects to the bus at @address (NULL: the system's), exports all objects and then asks for the
 * name. Waits for the bus: before the main loop runs. */
gboolean omen_bus_start(OmenBus *self, const char *address, GError **error);

G_END_DECLS

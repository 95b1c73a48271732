/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bounds what callers can make us hold: a call waits in memory from when it was read until it is
 * answered, and GDBus itself reads as many as anyone sends.
 *
 * Looks at each call on GDBus's own thread, before it reaches the main loop. A call that is too
 * big, carries file descriptors, or is one too many of its sender or of all, is refused there. A
 * sender that has no call under way is always heard, however many others there are.
 *
 * Calls whose sender wants no reply are counted alike: they get one, which ends here.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_BUS_GATE_MAX_CALL_BYTES   (64 * 1024)
#define OMEN_BUS_GATE_MAX_SENDER_BYTES (256 * 1024)
#define OMEN_BUS_GATE_MAX_BYTES        (16 * 1024 * 1024)
#define OMEN_BUS_GATE_MAX_SENDER_CALLS 64
#define OMEN_BUS_GATE_MAX_CALLS        1024

typedef struct _OmenBusGate OmenBusGate;

/* Stands at @connection until omen_bus_gate_free(). */
OmenBusGate *omen_bus_gate_new(GDBusConnection *connection);
void omen_bus_gate_free(OmenBusGate *self);

G_END_DECLS

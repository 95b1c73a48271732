/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's client event loop, on a GMainContext and a thread of its own.
 *
 * libvirt needs someone to watch its file descriptors and timers (virEventRegisterImpl(),
 * https://libvirt.org/html/libvirt-libvirt-event.html). A thread of its own means that keepalive is
 * answered whatever the main context does. libvirt's callbacks run on that thread, those of a lost
 * connection on whichever thread noticed: who takes one copies what it is told and posts it on.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Registers the loop with libvirt and starts its thread, once a process; later calls do nothing.
 * Call before the first connection is opened. libvirt allows one loop a process and no end to it,
 * so this is the one piece of state that is global. */
void omen_event_loop_start(void);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hears what the libvirt hook says: one datagram for each thing that libvirt is about to do (see
 * virt-omen/hook-wire.h). What it says is news, not authority: names in it are text of others.
 *
 * Signal "operation" (const char *domain, const char *operation, const char *sub_operation, const
 * char *extra); the strings are sanitised.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_TYPE_HOOK_LISTENER (omen_hook_listener_get_type())
G_DECLARE_FINAL_TYPE(OmenHookListener, omen_hook_listener, OMEN, HOOK_LISTENER, GObject)

/* @path: NULL: OMEN_HOOK_SOCKET. */
OmenHookListener *omen_hook_listener_new(const char *path);

/* Binds the socket, for root alone. FALSE with @error: the daemon can do without. */
gboolean omen_hook_listener_start(OmenHookListener *self, GError **error);

G_END_DECLS

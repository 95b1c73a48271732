/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The quarantine as the libvirt hook reads it: a file that says until when this host takes no
 * incoming migration, and why (see virt-omen/hook-wire.h). Written by worker threads, each version
 * whole.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_TYPE_QUARANTINE (omen_quarantine_get_type())
G_DECLARE_FINAL_TYPE(OmenQuarantine, omen_quarantine, OMEN, QUARANTINE, GObject)

/* @path: NULL: OMEN_HOOK_QUARANTINE. */
OmenQuarantine *omen_quarantine_new(const char *path);

/* From now on for @lifetime_s seconds. Called again with the same it writes nothing but a later
 * expiry now and then. @no_starts: domains shall not be started here either. */
void omen_quarantine_publish(OmenQuarantine *self,
                             const char *reason,
                             guint lifetime_s,
                             gboolean no_starts);

/* Over. */
void omen_quarantine_withdraw(OmenQuarantine *self);

G_END_DECLS

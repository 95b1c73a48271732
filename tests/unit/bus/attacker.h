/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a local user can do to the daemon over D-Bus, from a process of his own. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Says one line when the attack is under way: what the daemon answered last, or "sent".
 *   unheard   20,000 calls whose answer is not wanted
 *   big       one argument of 8 MiB
 *   names     a plan for 300,000 domains
 *   files     a call that carries file descriptors
 *   dialogs   calls that ask for a password, which is never given
 */
void attacker_run(GDBusConnection *connection, const char *attack);

G_END_DECLS

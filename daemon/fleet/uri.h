/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of another host's row may be connected to. Pure.
 *
 * A row is written by whoever has the store's password. libvirt's URIs can say much more than a
 * host: run a program (qemu+ext:///system?command=...), skip the check of its certificate
 * (?no_verify=1), take another key. So of a row's URI only these are used:
 *
 *   qemu+TRANSPORT://[USER@]HOST[:PORT]/system        (or /session; USER for ssh alone)
 *
 * where this host's own configuration names the transport ([fleet] transports), which goes to
 * another host, and runs nothing here that the row names: ext and unix never.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* (transfer full) (nullable): why @uri is not used; NULL: it may be. */
char *omen_fleet_uri_find_fault(const char *uri, const char *const *transports);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A key or password that stands on the first line of a file. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* @path: of a file that only its owner may read; or a name without a slash, of one of the
 * credentials that systemd has given to this service (LoadCredential=). Reads a disk: for the
 * start. Returns (transfer full): its first line, at most 4096 bytes; NULL with @error
 * (G_IO_ERROR), which never says what the file holds. A process that has read one leaves no core
 * dump. */
char *omen_secret_file_read(const char *path, GError **error);

/* By https, or to this machine: localhost, or an address that loops back (not a name that begins
 * like one). */
gboolean omen_secret_may_go_to(GUri *url);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of state.db: opened, brought to the present schema, set aside when it is damaged. */
#pragma once

#include "state/sql.h"

G_BEGIN_DECLS

/* PRAGMA user_version of the present schema. */
guint omen_state_schema_version(void);

/*
 * Opens @path for writing (":memory:": no file), makes it and its directory if they are not there,
 * and migrates an older schema. A damaged file is renamed to PATH.damaged-TIME and a new one
 * begins; @warning then says so. Nothing is changed in a file of a newer schema.
 * Returns: (transfer full): NULL with @error (UNAVAILABLE, UNTRUSTED or NEWER). Waits on the disk.
 */
sqlite3 *omen_state_schema_open(const char *path, char **warning, GError **error);

/* Opens what is there for reading only, for when the disk does not take writes any more: no lock,
 * no side file is needed. Returns: (transfer full): NULL with @error. */
sqlite3 *omen_state_schema_open_read_only(const char *path, GError **error);

G_END_DECLS

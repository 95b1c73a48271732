/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that state.db holds, read at the start. */
#pragma once

#include "state/sql.h"
#include "state/state-rows.h"

G_BEGIN_DECLS

/* The latest @max_rows of each table; evacuations that have not ended come in any case. Rows that
 * make no sense are skipped and counted in the warning. Waits on the disk.
 * Returns: (transfer full): NULL with @error. */
OmenStateContents *omen_store_load(sqlite3 *db, guint max_rows, GError **error);

G_END_DECLS

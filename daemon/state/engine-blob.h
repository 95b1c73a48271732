/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a stream has learnt, as it stands in the database: compressed, since it is written whole. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Returns: (transfer full), no longer floating. */
GVariant *omen_engine_pack(GVariant *engine);

/* Also of what an earlier version stored as it was. Returns: (transfer full) (nullable): NULL: it
 * is damaged. */
GVariant *omen_engine_unpack(GVariant *packed);

G_END_DECLS

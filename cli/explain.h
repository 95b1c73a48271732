/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why an omen was raised, and what can be done. */
#pragma once

#include "client.h"

G_BEGIN_DECLS

/* Some lines of text about the omen at @path. (transfer full) */
char *explain_format(Client *client, const char *path);

G_END_DECLS

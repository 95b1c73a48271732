/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an evacuation would do, as plan and evacuate --dry-run show it. */
#pragma once

#include "client.h"

G_BEGIN_DECLS

/* Such a destination is configured, or @name is NULL or "". FALSE: that it is not was told. */
gboolean plan_check_destination(Client *client, const char *command, const char *name);

/* @domains: names or UUIDs, empty: all. @destination: "": whichever fits. @within_s: the time that
 * there is; 0: what the omens leave. @n_staying: (out) (nullable): how many domains would stay.
 * Returns the exit status. */
int plan_show(Client *client,
              const char *command,
              char **domains,
              const char *destination,
              guint within_s,
              gboolean json,
              gsize *n_staying);

G_END_DECLS

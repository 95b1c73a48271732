/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What watch shows, row by row: host, domains, destinations, omens, evacuations. */
#pragma once

#include "client.h"
#include "screen.h"

G_BEGIN_DECLS

typedef struct {
    char *path; /* of the object on the bus; NULL: a title, which can't be chosen */
    ScreenStyle style;
    char *text;
} WatchRow;

/* @status: what GetStatus said. @width: columns there are. @filter: only objects whose row has this
 * text in it, in any case; "": all. (transfer full) (element-type WatchRow) */
GPtrArray *watch_rows_list(Client *client, GVariant *status, guint width, const char *filter);

/* Some lines about the object of a row: an omen's explanation, a domain's sources, an evacuation's
 * course. (transfer full) */
char *watch_rows_describe(Client *client, GVariant *status, const char *path);

G_END_DECLS

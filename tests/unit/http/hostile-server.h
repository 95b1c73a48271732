/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An HTTP server on loopback, in a thread of its own, that does not play by the rules. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
    HOSTILE_CONTINUES, /* "100 Continue" for as long as it is listened to */
    HOSTILE_REDIRECTS, /* 302 to another path, where all is well */
    HOSTILE_DRIPS,     /* a byte of a header each 100 ms */
    HOSTILE_FLOODS,    /* a body without end */
} HostileKind;

typedef struct _HostileServer HostileServer;

HostileServer *hostile_server_new(HostileKind kind);
void hostile_server_free(HostileServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostileServer, hostile_server_free)

guint hostile_server_get_port(const HostileServer *self);

/* Requests so far: POSTs, and others. */
int hostile_server_get_n_posts(HostileServer *self);
int hostile_server_get_n_others(HostileServer *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who keeps places at destinations for all hosts that move domains there: asked before each move,
 * and told of its end. The evacuator knows no fleet; whoever makes it may give it one of these.
 */
#pragma once

#include "evacuation/libvirt/destination.h"

G_BEGIN_DECLS

#define OMEN_RESERVER_ERROR (omen_reserver_error_quark())
GQuark omen_reserver_error_quark(void);

typedef enum {
    OMEN_RESERVER_ERROR_FULL,      /* there is no place now; others on their way hold it */
    OMEN_RESERVER_ERROR_NO_ANSWER, /* it is not known: the move may begin without */
} OmenReserverError;

/* A place for a domain; borrowed, for the time of the call. */
typedef struct {
    const OmenDestination *destination;
    gboolean is_home; /* that is this host: the domain comes back */
    const char *uuid;
    const char *name;
    guint64 memory_bytes;
    guint vcpus;
    guint lasts_s;             /* the move may take so long */
    OmenDestinationSight room; /* as the destination was just seen; not for hold() */
    guint64 reserve_bytes;     /* that must stay free there */
    guint cpu_overcommit;      /* virtual CPUs a CPU; 0: no limit */
} OmenReserverWish;

typedef struct {
    /* Ends soon, whatever the store does. */
    void (*reserve_async)(const OmenReserverWish *wish,
                          GAsyncReadyCallback callback,
                          gpointer callback_data,
                          gpointer user_data);
    /* FALSE with @error: see above; its words do not name the destination. */
    gboolean (*reserve_finish)(GAsyncResult *result, GError **error);
    /* A move that goes on has its place, whatever was known of it before. */
    void (*hold)(const OmenReserverWish *wish, gpointer user_data);
    /* It has ended, or will not begin. Of one that has no place: nothing is done. */
    void (*release)(const char *uuid, gpointer user_data);
    /* Bytes there that other hosts have reserved, as far as is known. */
    guint64 (*get_reserved)(const OmenDestination *destination, gpointer user_data);
} OmenReserver;

G_END_DECLS

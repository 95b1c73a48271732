/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A destination: another host's libvirt, and whether a domain can go there.
 *
 * Asking blocks, so it is done by worker threads over a connection that is opened for the question;
 * a peer that does not answer costs a thread until libvirt gives up, never the main context.
 */
#pragma once

#include "evacuation/domain-facts.h"
#include "hypervisor/workers.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_DESTINATION_ERROR (omen_destination_error_quark())
GQuark omen_destination_error_quark(void);

typedef enum {
    OMEN_DESTINATION_ERROR_UNREACHABLE,
    OMEN_DESTINATION_ERROR_NO_ROOM,
    OMEN_DESTINATION_ERROR_INCOMPATIBLE, /* CPU, machine type */
    OMEN_DESTINATION_ERROR_CONFLICT,     /* it runs that domain already */
    OMEN_DESTINATION_ERROR_SAME_HOST,
} OmenDestinationError;

typedef struct {
    gatomicrefcount references;
    char *name;
    char *uri;         /* as this host's libvirtd reaches it, and we do */
    char *migrate_uri; /* "": libvirt chooses */
} OmenDestination;

OmenDestination *omen_destination_new(const char *name, const char *uri, const char *migrate_uri);
OmenDestination *omen_destination_ref(OmenDestination *self);
void omen_destination_unref(OmenDestination *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDestination, omen_destination_unref)

/* What is asked. */
typedef struct {
    const OmenDomainFacts *facts; /* NULL: only whether it answers */
    guint64 reserve_bytes;        /* that must stay free there */
    guint64 promised_bytes;       /* on their way there already */
} OmenDestinationDemand;

/*
 * Blocks: for worker threads. Is it there, does it know the machine type, can it run the CPU, has
 * it room, does it not run the domain already?
 * @free_bytes: (out) (optional): memory free there.
 * Returns: FALSE with @error: why not, naming the destination.
 */
gboolean omen_destination_check(OmenDestination *self,
                                const OmenDestinationDemand *demand,
                                guint64 *free_bytes,
                                GError **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A destination: another host's libvirt, and whether a domain can go there.
 *
 * Asking blocks, so it is done by worker threads over a connection that is opened for the question;
 * a peer that does not answer costs a thread until libvirt gives up, never the main context.
 */
#pragma once

#include "evacuation/libvirt/domain-facts.h"
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
    OMEN_DESTINATION_ERROR_ENDANGERED,   /* its own virt-omend says so */
} OmenDestinationError;

/* What the configuration says of a destination; strings "" and lists NULL where nothing. */
typedef struct {
    const char *name;
    const char *uri;         /* as this host's libvirtd reaches it, and we do */
    const char *migrate_uri; /* "": libvirt chooses */
    const char *bus;         /* D-Bus address of its system bus, to ask its virt-omend; "": none */
    char **labels;
    guint weight;      /* the higher the sooner; equal ones in the configured order */
    guint max_domains; /* that may run there; 0: no limit */
} OmenDestinationTerms;

typedef struct {
    gatomicrefcount references;
    char *name;
    char *uri;
    char *migrate_uri;
    char *bus;
    char **labels;
    guint weight;
    guint max_domains;
    gint is_probed; /* atomic: a probe has not come back */
} OmenDestination;

OmenDestination *omen_destination_new(const OmenDestinationTerms *terms);
OmenDestination *omen_destination_ref(OmenDestination *self);
void omen_destination_unref(OmenDestination *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDestination, omen_destination_unref)

/* Its domain's owner's needs are met by its labels. @needs: may be NULL. */
gboolean omen_destination_has_labels(const OmenDestination *self, char **needs);

/* Connections to it can not be overheard: TLS, SSH or a local socket. */
gboolean omen_destination_is_confidential(const OmenDestination *self);

/* What is asked. */
typedef struct {
    const OmenDomainFacts *facts; /* NULL: only whether it answers, and how it is */
    guint64 reserve_bytes;        /* that must stay free there */
    guint64 promised_bytes;       /* on their way there already */
    guint promised_domains;
    guint cpu_overcommit; /* virtual CPUs a CPU, at most; 0: no limit */
} OmenDestinationDemand;

/* What was seen. */
typedef struct {
    guint64 free_bytes;
    guint cpus;
    guint vcpus;            /* of all that run there */
    guint n_domains;        /* that run there */
    gulong libvirt_version; /* 9000000 is 9.0.0 */
    gulong qemu_version;
} OmenDestinationSight;

/*
 * Blocks: for worker threads. Is it there, is it not endangered itself, does it know the machine
 * type, can it run the CPU, has it the networks, bridges and pools, has it room, does it not run
 * the domain already?
 * @sight: (out) (optional): valid once the destination answered, whatever follows.
 * Returns: FALSE with @error: why not, naming the destination.
 */
gboolean omen_destination_check(OmenDestination *self,
                                const OmenDestinationDemand *demand,
                                OmenDestinationSight *sight,
                                GError **error);

G_END_DECLS

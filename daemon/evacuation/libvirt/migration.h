/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The blocking calls of one migration, for worker threads: look at the domain, migrate it, watch
 * it, abort it. Each opens a connection of its own: a call of virDomainMigrateToURI3() lasts as
 * long as the migration and holds one of the few requests a connection may have in flight.
 *
 * https://libvirt.org/migration.html; flags and parameters: libvirt-domain.h.
 */
#pragma once

#include "evacuation/libvirt/destination.h"
#include "evacuation/plan/pace.h"

G_BEGIN_DECLS

#define OMEN_MIGRATION_ERROR (omen_migration_error_quark())
GQuark omen_migration_error_quark(void);

typedef enum {
    /* The domain can't be moved as it is now; no other destination would help. */
    OMEN_MIGRATION_ERROR_NOT_MOVABLE,
    OMEN_MIGRATION_ERROR_NOT_RUNNING,
} OmenMigrationError;

typedef struct {
    char *source_uri;
    char *uuid;
    OmenDestination *destination;
    guint bandwidth_mib;        /* MiB/s; 0: no limit */
    OmenTechnique technique;    /* never _AUTO */
    gboolean post_copy;         /* it may come to that */
    gboolean tls;               /* of the guest's memory and disks */
    gboolean compress;          /* XBZRLE */
    guint parallel_connections; /* 0: one */
    gboolean copy_disks;        /* local ones, whole; libvirt makes the files there */
    gboolean resume;            /* a post-copy whose connection broke */
} OmenMigrationOrder;

void omen_migration_order_free(OmenMigrationOrder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenMigrationOrder, omen_migration_order_free)

typedef struct {
    guint64 downtime_ms; /* 0: not known */
} OmenMigrationResult;

/*
 * Can the domain be moved at all now? It must run, without another job, without host devices; one
 * that is paused by an I/O error stays: libvirt refuses it, and QEMU 7.2 aborts, and the guest is
 * lost, when such a guest is moved a second time. Returns: (transfer full): what a destination must
 * offer.
 */
OmenDomainFacts *omen_migration_examine(const char *source_uri, const char *uuid, GError **error);

/* Migrates: live, peer-to-peer, never unsafe. Switching to post-copy is left to
 * omen_migration_steer(). Returns when libvirt's call does.
 * (transfer full); NULL with @error, of OMEN_LIBVIRT_ERROR or _MIGRATION_ERROR. */
OmenMigrationResult *omen_migration_run(const OmenMigrationOrder *order, GError **error);

/* (transfer full); NULL with @error where there is no job. */
OmenMigrationProgress *
omen_migration_measure(virConnectPtr connection, const char *uuid, GError **error);

/* Does what was decided, but _KEEP, to the migration under way. */
gboolean omen_migration_steer(virConnectPtr connection,
                              const char *uuid,
                              const OmenPaceDecision *decision,
                              GError **error);

/* Asks libvirt to abort the job; the migration's own call then ends. */
gboolean omen_migration_abort(const char *source_uri, const char *uuid, GError **error);

/* Waits at most @limit_ms until the domain runs at @uri; returns when, in microseconds since the
 * epoch, 0 if it was not seen. */
gint64 omen_migration_await_arrival(const char *uri, const char *uuid, guint limit_ms);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The evacuator: all evacuations of this host, from the queue to their end.
 *
 *   queued -> checking -> running -> verifying -> succeeded
 *                |           |           |
 *                v           +-----> reconciling -> succeeded, failed, cancelled, or checking again
 *              failed                               for one more destination
 *
 * At most one evacuation of a domain is under way, and a limited number in all. The first
 * destination, in the configured order, that is reachable, compatible and has room is taken; after
 * a failure that another destination may not have, one more is tried. What became of a call is
 * never believed: both ends are asked, until it is known where the domain runs.
 *
 * Signals: "added" (OmenEvacuation).
 */
#pragma once

#include "evacuation/destination.h"
#include "evacuation/evacuation.h"
#include "hypervisor/hypervisor.h"

G_BEGIN_DECLS

#define OMEN_EVACUATOR_ERROR (omen_evacuator_error_quark())
GQuark omen_evacuator_error_quark(void);

typedef enum {
    OMEN_EVACUATOR_ERROR_NOT_FOUND, /* no such domain, evacuation or destination */
    OMEN_EVACUATOR_ERROR_BUSY, /* that domain is being evacuated already; it is too late to cancel
                                */
    OMEN_EVACUATOR_ERROR_FULL, /* too many are waiting */
} OmenEvacuatorError;

#define OMEN_TYPE_EVACUATOR (omen_evacuator_get_type())
G_DECLARE_FINAL_TYPE(OmenEvacuator, omen_evacuator, OMEN, EVACUATOR, GObject)

typedef struct {
    guint concurrency;
    guint timeout_s; /* of one migration; 0: by its memory */
    guint bandwidth_mib;
    guint64 reserve_bytes;
} OmenEvacuatorLimits;

/* Puts an evacuation on disk before libvirt is asked to migrate. It ends by calling @callback,
 * whatever happens; the evacuator goes on in any case after a short while, since a dying disk is a
 * reason to leave. */
typedef void (*OmenEvacuatorKeepFunc)(const OmenEvacuationData *data,
                                      GAsyncReadyCallback callback,
                                      gpointer callback_data,
                                      gpointer user_data);

OmenEvacuator *
omen_evacuator_new(OmenHypervisor *hypervisor, OmenEvacuatorKeepFunc keep, gpointer user_data);

/* @destinations: (element-type OmenDestination), in the order of preference. May be called again;
 * what runs is not touched. */
void omen_evacuator_configure(OmenEvacuator *self,
                              GPtrArray *destinations,
                              const OmenEvacuatorLimits *limits);

/* Queues a domain. @destination: by name, or NULL: whichever fits. @omen_id: 0: an operator's wish.
 * Returns: (transfer none): NULL with @error. */
OmenEvacuation *omen_evacuator_enqueue(OmenEvacuator *self,
                                       const char *uuid,
                                       const char *destination,
                                       guint64 omen_id,
                                       GError **error);

/* Puts back an evacuation of an earlier life of the daemon, before the main loop runs. One that had
 * not ended goes on: it is queued anew, or reconciled if it had begun. Takes @data. */
void omen_evacuator_restore(OmenEvacuator *self, OmenEvacuationData *data);

gboolean omen_evacuator_cancel(OmenEvacuator *self, guint64 id, GError **error);

/* (transfer full) (element-type OmenEvacuation): by rising number. Bounded: the oldest ended ones
 * are forgotten. */
GPtrArray *omen_evacuator_list(OmenEvacuator *self);

/* What a probe of each destination found; every half minute, without being asked. */
typedef struct {
    OmenDestination *destination;
    gboolean reachable;
    guint64 free_bytes;
    char *reason; /* why it is not usable, "" if it is */
} OmenDestinationProbe;

/* (transfer full) (element-type OmenDestinationProbe). */
GPtrArray *omen_evacuator_list_probes(OmenEvacuator *self);

/* (transfer container) (element-type OmenDestination). */
GPtrArray *omen_evacuator_list_destinations(OmenEvacuator *self);

G_END_DECLS

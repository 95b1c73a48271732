/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The evacuator: all evacuations of this host, from the queue to their end.
 *
 *   queued -> checking -> running -> verifying -> succeeded
 *                |           |           |
 *                v           +-----> reconciling -> succeeded, failed, cancelled, or checking again
 *              failed                               for one more destination
 *
 * At most one evacuation of a domain is under way, and a limited number in all and to one
 * destination. Which of those that wait is next, where it goes and how is the planner's choice
 * (planner.h), made anew whenever a lane is free, with what the latest probes of the destinations
 * found; destinations that did not answer are asked last. One that is full by what others send
 * there is waited for, where no other takes the domain: for a while (job-wait.c). After a failure
 * that another destination or technique may not have, that is tried. What became of a call is never
 * believed: both ends are asked, until it is known where the domain runs.
 *
 * Signals: "added" (OmenEvacuation).
 */
#pragma once

#include "evacuation/evacuation.h"
#include "evacuation/libvirt/destination.h"
#include "evacuation/plan/technique.h"
#include "evacuation/queue/reserver.h"
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
    guint concurrency_a_destination; /* 0: as many */
    guint timeout_s;                 /* of one migration; 0: by its memory */
    guint bandwidth_mib;             /* MiB/s of one migration; 0: no limit */
    guint link_mib;                  /* MiB/s that all share; 0: not known */
    guint64 reserve_bytes;
    guint cpu_overcommit;
    guint max_downtime_ms; /* that a late migration may be given */
    guint parallel_connections;
    OmenPostCopy post_copy;
    gboolean tls;
    gboolean compress;
    gboolean copy_disks; /* local ones; else such a domain stays */
    guint escalation;    /* OmenEscalationSteps for what can not leave a host that may die */
    guint shutdown_limit_s;
    guint place_patience_s; /* an omen's move waits so long for a reservation; 0: as is right */
    guint place_limit_s;    /* and any other, which ends then; 0: as is right */
    const char *save_dir;   /* for the escalation's "save". Copied. */
    const char *own_uri; /* of this host's libvirt as destinations reach it; "": nothing comes back.
                          * Copied. */
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

/* From now on moves have a place kept for them; those under way, too. @reserver: NULL: no more. It
 * must outlive the evacuator. */
void
omen_evacuator_set_reserver(OmenEvacuator *self, const OmenReserver *reserver, gpointer user_data);

/* @destinations: (element-type OmenDestination), in the order of preference. May be called again;
 * what runs is not touched. */
void omen_evacuator_configure(OmenEvacuator *self,
                              GPtrArray *destinations,
                              const OmenEvacuatorLimits *limits);

/* What is asked for a domain, or for several. */
typedef struct {
    const char *destination; /* by name; NULL: whichever fits */
    guint64 omen_id;         /* 0: an operator's wish */
    gint64 deadline_us;      /* since the epoch, when the host is expected to fail; 0: none known */
    gboolean host_may_die;   /* in the middle of it */
    gboolean memory_is_short; /* that is what endangers: others that need less help */
} OmenEvacuationRequest;

/* Whether omen_evacuator_enqueue() would take it. Changes nothing. */
gboolean omen_evacuator_check(OmenEvacuator *self,
                              const char *uuid,
                              const OmenEvacuationRequest *request,
                              GError **error);

/* Queues a domain. One that is being evacuated already is not queued twice (an error), but goes by
 * the earlier deadline, and takes no risk that the new request forbids. Returns: (transfer none):
 * NULL with @error. */
OmenEvacuation *omen_evacuator_enqueue(OmenEvacuator *self,
                                       const char *uuid,
                                       const OmenEvacuationRequest *request,
                                       GError **error);

/* Evacuations for the omen @from_omen are for @to_omen from now on: both are of one event. */
void omen_evacuator_reassign(OmenEvacuator *self, guint64 from_omen, guint64 to_omen);

/* Queues the way back of a domain that left this host: its last evacuation is undone. @domain: by
 * name or UUID. Needs limits.own_uri. Returns: (transfer none): NULL with @error. */
OmenEvacuation *omen_evacuator_bring_back(OmenEvacuator *self, const char *domain, GError **error);

/* Nothing comes back: this host is to stay empty. @why: NULL: what left may come back again. */
void omen_evacuator_hold_returns(OmenEvacuator *self, const char *why);

/* This host is endangered: what is on its way back stays where it is, if that can still be had. */
void omen_evacuator_cancel_returns(OmenEvacuator *self);

/* (transfer full): UUIDs of domains that left this host and were not brought back. @of_omens: only
 * those that left for an omen. */
char **omen_evacuator_list_away(OmenEvacuator *self, gboolean of_omens);

/* Puts back an evacuation of an earlier life of the daemon, before the main loop runs. One that had
 * not ended goes on: it is queued anew, or reconciled if it had begun. Takes @data. @request: what
 * its omen says by now; its destination and omen are @data's. */
void omen_evacuator_restore(OmenEvacuator *self,
                            OmenEvacuationData *data,
                            const OmenEvacuationRequest *request);

/* @why: a literal, as "an operator stopped it". */
gboolean omen_evacuator_cancel(OmenEvacuator *self, guint64 id, const char *why, GError **error);

/* (transfer full) (element-type OmenEvacuation): by rising number. Bounded: the oldest ended ones
 * are forgotten. */
GPtrArray *omen_evacuator_list(OmenEvacuator *self);

/* What a probe of each destination found; every half minute, without being asked. */
typedef struct {
    OmenDestination *destination;
    gint64 asked_us;    /* since the epoch; 0: not yet */
    gboolean reachable; /* and usable */
    gboolean endangered;
    OmenDestinationSight sight;
    char *reason; /* why it is not usable, "" if it is */
} OmenDestinationProbe;

/* (transfer full) (element-type OmenDestinationProbe): in the configured order. */
GPtrArray *omen_evacuator_list_probes(OmenEvacuator *self);

/*
 * What would be done with these domains now, in the planner's words; nothing is changed. Asks the
 * domains (with a measurement of how fast they dirty their memory, which takes a second) and the
 * destinations. @uuids: running domains of this host.
 */
void omen_evacuator_plan_async(OmenEvacuator *self,
                               const char *const *uuids,
                               const OmenEvacuationRequest *request,
                               GAsyncReadyCallback callback,
                               gpointer user_data);

typedef struct {
    char *uuid;
    char *name;
    char *destination; /* "": it stays */
    OmenTechnique technique;
    double start_s;
    double end_s;
    double link_mib_s; /* that the plan counts on, for all moves together */
    guint downtime_ms;
    gboolean is_late;
    gboolean may_fit_later; /* it stays only for room that is reserved for domains of other hosts */
    char *reason;           /* why it stays; "" if it moves */
} OmenForeseen;

/* (transfer full) (element-type OmenForeseen). */
GPtrArray *omen_evacuator_plan_finish(OmenEvacuator *self, GAsyncResult *result, GError **error);

G_END_DECLS

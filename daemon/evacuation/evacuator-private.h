/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by evacuator.c (the queue), evacuation-job.c and evacuation-outcome.c (one evacuation's
 * way). */
#pragma once

#include "evacuation/evacuator.h"
#include "evacuation/migration.h"
#include "evacuation/whereabouts.h"

G_BEGIN_DECLS

struct _OmenEvacuator {
    GObject parent_instance;

    OmenHypervisor *hypervisor;
    OmenWorkers *questions;  /* to destinations and about whereabouts */
    OmenWorkers *migrations; /* calls that last as long as a migration */
    OmenEvacuatorKeepFunc keep;
    gpointer keep_data;
    OmenEvacuatorLimits limits;
    GPtrArray *destinations; /* OmenDestination */
    GHashTable *probes;      /* destination's name -> OmenDestinationProbe */
    GPtrArray *jobs;         /* Job: all that are not forgotten, by rising number */
    guint64 last_id;
    guint probe_source;
    gboolean stopped;
};

/* One evacuation, with what it needs on its way. */
typedef struct {
    OmenEvacuator *evacuator; /* not owned; NULL once the evacuator is gone */
    OmenEvacuation *evacuation;
    char *wanted;           /* the only destination that is wanted; NULL: any */
    OmenDomainFacts *facts; /* NULL until examined */
    OmenDestination *destination;
    guint next_destination; /* index of the next to ask */
    GString *reasons;       /* why destinations were not taken, or failed */
    GError *last_error;     /* of the last migration call */
    gboolean occupies_lane; /* counts against the concurrency */
    gboolean cancelled;
    gboolean timed_out;
    gboolean is_migrating;  /* a call of virDomainMigrateToURI3() is out */
    gint64 settle_until_us; /* monotonic; when a pause is taken for lasting */
    guint settle_pause_ms;
    guint poll_source;
    guint timeout_source;
    guint settle_source;
    guint keep_source;
    gulong event_handler;
} Job;

Job *omen_job_new(OmenEvacuator *evacuator, OmenEvacuationData *data, const char *wanted);
Job *omen_job_ref(Job *self);
void omen_job_unref(gpointer self);

const OmenEvacuationData *omen_job_get_data(const Job *self);

/* From queued: examine the domain, find a destination, migrate. */
void omen_job_begin(Job *self);

/* From running, verifying or reconciling in an earlier life. */
void omen_job_reconcile(Job *self);

/* FALSE with @error: too late. */
gboolean omen_job_cancel(Job *self, GError **error);

/* Stops timers; the evacuator goes away. */
void omen_job_abandon(Job *self);

/* Between evacuation-job.c (to the end of libvirt's call) and evacuation-outcome.c (what became of
 * it). */
const char *omen_job_get_source_uri(Job *self);
OmenEvacuationData *omen_job_edit(Job *self); /* a copy to change, for omen_evacuation_update() */
guint omen_job_get_timeout_s(Job *self);
void omen_job_note_reason(Job *self, const char *reason);
void omen_job_examine(Job *self);
void omen_job_settle(Job *self, OmenPhase phase);
void omen_job_finish(Job *self, OmenPhase phase, const char *error);

/* evacuator.c: a lane may be free, or a job ended. */
void omen_evacuator_pump(OmenEvacuator *self);

/* evacuator.c: memory that running evacuations will take at a destination. */
guint64 omen_evacuator_get_promised(OmenEvacuator *self, const char *destination);

G_END_DECLS

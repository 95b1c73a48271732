/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by the files of the evacuator: evacuator.c (the queue), evacuator-probes.c (how the
 * destinations are), evacuator-next.c (what is next),
 * evacuator-preview.c (what would be done), and of one evacuation's way:
 * job.c (its life), job-search.c (finding a destination), job-run.c (the
 * migration), job-outcome.c (what became of it).
 */
#pragma once

#include "evacuation/libvirt/domain-location.h"
#include "evacuation/libvirt/migration.h"
#include "evacuation/plan/planner.h"
#include "evacuation/queue/evacuator.h"

G_BEGIN_DECLS

struct _OmenEvacuator {
    GObject parent_instance;

    OmenHypervisor *hypervisor;
    OmenWorkers *questions;  /* to destinations and about where a domain is */
    OmenWorkers *surveys;    /* of domains that wait, and for plans */
    OmenWorkers *probers;    /* to destinations, that nobody waits for */
    OmenWorkers *migrations; /* calls that last as long as a migration */
    OmenEvacuatorKeepFunc keep;
    gpointer keep_data;
    OmenEvacuatorLimits limits;
    GPtrArray *destinations; /* OmenDestination */
    OmenDestination *home;   /* this host, as destinations reach it; NULL: not known */
    char *save_dir;
    GHashTable *probes; /* destination's name -> OmenDestinationProbe */
    GPtrArray *jobs;    /* OmenJob: all that are not forgotten, by rising number */
    guint64 last_id;
    guint probe_source;
    guint pump_source; /* to look again when a survey does not come */
    gboolean is_pumping;
    gboolean is_keeping_slow; /* the disk did not take the last one in time */
    gboolean stopped;
};

/* One evacuation, with what it needs on its way. */
typedef struct {
    OmenEvacuator *evacuator; /* not owned; NULL once the evacuator is gone */
    OmenEvacuation *evacuation;
    char *wanted;       /* the only destination that is wanted; NULL: any */
    gint64 deadline_us; /* since the epoch; 0: none known */
    gboolean host_may_die;
    gboolean memory_is_short;
    OmenDomainFacts *facts; /* NULL until examined */
    guint n_examinations;   /* in a row that libvirt here did not answer */
    gint64 examined_us;     /* monotonic, when that was */
    gint64 asked_us;        /* monotonic, when it was first asked for; 0: not yet */
    gboolean is_rated;      /* its dirty rate was asked for */
    char *preferred;        /* the planner's choice of a destination; NULL: none */
    OmenTechnique technique;
    gboolean no_post_copy; /* an end can not do it */
    OmenDestination *destination;
    GPtrArray *candidates;  /* OmenDestination: still to be asked, best first */
    GHashTable *slow;       /* names of those that did not answer soon */
    GHashTable *tried;      /* names of destinations that failed */
    GString *reasons;       /* why destinations were not taken, or failed */
    GError *last_error;     /* of the last migration call */
    gboolean occupies_lane; /* counts against the concurrency */
    gboolean cancelled;
    gboolean timed_out;
    gboolean is_migrating;  /* a call of virDomainMigrateToURI3() is out */
    gboolean is_steering;   /* so is one to change its course */
    gboolean has_switched;  /* post-copy was begun */
    gint64 started_us;      /* monotonic */
    gint64 settle_until_us; /* monotonic; when a pause is taken for lasting */
    guint settle_pause_ms;
    char *stuck;        /* why it can not leave; something else is tried; NULL: not so */
    guint n_recoveries; /* of a broken post-copy */
    guint poll_source;
    guint timeout_source;
    guint settle_source;
    guint keep_source;
    guint keep_turn; /* which of its notes on disk is waited for */
    gulong event_handler;
} OmenJob;

OmenJob *omen_job_new(OmenEvacuator *evacuator, OmenEvacuationData *data);
OmenJob *omen_job_ref(OmenJob *self);
void omen_job_unref(gpointer self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenJob, omen_job_unref)

const OmenEvacuationData *omen_job_get_data(const OmenJob *self);
const char *omen_job_get_source_uri(OmenJob *self);
OmenEvacuationData *
omen_job_edit(OmenJob *self); /* a copy to change, for omen_evacuation_update() */
void omen_job_note_reason(OmenJob *self, const char *reason);
void omen_job_finish(OmenJob *self, OmenPhase phase, const char *error);
void omen_job_set_string(char **field, const char *value);

/* What worker threads need to ask about the domain. */
typedef struct {
    char *source_uri;
    char *uuid;
} Question;

Question *omen_job_make_question(OmenJob *self);
void omen_question_free(gpointer self);

/* While it is queued: what the planner wants to know. */
void omen_job_survey(OmenJob *self);

/* From queued: examine the domain (unless that was just done), find a destination, migrate. */
void omen_job_begin(OmenJob *self);
void omen_job_examine(OmenJob *self);
void omen_job_examine_later(OmenJob *self, guint pause_ms);

/* job-search.c: ask the destinations, best first. */
void omen_job_search(OmenJob *self);
void omen_job_ask_next(OmenJob *self);

/* job-run.c: migrate to self->destination. */
void omen_job_run(OmenJob *self, OmenDestination *destination);
void omen_job_resume(OmenJob *self); /* a post-copy that broke */
void omen_job_stop_watching(OmenJob *self);
void omen_job_ask_abort(OmenJob *self);
guint omen_job_get_timeout_s(OmenJob *self);
gboolean omen_job_may_post_copy(OmenJob *self);

/* job-escalation.c: it can not leave, for that reason: the policy's other means, then the end.
 */
void omen_job_give_up(OmenJob *self, const char *reason);
gboolean omen_job_is_to_shut_down(OmenJob *self);

/* job-outcome.c: both ends are asked. */
void omen_job_settle(OmenJob *self, OmenPhase phase);

/* From running, verifying or reconciling in an earlier life. */
void omen_job_reconcile(OmenJob *self);

/* FALSE with @error: too late. */
gboolean omen_job_cancel(OmenJob *self, GError **error);

/* Stops timers; the evacuator goes away. */
void omen_job_abandon(OmenJob *self);

/* evacuator.c: a lane may be free, or a job ended. */
void omen_evacuator_pump(OmenEvacuator *self);
void omen_evacuator_pump_later(OmenEvacuator *self, guint pause_ms);

/* evacuator.c: what running evacuations will take at a destination, and what those took that ended
 * after @since_us (of the epoch), when it was last looked at. */
typedef struct {
    guint64 bytes;
    guint domains;
    guint running;
} OmenPromise;

OmenPromise
omen_evacuator_get_promised(OmenEvacuator *self, const char *destination, gint64 since_us);

/* evacuator-probes.c */
void omen_evacuator_probe_all(OmenEvacuator *self);
void omen_evacuator_note_refusal(OmenEvacuator *self, const char *destination, const char *reason);
void omen_destination_probe_free(OmenDestinationProbe *self);

/* (transfer container): all destinations, those that can be used first, then those not asked yet,
 * those with a reason against them last; within these by weight and configured order. */
GPtrArray *omen_evacuator_rank_destinations(OmenEvacuator *self);

/* evacuator-next.c: what the planner is told. */
OmenPlanDomain omen_plan_describe_domain(const OmenDomainFacts *facts);
guint64 omen_plan_find_barred(const OmenDomainFacts *facts, const char *wanted, GPtrArray *ranked);
OmenPlanLimits omen_plan_make_limits(const OmenEvacuatorLimits *limits, double deadline_s);
guint64
omen_plan_room_of(const OmenEvacuatorLimits *limits, guint64 free_bytes, guint64 promised_bytes);

/* evacuator-next.c: the job that is to begin now, with its preferred destination and technique
 * set; NULL: none waits, or something is waited for. */
OmenJob *omen_evacuator_choose(OmenEvacuator *self);

G_END_DECLS

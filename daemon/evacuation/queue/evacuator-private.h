/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by the files of the evacuator. Of the queue: evacuator.c (what may be asked of it),
 * evacuator-steps.c (what is next), evacuator-next.c (which job is), evacuator-probes.c (how the
 * destinations are), evacuator-preview.c (what would be done), plan-limits.c (by what limits).
 *
 * Of one evacuation: job.c (what is known of it), and its steps, each of which ends by telling what
 * became of it: job-examine.c, job-search.c, job-reserve.c, job-run.c, job-outcome.c,
 * job-escalation.c. job-retry.c says whether another attempt may help, job-wait.c whether waiting
 * may.
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
    char *hold;                   /* (nullable): why nothing comes back */
    GHashTable *probes;           /* destination's name -> OmenDestinationProbe */
    const OmenReserver *reserver; /* NULL: there is no fleet; not owned */
    gpointer reserver_data;
    GHashTable *crowded; /* destination's name -> gint64: monotonic, until when it is full */
    gint64 placed_us;    /* monotonic, when a place was last kept for one; 0: never */
    GPtrArray *jobs;     /* OmenJob: all that are not forgotten, by rising number */
    guint64 last_id;
    guint probe_source;
    void (*probed)(OmenEvacuator *self); /* a destination was asked: what waits may begin */
    guint pump_source;                   /* to look again when a survey does not come */
    gboolean is_keeping_slow;            /* the disk did not take the last one in time */
    gboolean stopped;
};

/* What became of a job's step. */
typedef enum {
    OMEN_JOB_SURVEYED,  /* it waits, and what the planner wants to know is known */
    OMEN_JOB_EXAMINED,  /* it can be moved */
    OMEN_JOB_PLACED,    /* its destination takes it */
    OMEN_JOB_RESERVED,  /* and a place is kept for it there */
    OMEN_JOB_FULL,      /* or there is none at that destination */
    OMEN_JOB_CROWDED,   /* those that would take it are full now, and why */
    OMEN_JOB_MIGRATED,  /* libvirt's call has returned, with last_error or without */
    OMEN_JOB_ARRIVED,   /* it runs there */
    OMEN_JOB_STAYED,    /* it runs on here */
    OMEN_JOB_BROKEN,    /* a post-copy broke off, and can be resumed */
    OMEN_JOB_STUCK,     /* it can not leave, and why */
    OMEN_JOB_LEFT_LANE, /* it goes on, and takes no part of the link any more */
    OMEN_JOB_ENDED,
} OmenJobEvent;

typedef struct _OmenJob OmenJob;
typedef void (*OmenJobFunc)(OmenJob *self, OmenJobEvent event, const char *why);

/* One evacuation, with what it needs on its way. */
struct _OmenJob {
    OmenEvacuator *evacuator; /* not owned; NULL once the evacuator is gone */
    OmenJobFunc told;         /* evacuator-steps.c */
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
    GPtrArray *candidates;        /* OmenDestination: still to be asked, best first */
    GHashTable *slow;             /* names of those that did not answer soon */
    GHashTable *tried;            /* names of destinations that failed */
    GHashTable *refused;          /* of those among them that would say the same again */
    OmenDestinationSight sight;   /* of the destination that takes it */
    const OmenReserver *reserver; /* that was asked for a place */
    char *crowded;                /* destinations that are full now, and why; NULL: none */
    gint64 wait_until_us;         /* monotonic; for that it waits */
    gint64 crowded_since_us;      /* monotonic, when all were full first; 0: never */
    gboolean goes_anyway;         /* it has waited enough: no place is needed */
    GString *reasons;             /* why destinations were not taken, or failed */
    gsize n_reasons;              /* bytes of it that were there when the search began */
    GError *last_error;           /* of the last migration call */
    gboolean occupies_lane;       /* counts against the concurrency */
    const char *cancelled;        /* (nullable) (not owned): why it was, a literal */
    gboolean timed_out;
    gboolean is_migrating;  /* a call of virDomainMigrateToURI3() is out */
    gboolean is_steering;   /* so is one to change its course */
    gboolean has_switched;  /* post-copy was begun */
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
};

/* job.c */
OmenJob *omen_job_new(OmenEvacuator *evacuator, OmenEvacuationData *data, OmenJobFunc told);
OmenJob *omen_job_ref(OmenJob *self);
void omen_job_unref(gpointer self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenJob, omen_job_unref)

const OmenEvacuationData *omen_job_get_data(const OmenJob *self);
const char *omen_job_get_source_uri(OmenJob *self);
OmenEvacuationData *
omen_job_edit(OmenJob *self); /* a copy to change, for omen_evacuation_update() */
void omen_job_set_phase(OmenJob *self, OmenPhase phase);
void omen_job_note_reason(OmenJob *self, const char *reason);
gboolean omen_job_may_post_copy(OmenJob *self);
gboolean omen_job_is_to_shut_down(OmenJob *self);
void omen_job_set_string(char **field, const char *value);

/* Hands @event on to who decides what is next; to nobody once the evacuator is gone. */
void omen_job_tell(OmenJob *self, OmenJobEvent event, const char *why);
void omen_job_finish(OmenJob *self, OmenPhase phase, const char *error);
void omen_job_stop_watching(OmenJob *self);

/* Stops timers; the evacuator goes away. */
void omen_job_abandon(OmenJob *self);

/* What worker threads need to ask about the domain. */
typedef struct {
    char *source_uri;
    char *uuid;
} Question;

Question *omen_job_make_question(OmenJob *self);
void omen_question_free(gpointer self);

/* job-examine.c: looks at the domain: _EXAMINED, or _STUCK. While it is queued: _SURVEYED. */
void omen_job_examine(OmenJob *self);
void omen_job_examine_later(OmenJob *self, guint pause_ms);
void omen_job_survey(OmenJob *self);
gboolean omen_job_is_fresh(const OmenJob *self); /* that was only just done */

/* job-search.c: asks the destinations, best first: _PLACED, _CROWDED or _STUCK. */
void omen_job_search(OmenJob *self);
void omen_job_ask_next(OmenJob *self); /* the one before is full */

/* job-reserve.c: a place at self->destination, which was just seen so: _RESERVED or _FULL. Released
 * when the job ends, or the domain stayed. */
void omen_job_reserve(OmenJob *self);
void omen_job_release(OmenJob *self);
void omen_job_hold(OmenJob *self);
void omen_job_note_crowded(OmenJob *self, const char *destination, const char *why);
guint omen_evacuator_get_crowded_ms(OmenEvacuator *self,
                                    const char *destination); /* 0: it is not */

/* job-wait.c: what is to be done while all destinations are full. */
typedef enum {
    OMEN_JOB_WAIT_GOES_ON,
    OMEN_JOB_WAIT_TO_GO,  /* it is moved without a place */
    OMEN_JOB_WAIT_TO_END, /* it stays */
} OmenJobWait;

/* So begins the error of one that does. */
#define OMEN_JOB_WAITS "waits: "

OmenJobWait omen_job_get_wait(OmenJob *self);
void omen_job_begin_wait(OmenJob *self); /* once */

/* job-run.c: migrates to self->destination: _MIGRATED. */
void omen_job_run(OmenJob *self);
void omen_job_resume(OmenJob *self); /* a post-copy that broke, some time later */
void omen_job_ask_abort(OmenJob *self);
guint omen_job_get_timeout_s(OmenJob *self);

/* job-outcome.c: asks both ends until it is known where it runs: _ARRIVED, _STAYED or _BROKEN, or
 * the job ends. */
void omen_job_settle(OmenJob *self, OmenPhase phase);
void omen_job_reconcile(OmenJob *self); /* running, verifying or reconciling in an earlier life */

/* job-escalation.c: it can not leave, for that reason: the policy's other means, then the end. */
void omen_job_escalate(OmenJob *self, const char *reason);

/* job-retry.c: it stayed. Notes why, and changes technique or destination where that may help. */
typedef enum {
    OMEN_JOB_RETRY_NEVER,
    OMEN_JOB_RETRY_NOW,
    OMEN_JOB_RETRY_LATER, /* all was tried: what hindered may have passed by then */
} OmenJobRetry;

OmenJobRetry omen_job_plan_retry(OmenJob *self);

/* evacuator-steps.c */
void omen_evacuator_take_step(OmenJob *job, OmenJobEvent event, const char *why);
void omen_evacuator_pump(OmenEvacuator *self); /* what waits begins where a lane is free */
void omen_evacuator_pump_soon(OmenEvacuator *self);

/* FALSE with @error: too late. */
/* It was cancelled, has not begun or runs on where it was: that is its end. */
void omen_job_finish_cancelled(OmenJob *job);
/* @why: a literal, as "an operator stopped it". */
gboolean omen_evacuator_cancel_job(OmenJob *job, const char *why, GError **error);

/* evacuator-probes.c: what running evacuations will take at a destination, and what those took that
 * ended after @since_us (of the epoch), when it was last looked at. */
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
guint64 omen_evacuator_get_reserved(OmenEvacuator *self, const OmenDestination *destination);

/* plan-limits.c: the same, by what is configured. */
OmenPlanLimits omen_plan_make_limits(const OmenEvacuatorLimits *limits, double deadline_s);
guint64
omen_plan_room_of(const OmenEvacuatorLimits *limits, guint64 free_bytes, guint64 promised_bytes);

/* evacuator-next.c: the job that is to begin now, with its preferred destination and technique
 * set; NULL: none waits, or something is waited for; then it is worth looking again after @again_ms
 * (0: something will tell). */
OmenJob *omen_evacuator_choose(OmenEvacuator *self, guint *again_ms);

G_END_DECLS

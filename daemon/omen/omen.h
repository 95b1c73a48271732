/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An omen: a sign of failure that was seen, and what became of it.
 *
 * Text in it is sanitised whatever it was made from: printable UTF-8, one line each, of bounded
 * length. An omen lives on the main context.
 */
#pragma once

#include "omen/course.h"
#include "topology/device-reach.h"

#include <gio/gio.h>
#include <virt-omen/judge.h>

G_BEGIN_DECLS

/* What is being done about an omen. */
typedef enum {
    OMEN_ACTION_RECORDED,   /* nothing, by mode or policy: only noted */
    OMEN_ACTION_PROPOSED,   /* waits for approval */
    OMEN_ACTION_EVACUATING, /* under way */
    OMEN_ACTION_FINISHED,   /* done; the outcome says how it went */
    OMEN_ACTION_DISMISSED,  /* dismissed by an operator */
    OMEN_ACTION_CLEARED,    /* expired or cleared by an operator: no longer a threat */
    OMEN_N_ACTIONS,
} OmenAction;

const char *omen_action_to_string(OmenAction action);
gboolean omen_action_from_string(const char *word, OmenAction *out);

/* What really came: did it fail? */
typedef enum {
    OMEN_FATE_UNKNOWN,   /* nobody knows (yet) */
    OMEN_FATE_NOTHING,   /* it expired, nothing was done, and nothing had happened */
    OMEN_FATE_REPAIRED,  /* what was failing was replaced, or works again after a repair */
    OMEN_FATE_FAILED,    /* what was foretold happened */
    OMEN_FATE_CONFIRMED, /* it was confirmed by an operator */
    OMEN_FATE_DISMISSED, /* dismissed by an operator */
    OMEN_N_FATES,
} OmenFate;

/* "", "nothing", "repaired", "failed", "confirmed", "dismissed". */
const char *omen_fate_to_string(OmenFate fate);
gboolean omen_fate_from_string(const char *word, OmenFate *out);

/* What keeps the daemon from acting on it by itself, where the policy would. */
typedef enum {
    OMEN_HOLD_NONE,    /* nothing does */
    OMEN_HOLD_WAITING, /* not yet: it is looked at again */
    OMEN_HOLD_ASKING,  /* it needs an operator's approval */
    OMEN_N_HOLDS,
} OmenHold;

/* "", "waiting", "asking". */
const char *omen_hold_to_string(OmenHold hold);
gboolean omen_hold_from_string(const char *word, OmenHold *out);

#define OMEN_TYPE_OMEN (omen_get_type())
G_DECLARE_FINAL_TYPE(Omen, omen, OMEN, OMEN, GObject)

#define OMEN_MAX_RECORDS 16

/* Kinds of lines (templates) of one omen that are remembered. */
#define OMEN_MAX_TEMPLATES 64

/* Normal lines that are shown beside it. */
#define OMEN_MAX_NORMAL 16

/* Longest record, reason or outcome kept, in bytes. */
#define OMEN_MAX_TEXT 1024

/*
 * What an omen is made of; plain, for the store and for new ones. Strings are owned.
 *
 * One event is one omen. Stream, scope, class, device, domain, probability, reason, template,
 * judges and normal lines are those of its strongest record.
 */
typedef struct {
    guint64 id;        /* unique on this host, rising; 0 until registered */
    gint64 time_us;    /* when it was raised, microseconds since the epoch */
    gint64 last_us;    /* the last record that joined it */
    gint64 expires_us; /* when it stops to be a threat by itself */
    char *stream;      /* "host", "domain:UUID", "guest:UUID" */
    OmenScope scope;
    OmenFailureClass failure_class;
    char *device; /* "" if none */
    /* Of a device of the host, or of a disk that QEMU met an error in: whom its trouble reaches.
     * NULL: everybody, as far as is known. */
    OmenDeviceReach *device_reach;
    gboolean is_reach_sought; /* that is being found out: nobody is endangered yet. Not stored. */
    char *domain_uuid;        /* "" for the host's */
    char *domain_name;        /* "" for the host's */
    OmenOrigin origin;        /* of its records */
    char *writer;             /* who wrote them, as far as their source knows; "" */
    gboolean is_proven;       /* by who wrote them: what is not is told, and never acted upon by the
                               * daemon itself */
    double probability;
    gboolean migration_helps; /* by its signs; see omen_data_does_moving_help() */
    guint urgency_s; /* from time_us to the failure, as is typical of its signs; 0: not known */
    char *reason;
    GPtrArray *records;  /* char *, the lines, the first OMEN_MAX_RECORDS of them */
    guint64 n_records;   /* all that joined */
    GPtrArray *course;   /* OmenCourseStep: the kinds of signs that joined, in their order */
    guint32 template_id; /* of its strongest line */
    GArray *templates;   /* guint32: of all its lines, each once */
    GPtrArray *normal;   /* char *, the stretch of normal lines that is nearest to what was seen, ""
                          * for   one that is forgotten; empty: nothing normal is like it */
    char *judges;        /* what each judge said of its strongest line */
    OmenAction action;
    OmenHold hold;
    char *outcome;   /* what was done and what came of it, in words; "" until then */
    OmenFate fate;   /* what came of it */
    gint64 fate_us;  /* when that was; 0 while it is not known */
    guint64 part_of; /* it turned out to be part of this older omen, and is forgotten; 0 */
} OmenData;

OmenData *omen_data_new(void);
OmenData *omen_data_copy(const OmenData *self);
void omen_data_free(OmenData *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenData, omen_data_free)

/* Makes all text in it fit to be shown; at most OMEN_MAX_RECORDS records stay. Idempotent. */
void omen_data_sanitise(OmenData *self);

/* Takes @data, sanitises its text. Returns: (transfer full). */
Omen *omen_new(OmenData *data);

/* Borrowed, valid until the next change. */
const OmenData *omen_get_data(Omen *self);

/*
 * Another sign of the same event, or a later omen of it: its records are added and the danger lasts
 * at least as long as it says; if it is stronger evidence the omen is led by it from now on. One
 * "changed" for all of it. Returns: whether the class, the scope or what is threatened is another
 * one now.
 */
gboolean omen_join(Omen *self, const OmenData *detection);

/* It turned out to be part of the older omen @part_of. */
void omen_set_part_of(Omen *self, guint64 part_of);

void omen_set_action(Omen *self, OmenAction action);
void omen_set_hold(Omen *self, OmenHold hold);
void omen_set_outcome(Omen *self, const char *outcome);

/* What really came. An operator's word is changed only by another one, and by the failure that was
 * confirmed already; the first time that a fate is known stays. FALSE: it stays as it was. */
gboolean omen_set_fate(Omen *self, OmenFate fate, gint64 time_us);
/* What was found out of @reach (owned by the caller), which is sought no longer. */
void omen_set_device_reach(Omen *self, const OmenDeviceReach *reach);

/* Below this an omen is noted and nothing more: one error that was corrected, or a sign that
 * healthy hosts give as well. Where more of it comes, it rises; one task that hung, or one moment
 * of heat, counts where a sign of another kind stands beside it. */
#define OMEN_NOTED_BELOW 0.65

/* It is only noted: told, but nobody is endangered by it. */
gboolean omen_data_is_noted(const OmenData *self);

/* The whole host is threatened: not only one domain, and not only those that use a device. */
gboolean omen_data_is_of_host(const OmenData *self);

/* Of an unknown kind, and nobody has acted on it: it is told and proposed, and endangers nobody
 * yet.
 */
gboolean omen_data_is_tentative(const OmenData *self);

/* It is of storage that the other hosts use as well. */
gboolean omen_data_is_shared(const OmenData *self);

/* Whoever moves away escapes it. */
gboolean omen_data_does_moving_help(const OmenData *self);

/* A device's trouble that reaches the domain. */
gboolean omen_data_reaches(const OmenData *self, const char *uuid);

/* Still a threat at @now_us: neither dismissed nor cleared nor expired. */
gboolean omen_is_open(Omen *self, gint64 now_us);

/* Signal "changed" (no arguments): something in it changed; not emitted for a setter that changes
 * nothing. */

G_END_DECLS

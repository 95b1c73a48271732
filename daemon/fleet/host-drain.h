/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The drain of one host: what is to become of its domains, and how far that is. Pure.
 *
 *   none -> pending -> draining -> drained
 *              |           |          |      (undo, from each of them)
 *              +-----------+--> failed +----------------------------> returning -> none
 *
 * A drain that failed, or is drained, may be begun again: what is away stays known, so that the way
 * back brings home all that left. What moves, and how, is not decided here.
 */
#pragma once

#include "fleet/drain-wish.h"

G_BEGIN_DECLS

#define OMEN_DRAIN_MAX_DOMAINS 4096
#define OMEN_DRAIN_MAX_ROW     (1u << 22) /* bytes of its JSON */
/* Of what a host says of its drain to others; domains that are not away come first. */
#define OMEN_DRAIN_MAX_TOLD     16
#define OMEN_DRAIN_MAX_TOLD_ROW 32768 /* bytes */

#define OMEN_DRAIN_ERROR        (omen_drain_error_quark())
GQuark omen_drain_error_quark(void);

typedef enum {
    OMEN_DRAIN_ERROR_BUSY,      /* another drain, or a way back, is under way */
    OMEN_DRAIN_ERROR_NOTHING,   /* there is nothing to be ended */
    OMEN_DRAIN_ERROR_NOT_THERE, /* no host of that name is in the fleet now */
    OMEN_DRAIN_ERROR_REFUSED,   /* the host takes no such wishes */
} OmenDrainError;

typedef enum {
    OMEN_DRAIN_NONE,      /* never asked for, or undone */
    OMEN_DRAIN_PENDING,   /* which domains can leave is being found out */
    OMEN_DRAIN_DRAINING,  /* they move away */
    OMEN_DRAIN_DRAINED,   /* none runs here any more */
    OMEN_DRAIN_FAILED,    /* some stay, it took too long, or an operator ended it */
    OMEN_DRAIN_RETURNING, /* what left comes back */
} OmenDrainState;

const char *omen_drain_state_to_string(OmenDrainState state);

typedef enum {
    OMEN_DRAIN_AT_WAITING, /* runs here, and was not looked at yet */
    OMEN_DRAIN_AT_MOVING,  /* an evacuation is under way */
    OMEN_DRAIN_AT_AWAY,    /* left by this drain */
    OMEN_DRAIN_AT_STAYS,   /* could not leave */
    OMEN_DRAIN_AT_RETURNING,
    OMEN_DRAIN_AT_LEFT, /* was not brought back */
} OmenDrainPlace;

const char *omen_drain_place_to_string(OmenDrainPlace place);

typedef struct {
    char *uuid;
    char *name;
    char *destination;  /* of one that is away; else "" */
    char *reason;       /* why it stays, or was left; else "" */
    guint64 evacuation; /* that moves it away, or did; 0: none */
    guint64 way_back;   /* the evacuation that brings it back, or tried to; 0: none */
    OmenDrainPlace place;
} OmenDrainDomain;

/* What is to be done with the key that tells other hosts of the maintenance. */
typedef enum {
    OMEN_DRAIN_MARK_KEPT, /* nothing */
    OMEN_DRAIN_MARK_SET,
    OMEN_DRAIN_MARK_CLEARED,
} OmenDrainMark;

typedef struct {
    OmenDrainState state;
    char *wish;         /* the last one that was heeded; "" */
    char *by;           /* whose operator asked for it: a host's name */
    char *refused_wish; /* the last one that was not; "" */
    char *refused;      /* why not; "" */
    char *heard;        /* the last one of another host's operator, heeded or not; "" */
    gint64 ordered_us;  /* since the epoch: when its own operator ordered something; 0: never */
    char *reason;       /* why it failed; what was left; else "" */
    gint64 begun_us;    /* since the epoch; 0: never */
    gint64 deadline_us; /* of the moves away */
    gint64 ended_us;    /* 0: under way */
    OmenDrainMark mark;
    guint n_domains; /* in all, as of the last omen_host_drain_settle() */
    guint n_away;
    GPtrArray *domains; /* OmenDrainDomain; of another host: only some of those that are not away */
} OmenHostDrain;

OmenHostDrain *omen_host_drain_new(void);
void omen_host_drain_free(OmenHostDrain *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenHostDrain, omen_host_drain_free)

/* (transfer full): as JSON. @max_domains: no more of them, what is not away before others. */
char *omen_host_drain_write(const OmenHostDrain *self, guint max_domains);
/* (transfer full): this host's own, as it was kept. NULL: it is none. */
OmenHostDrain *omen_host_drain_parse(const char *json);
/* The same, of what another host wrote for others: what is longer than they write is none, and of
 * its domains no more are read than they write. */
OmenHostDrain *omen_host_drain_parse_told(const char *json);

/* Begins it, also once more. FALSE with @error (OMEN_DRAIN_ERROR): one is under way. */
gboolean omen_host_drain_begin(
    OmenHostDrain *self, const char *by, gint64 now_us, guint timeout_s, GError **error);

/* What runs here now; @names: of @uuids. New ones wait, and what no longer runs is no longer in the
 * way. Of a drain that is not under way nothing is changed. */
void omen_host_drain_look(OmenHostDrain *self, const char *const *uuids, const char *const *names);

void omen_host_drain_move(OmenDrainDomain *domain, guint64 evacuation);
void omen_host_drain_stay(OmenDrainDomain *domain, const char *reason);
/* It was not brought back. */
void omen_host_drain_leave(OmenDrainDomain *domain, const char *reason);
void omen_host_drain_return(OmenDrainDomain *domain, guint64 evacuation);

/* An evacuation of @domain has ended, away or on the way back. @domain may be freed by it: it is
 * home. @where: the destination, if it is there; @error: else why not. */
void omen_host_drain_take_end(OmenHostDrain *self,
                              OmenDrainDomain *domain,
                              gboolean good,
                              const char *where,
                              const char *error);

/* It is home, or no longer anybody's concern. Frees it. */
void omen_host_drain_forget(OmenHostDrain *self, OmenDrainDomain *domain);

/* Whether the evacuation is needed for another reason than the drain. */
typedef gboolean (*OmenDrainIsNeeded)(guint64 evacuation, gpointer user_data);

/* (transfer full) (element-type guint64): evacuations that end with the drain, or with the way
 * back. */
GArray *omen_host_drain_list_moves(const OmenHostDrain *self,
                                   OmenDrainIsNeeded is_needed,
                                   gpointer user_data);

/* An operator ends it: nothing more is begun. What moves is to be cancelled by the caller. FALSE
 * with @error: nothing is under way. */
gboolean omen_host_drain_stop(OmenHostDrain *self, const char *why, gint64 now_us, GError **error);

/* The way back begins, also once more for what was not brought back. What still moves away is to be
 * cancelled by the caller. FALSE with @error: it is under way already. */
gboolean omen_host_drain_undo(OmenHostDrain *self, const char *by, gint64 now_us, GError **error);

/* A wish of another host's operator, as the store tells it: again after each start, and whenever
 * the store was away. FALSE: it was heard before. */
gboolean omen_host_drain_hear(OmenHostDrain *self, const OmenDrainWish *wish);

/* This host's own operator has ordered something since @wish was made: it is not to be heeded. */
gboolean omen_host_drain_is_overtaken(const OmenHostDrain *self, const OmenDrainWish *wish);

/* What became of a wish, for whoever made it. @refused: "": it is heeded. */
void omen_host_drain_answer(OmenHostDrain *self, const char *wish, const char *refused);

/* Counts, and passes on to the next state if its time has come. @is_seen: what runs here was looked
 * at; else only time passes. TRUE: the deadline is over; what moves is to be cancelled by the
 * caller. */
gboolean omen_host_drain_settle(OmenHostDrain *self, gboolean is_seen, gint64 now_us);

/* There is something to be waited for. */
gboolean omen_host_drain_is_busy(const OmenHostDrain *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The policy: what is to be done about an omen. Pure.
 *
 * What binds it: a guest's word never moves anything by itself, and never concerns anyone but that
 * guest; what is not proven by who wrote it moves nothing by itself; nothing moves in the default
 * mode without an operator's approval; where moving does not help, nothing moves; and a failure of
 * an unknown kind is proposed, whatever the mode: more needs a second, independent sign or an
 * operator's leave (act_on_unknown).
 */
#pragma once

#include "configuration/configuration.h"
#include "omen/omen.h"

G_BEGIN_DECLS

/* What is not proven by who wrote it is never acted upon by the daemon itself, in any mode. */
#define OMEN_POLICY_NOT_PROVEN                                                                     \
    "not proven: who wrote it is not one whose word counts for this (see explain); waits for "     \
    "approval"

/* Whom an omen endangers. */
typedef enum {
    OMEN_ENDANGERS_NOBODY,
    OMEN_ENDANGERS_DOMAIN, /* the one that the omen names */
    OMEN_ENDANGERS_USERS,  /* of the device, as the omen lists them */
    OMEN_ENDANGERS_HOST,   /* all that run here */
} OmenEndangers;

typedef struct {
    OmenEndangers endangers;
    OmenAction action;       /* OMEN_ACTION_RECORDED, _PROPOSED or _EVACUATING */
    gboolean needs_backing;  /* proposed for that alone: with a second sign it may be acted on */
    const char *explanation; /* why no more than this, in a sentence; "" if it acts. Static, or the
                              * omen's. */
} OmenPolicyDecision;

/* When what an omen tells of is expected to have happened, microseconds since the epoch; 0: its
 * class says nothing of time. */
gint64 omen_policy_deadline_us(const OmenData *omen);

OmenPolicyDecision omen_policy_decide(OmenMode mode, const OmenData *omen);

/* What an operator or an evacuation has settled is opened again only where more is threatened now
 * than that was about (@is_other). */
gboolean omen_policy_is_unanswered(const OmenData *omen, gboolean is_other);

G_END_DECLS

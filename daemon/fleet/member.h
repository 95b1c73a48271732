/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This host in the fleet: its row in the store, under a lease.
 *
 * The row is written when something of it changed, at most once in some seconds, and once a minute
 * in any case; it goes by itself some time after this host no longer keeps its lease. Every write
 * compares with what was read before: a second host of the same name is noticed, and writes
 * nothing. Where the store is gone this goes on trying, and says since when.
 */
#pragma once

#include "etcd/etcd.h"
#include "fleet/host-row.h"

G_BEGIN_DECLS

#define OMEN_FLEET_HOSTS       "/virt-omen/hosts/"
#define OMEN_FLEET_MAINTENANCE "/virt-omen/maintenance/"

typedef struct {
    guint ttl_s;       /* of the lease */
    guint interval_ms; /* from one write to the next, at least */
    guint refresh_ms;  /* at most */
} OmenFleetPace;

#define OMEN_TYPE_FLEET_MEMBER (omen_fleet_member_get_type())
/* Signal: "changed" (), when it lost or found the store, or has another problem. */
G_DECLARE_FINAL_TYPE(OmenFleetMember, omen_fleet_member, OMEN, FLEET_MEMBER, GObject)

/* @pace: NULL: as is right for thousands of hosts. */
OmenFleetMember *omen_fleet_member_new(OmenEtcd *etcd, const OmenFleetPace *pace);

/* What this host is like now. (transfer full). The first one begins it; name and machine_id stay.
 */
void omen_fleet_member_take(OmenFleetMember *self, OmenFleetHost *host);

/* (nullable), borrowed: what it last took. */
const OmenFleetHost *omen_fleet_member_get_host(OmenFleetMember *self);

/* Nothing more is written; the row goes with its lease. */
void omen_fleet_member_stop(OmenFleetMember *self);

/* Since when it could not speak to the store, microseconds since the epoch; 0: it can, or has not
 * tried yet. */
gint64 omen_fleet_member_get_alone_since_us(OmenFleetMember *self);

/* The row is in the store, as far as is known. */
gboolean omen_fleet_member_is_listed(OmenFleetMember *self);

/* (nullable): why this host is not among the others, in words that say what to do. */
const char *omen_fleet_member_get_problem(OmenFleetMember *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A place that is kept for a domain at its destination, as JSON in the store, and whether one more
 * fits there. Pure.
 *
 * A row is written by another host, and read as what it is: text that is bounded and made
 * printable, numbers that are in their ranges.
 */
#pragma once

#include "etcd/etcd-answer.h"

G_BEGIN_DECLS

/* Below it: a destination's name, and there the UUID of each domain that is on its way. */
#define OMEN_FLEET_INBOUND "/virt-omen/inbound/"
/* More of one destination are not read: it counts as full. */
#define OMEN_FLEET_MAX_INBOUND 1000

typedef struct {
    char *uuid;   /* of the domain; not part of the row: its key's end */
    char *domain; /* its name */
    char *source; /* the host that it leaves, by its name in the fleet */
    guint64 mib;  /* of memory that it takes */
    guint vcpus;
    gint64 since_us; /* since the epoch, by the source's clock */
} OmenFleetReservation;

OmenFleetReservation *omen_fleet_reservation_new(const char *uuid);
OmenFleetReservation *omen_fleet_reservation_copy(const OmenFleetReservation *self);
void omen_fleet_reservation_free(OmenFleetReservation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenFleetReservation, omen_fleet_reservation_free)

/* (transfer full). */
char *omen_fleet_reservation_write(const OmenFleetReservation *self);

/* (transfer full): NULL: it is no reservation for a domain of that UUID. */
OmenFleetReservation *omen_fleet_reservation_parse(const char *json, const char *uuid);

/* What is on its way to a destination, each under a lease. */
typedef struct {
    guint64 mib;
    guint vcpus;
    guint domains; /* also those whose row says nothing that can be read */
    gboolean more; /* than is read */
} OmenFleetLoad;

/* What the store holds of one destination. */
typedef struct {
    OmenFleetLoad others;     /* all but the domain that was asked for */
    gint64 turn_revision;     /* of the key that each reservation there writes as well */
    const OmenEtcdEntry *own; /* (nullable): the asked domain's; the range's */
    GPtrArray *uuids;         /* (element-type utf8): of all; the range's */
} OmenFleetInbound;

void omen_fleet_inbound_clear(OmenFleetInbound *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OmenFleetInbound, omen_fleet_inbound_clear)

/* (transfer full): the key of what is kept there; @uuid: NULL: what all of that destination's
 * begin with. */
char *omen_fleet_inbound_key(const char *destination, const char *uuid);
/* (transfer full): the key by which two that reserve there at once notice each other. */
char *omen_fleet_inbound_turn_key(const char *destination);

/* @range: all keys of @destination. @uuid: (nullable): the domain that is asked for. */
void omen_fleet_inbound_read(OmenFleetInbound *self,
                             const OmenEtcdRange *range,
                             const char *destination,
                             const char *uuid);

/* @range: all keys of all destinations. (transfer full) (element-type utf8 OmenFleetLoad): by the
 * destination's name. */
GHashTable *omen_fleet_inbound_sum(const OmenEtcdRange *range);

/* What a destination has, as it was just seen. */
typedef struct {
    guint64 free_mib; /* of which the reserve is already taken off */
    guint cpus;
    guint vcpus;          /* of all that run there */
    guint cpu_overcommit; /* virtual CPUs a CPU; 0: no limit */
    guint inbound_limit;  /* domains on their way there at once; 0: no limit */
} OmenFleetRoom;

/* (nullable) (transfer full): why @wanted has no place beside @others. What is on its way counts in
 * full until it has arrived, though a part of its memory may be there already. */
char *omen_fleet_reservation_find_obstacle(const OmenFleetReservation *wanted,
                                           const OmenFleetLoad *others,
                                           const OmenFleetRoom *room);

G_END_DECLS

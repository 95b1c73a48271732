/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This host's reservations at destinations: taken before a move, kept while it lasts, given back.
 *
 * Each has a lease of its own, so that it outlives this host's daemon for as long as libvirt may go
 * on with the move, and goes by itself then. Where the store gives no answer in time the caller is
 * told so and may move all the same; the reservation is written as soon as the store is back.
 */
#pragma once

#include "fleet/reserve.h"

G_BEGIN_DECLS

typedef struct {
    guint ttl_s;       /* of a reservation whose keeper is gone, at least */
    guint deadline_ms; /* of omen_fleet_reservations_take_async() */
    guint tick_ms;     /* how often it is looked for what is due */
} OmenFleetReservationPace;

#define OMEN_TYPE_FLEET_RESERVATIONS (omen_fleet_reservations_get_type())
G_DECLARE_FINAL_TYPE(
    OmenFleetReservations, omen_fleet_reservations, OMEN, FLEET_RESERVATIONS, GObject)

/* @pace: NULL: as is right for migrations of minutes. */
OmenFleetReservations *omen_fleet_reservations_new(OmenEtcd *etcd,
                                                   const OmenFleetReservationPace *pace);

/* What is held stays in the store until its leases end: its moves may go on. */
void omen_fleet_reservations_stop(OmenFleetReservations *self);

/* Takes a place, in place of one that the same domain has. @wish: its ttl_s is how long the move
 * may last. Ends within the deadline; where the store has just given no answer, within a tenth. */
void omen_fleet_reservations_take_async(OmenFleetReservations *self,
                                        const OmenFleetWish *wish,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);

/* FALSE with @error: OMEN_FLEET_RESERVATION_ERROR_FULL: not taken; _NO_STORE: it is written later,
 * until it is released. @others: what they have there by the store's last word; unchanged where it
 * gave none. */
gboolean omen_fleet_reservations_take_finish(OmenFleetReservations *self,
                                             GAsyncResult *result,
                                             OmenFleetLoad *others,
                                             GError **error);

/* The domain is on its way already: of an earlier life of this daemon. @wish: without room. */
void omen_fleet_reservations_hold(OmenFleetReservations *self, const OmenFleetWish *wish);

/* It has arrived, or will not go. */
void omen_fleet_reservations_release(OmenFleetReservations *self, const char *uuid);

/* What this host has reserved there. */
OmenFleetLoad omen_fleet_reservations_get_own(OmenFleetReservations *self, const char *destination);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A place at a destination is taken, if there is one: what is reserved there is read, and the
 * reservation is written only if nobody reserved there meanwhile; else it is read again. So two
 * hosts can not both take the last place. And it is taken back.
 *
 * Bounded in tries, and by the store's own deadlines; the caller sets the one of the whole.
 */
#pragma once

#include "etcd/etcd.h"
#include "fleet/reservation.h"

G_BEGIN_DECLS

#define OMEN_FLEET_RESERVATION_ERROR (omen_fleet_reservation_error_quark())
GQuark omen_fleet_reservation_error_quark(void);

typedef enum {
    OMEN_FLEET_RESERVATION_ERROR_FULL,     /* there is no place, by the store's word */
    OMEN_FLEET_RESERVATION_ERROR_NO_STORE, /* it gave no answer in time */
} OmenFleetReservationError;

/* What is wanted. Copied. */
typedef struct {
    const char *destination; /* its name in the fleet */
    const OmenFleetReservation *reservation;
    const OmenFleetRoom *room;
    guint ttl_s; /* of the reservation's own lease */
} OmenFleetWish;

typedef struct {
    gint64 lease; /* > 0 */
    OmenFleetLoad others;
} OmenFleetPlace;

void omen_fleet_reserve_async(OmenEtcd *etcd,
                              const OmenFleetWish *wish,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);

/* FALSE with @error: _FULL, or one of the store. @out: what others reserved there is also told when
 * it is full. */
gboolean omen_fleet_reserve_finish(GAsyncResult *result, OmenFleetPlace *out, GError **error);

/* Written whatever others did: the domain is on its way there. @lease: under which. Ends as a
 * commit does (omen_etcd_commit_finish()). */
void omen_fleet_reserve_anyway_async(OmenEtcd *etcd,
                                     const char *destination,
                                     const OmenFleetReservation *reservation,
                                     gint64 lease,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);

/* The destination's word that the domain has arrived there, or will not: its reservation is taken
 * out, unless it is written anew meanwhile. What fails goes with its lease. */
void omen_fleet_clear_async(OmenEtcd *etcd,
                            const char *destination,
                            const char *uuid,
                            GAsyncReadyCallback callback,
                            gpointer user_data);

/* TRUE: there was one. */
gboolean omen_fleet_clear_finish(GAsyncResult *result, GError **error);

G_END_DECLS

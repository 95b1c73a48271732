/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/reserve.h"

/* Each that is lost, another host has won; of so many one at least finds its place. */
#define MAX_TRIES    50
#define MAX_PAUSE_MS 40

G_DEFINE_QUARK(omen - fleet - reservation - error - quark, omen_fleet_reservation_error)

/* Belongs to its GTask. */
typedef struct {
    char *destination;
    OmenFleetReservation *reservation;
    OmenFleetRoom room;
    guint ttl_s;
    OmenFleetPlace place;
    gint64 turn_revision;
    guint n_tries;
} Attempt;

static void
attempt_free(gpointer data)
{
    Attempt *self = data;

    g_free(self->destination);
    omen_fleet_reservation_free(self->reservation);
    g_free(self);
}

static void
end(GTask *task, GError *error)
{
    if (error)
        g_task_return_error(task, error);
    else
        g_task_return_boolean(task, TRUE);
    g_object_unref(task);
}

/* ---- steps: read, get a lease, write ---- */

static void read_inbound(GTask *task);
static void write_reservation(GTask *task);

static gboolean
on_pause_over(gpointer user_data)
{
    read_inbound(user_data);
    return G_SOURCE_REMOVE;
}

/* Others that lost as well do not come at the same moment again. */
static void
try_again(GTask *task, GError *error)
{
    Attempt *attempt = g_task_get_task_data(task);

    if (++attempt->n_tries < MAX_TRIES) {
        g_clear_error(&error);
        g_timeout_add((guint) g_random_int_range(0, MAX_PAUSE_MS), on_pause_over, task);
        return;
    }
    if (!error)
        error = g_error_new(OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNCERTAIN,
                            "other hosts were faster, %u times", attempt->n_tries);
    end(task, error);
}

static void
on_written(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Attempt *attempt = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(OmenEtcdOutcome) outcome = omen_etcd_commit_finish(OMEN_ETCD(source), result, &error);

    if (outcome && outcome->succeeded) {
        end(task, NULL);
        return;
    }
    if (g_error_matches(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_NOT_FOUND))
        attempt->place.lease = 0; /* it was over just before */
    else if (error && !g_error_matches(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNCERTAIN)) {
        end(task, error);
        return;
    }
    try_again(task, error);
}

static void
put_all(OmenEtcdTransaction *transaction,
        const char *destination,
        const OmenFleetReservation *reservation,
        gint64 lease)
{
    g_autofree char *turn = omen_fleet_inbound_turn_key(destination);
    g_autofree char *key = omen_fleet_inbound_key(destination, reservation->uuid);
    g_autofree char *json = omen_fleet_reservation_write(reservation);

    omen_etcd_transaction_put(transaction, turn, reservation->source, 0);
    omen_etcd_transaction_put(transaction, key, json, lease);
}

static void
write_reservation(GTask *task)
{
    Attempt *attempt = g_task_get_task_data(task);
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    g_autofree char *turn = omen_fleet_inbound_turn_key(attempt->destination);

    omen_etcd_transaction_compare(transaction, turn, attempt->turn_revision);
    put_all(transaction, attempt->destination, attempt->reservation, attempt->place.lease);
    omen_etcd_commit_async(g_task_get_source_object(task), transaction,
                           g_task_get_cancellable(task), on_written, task);
}

static void
on_granted(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Attempt *attempt = g_task_get_task_data(task);
    GError *error = NULL;
    OmenEtcdLease lease;

    if (!omen_etcd_lease_finish(OMEN_ETCD(source), result, &lease, &error)) {
        end(task, error);
        return;
    }
    attempt->place.lease = lease.id;
    write_reservation(task);
}

static void
refuse(GTask *task, const char *obstacle)
{
    Attempt *attempt = g_task_get_task_data(task);

    if (attempt->place.lease != 0)
        omen_etcd_revoke_async(g_task_get_source_object(task), attempt->place.lease, NULL, NULL,
                               NULL);
    end(task, g_error_new_literal(OMEN_FLEET_RESERVATION_ERROR, OMEN_FLEET_RESERVATION_ERROR_FULL,
                                  obstacle));
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Attempt *attempt = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);
    g_auto(OmenFleetInbound) inbound = {0};
    g_autofree char *obstacle = NULL;

    if (!range) {
        end(task, error);
        return;
    }
    omen_fleet_inbound_read(&inbound, range, attempt->destination, attempt->reservation->uuid);
    attempt->place.others = inbound.others;
    attempt->turn_revision = inbound.turn_revision;
    /* A write before, of which was not told what became of it, was done. */
    if (inbound.own && attempt->place.lease != 0 && inbound.own->lease == attempt->place.lease) {
        end(task, NULL);
        return;
    }
    obstacle =
        omen_fleet_reservation_find_obstacle(attempt->reservation, &inbound.others, &attempt->room);
    if (obstacle)
        refuse(task, obstacle);
    else if (attempt->place.lease != 0)
        write_reservation(task);
    else
        omen_etcd_grant_async(OMEN_ETCD(source), attempt->ttl_s, g_task_get_cancellable(task),
                              on_granted, task);
}

static void
read_inbound(GTask *task)
{
    Attempt *attempt = g_task_get_task_data(task);
    g_autofree char *prefix = omen_fleet_inbound_key(attempt->destination, NULL);

    omen_etcd_read_async(g_task_get_source_object(task), prefix, TRUE, OMEN_FLEET_MAX_INBOUND,
                         g_task_get_cancellable(task), on_read, task);
}

void
omen_fleet_reserve_async(OmenEtcd *etcd,
                         const OmenFleetWish *wish,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
    GTask *task = g_task_new(etcd, cancellable, callback, user_data);
    Attempt *attempt = g_new0(Attempt, 1);

    /* Also when the time is over: what is asked for may be refused, which is known then. */
    g_task_set_check_cancellable(task, FALSE);
    g_task_set_source_tag(task, omen_fleet_reserve_async);
    g_task_set_task_data(task, attempt, attempt_free);
    attempt->destination = g_strdup(wish->destination);
    attempt->reservation = omen_fleet_reservation_copy(wish->reservation);
    attempt->room = *wish->room;
    attempt->ttl_s = wish->ttl_s;
    read_inbound(task);
}

gboolean
omen_fleet_reserve_finish(GAsyncResult *result, OmenFleetPlace *out, GError **error)
{
    const Attempt *attempt = g_task_get_task_data(G_TASK(result));

    *out = attempt->place;
    return g_task_propagate_boolean(G_TASK(result), error);
}

void
omen_fleet_reserve_anyway_async(OmenEtcd *etcd,
                                const char *destination,
                                const OmenFleetReservation *reservation,
                                gint64 lease,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();

    put_all(transaction, destination, reservation, lease);
    omen_etcd_commit_async(etcd, transaction, cancellable, callback, user_data);
}

/* ---- taken back ---- */

static void
on_cleared(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GError *error = NULL;
    g_autoptr(OmenEtcdOutcome) outcome = omen_etcd_commit_finish(OMEN_ETCD(source), result, &error);

    (void) outcome;
    end(user_data, error);
}

static void
on_found(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    GError *error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    const char *key = g_task_get_task_data(task);

    if (!range || range->entries->len == 0) {
        if (range)
            g_task_return_boolean(task, FALSE);
        else
            g_task_return_error(task, error);
        g_object_unref(task);
        return;
    }
    omen_etcd_transaction_compare(transaction, key,
                                  ((OmenEtcdEntry *) range->entries->pdata[0])->revision);
    omen_etcd_transaction_delete(transaction, key);
    omen_etcd_commit_async(OMEN_ETCD(source), transaction, NULL, on_cleared, task);
}

void
omen_fleet_clear_async(OmenEtcd *etcd,
                       const char *destination,
                       const char *uuid,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
    GTask *task = g_task_new(etcd, NULL, callback, user_data);
    char *key = omen_fleet_inbound_key(destination, uuid);

    g_task_set_source_tag(task, omen_fleet_clear_async);
    g_task_set_task_data(task, key, g_free);
    omen_etcd_read_async(etcd, key, FALSE, 1, NULL, on_found, task);
}

gboolean
omen_fleet_clear_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

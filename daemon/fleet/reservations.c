/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/reservations.h"

/* For so long after no answer the next one is waited for less, by that factor: all of a host that
 * is in need would wait for the same. */
#define ALONE_US        (60 * G_USEC_PER_SEC)
#define ALONE_IMPATIENT 10
/* One host's word holds no place for longer than that after its death. */
#define MAX_TTL_S 3600

static const OmenFleetReservationPace default_pace = {
    .ttl_s = 300, .deadline_ms = 5000, .tick_ms = 5000};

struct _OmenFleetReservations {
    GObject parent_instance;

    OmenEtcd *etcd;
    OmenFleetReservationPace pace;
    GHashTable *held;      /* UUID -> Held */
    gint64 alone_until_us; /* monotonic; until then the store is not waited for long */
    GCancellable *life;
    guint timer;
};

/* A reservation that is held, or is to be. Whoever waits for the store has a reference. */
typedef struct {
    char *destination;
    OmenFleetReservation *reservation;
    guint ttl_s;
    gint64 lease;     /* 0: it is not in the store, as far as is known */
    gint64 kept_us;   /* monotonic */
    gboolean is_busy; /* a request is under way */
    gboolean is_released;
} Held;

G_DEFINE_FINAL_TYPE(OmenFleetReservations, omen_fleet_reservations, G_TYPE_OBJECT)

static void
held_clear(gpointer data)
{
    Held *held = data;

    g_free(held->destination);
    omen_fleet_reservation_free(held->reservation);
}

static void
held_unref(gpointer data)
{
    g_rc_box_release_full(data, held_clear);
}

void
omen_fleet_reservations_stop(OmenFleetReservations *self)
{
    g_clear_handle_id(&self->timer, g_source_remove);
    g_cancellable_cancel(self->life);
}

static void
omen_fleet_reservations_finalize(GObject *object)
{
    OmenFleetReservations *self = OMEN_FLEET_RESERVATIONS(object);

    omen_fleet_reservations_stop(self);
    g_hash_table_unref(self->held);
    g_object_unref(self->life);
    g_object_unref(self->etcd);
    G_OBJECT_CLASS(omen_fleet_reservations_parent_class)->finalize(object);
}

static void
omen_fleet_reservations_class_init(OmenFleetReservationsClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_fleet_reservations_finalize;
}

static void
omen_fleet_reservations_init(OmenFleetReservations *self)
{
    self->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, held_unref);
    self->life = g_cancellable_new();
}

OmenFleetReservations *
omen_fleet_reservations_new(OmenEtcd *etcd, const OmenFleetReservationPace *pace)
{
    OmenFleetReservations *self = g_object_new(OMEN_TYPE_FLEET_RESERVATIONS, NULL);

    self->etcd = g_object_ref(etcd);
    self->pace = pace ? *pace : default_pace;
    return self;
}

static void
note_answer(OmenFleetReservations *self, const GError *error)
{
    self->alone_until_us = error ? g_get_monotonic_time() + ALONE_US : 0;
}

/* ---- keeping ---- */

typedef struct {
    OmenFleetReservations *self;
    Held *held;
} Request;

static Request *
begin(OmenFleetReservations *self, Held *held)
{
    Request *request = g_new(Request, 1);

    held->is_busy = TRUE;
    *request = (Request){g_object_ref(self), g_rc_box_acquire(held)};
    return request;
}

static void
request_free(Request *request)
{
    g_object_unref(request->self);
    held_unref(request->held);
    g_free(request);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_free)

/* Where that fails it goes by itself, since nobody keeps it. */
static void
end_lease(OmenFleetReservations *self, gint64 lease)
{
    if (lease != 0)
        omen_etcd_revoke_async(self->etcd, lease, NULL, NULL, NULL);
}

/* FALSE: it was released meanwhile, or the daemon ends. */
static gboolean
go_on(Request *request, const GError *error)
{
    Held *held = request->held;

    held->is_busy = FALSE;
    if (g_cancellable_is_cancelled(request->self->life))
        return FALSE;
    note_answer(request->self, error);
    if (!held->is_released)
        return TRUE;
    end_lease(request->self, held->lease);
    held->lease = 0;
    return FALSE;
}

static void
on_kept(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Request) request = user_data;
    g_autoptr(GError) error = NULL;
    OmenEtcdLease lease;

    omen_etcd_lease_finish(OMEN_ETCD(source), result, &lease, &error);
    if (g_error_matches(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_NOT_FOUND)) {
        /* An ailing store revoked it: it is written anew. */
        g_clear_error(&error);
        request->held->lease = 0;
    } else if (!error) {
        request->held->kept_us = g_get_monotonic_time();
    }
    go_on(request, error);
}

static void
on_written(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Request) request = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenEtcdOutcome) outcome = omen_etcd_commit_finish(OMEN_ETCD(source), result, &error);

    (void) outcome;
    /* The one that may be written goes with its lease. */
    if (error && !request->held->is_released)
        request->held->lease = 0;
    go_on(request, error);
}

static void
on_granted(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Request) request = user_data;
    g_autoptr(GError) error = NULL;
    Held *held = request->held;
    OmenEtcdLease lease;

    if (omen_etcd_lease_finish(OMEN_ETCD(source), result, &lease, &error)) {
        held->lease = lease.id;
        held->kept_us = g_get_monotonic_time();
    }
    if (go_on(request, error) && held->lease != 0)
        omen_fleet_reserve_anyway_async(request->self->etcd, held->destination, held->reservation,
                                        held->lease, request->self->life, on_written,
                                        begin(request->self, held));
}

static void
keep(OmenFleetReservations *self, Held *held)
{
    gint64 due_us = held->kept_us + held->ttl_s * G_USEC_PER_SEC / 3;

    if (held->is_busy)
        return;
    if (held->lease == 0)
        omen_etcd_grant_async(self->etcd, held->ttl_s, self->life, on_granted, begin(self, held));
    else if (g_get_monotonic_time() >= due_us)
        omen_etcd_keep_alive_async(self->etcd, held->lease, self->life, on_kept, begin(self, held));
}

static gboolean
on_tick(gpointer user_data)
{
    OmenFleetReservations *self = user_data;
    GHashTableIter iter;
    gpointer held;

    g_hash_table_iter_init(&iter, self->held);
    while (g_hash_table_iter_next(&iter, NULL, &held))
        keep(self, held);
    if (g_hash_table_size(self->held) > 0)
        return G_SOURCE_CONTINUE;
    self->timer = 0;
    return G_SOURCE_REMOVE;
}

static void
add(OmenFleetReservations *self, Held *held)
{
    omen_fleet_reservations_release(self, held->reservation->uuid);
    g_hash_table_insert(self->held, g_strdup(held->reservation->uuid), g_rc_box_acquire(held));
    if (!self->timer && !g_cancellable_is_cancelled(self->life))
        self->timer = g_timeout_add(self->pace.tick_ms, on_tick, self);
}

void
omen_fleet_reservations_release(OmenFleetReservations *self, const char *uuid)
{
    Held *held = g_hash_table_lookup(self->held, uuid);

    if (!held)
        return;
    held->is_released = TRUE;
    if (!held->is_busy)
        end_lease(self, held->lease);
    g_hash_table_remove(self->held, uuid);
}

static Held *
held_new(OmenFleetReservations *self, const OmenFleetWish *wish)
{
    Held *held = g_rc_box_new0(Held);

    held->destination = g_strdup(wish->destination);
    held->reservation = omen_fleet_reservation_copy(wish->reservation);
    held->ttl_s = CLAMP(wish->ttl_s, self->pace.ttl_s, MAX_TTL_S);
    return held;
}

void
omen_fleet_reservations_hold(OmenFleetReservations *self, const OmenFleetWish *wish)
{
    Held *held = held_new(self, wish);

    add(self, held);
    keep(self, held);
    held_unref(held);
}

/* ---- taking ---- */

/* Belongs to its GTask. */
typedef struct {
    GTask *task; /* borrowed */
    Held *held;
    OmenFleetPlace place;
    gboolean is_told; /* @place is the store's word */
    gboolean is_over; /* its time: the task has returned */
    GCancellable *patience;
    guint patience_ms;
    guint limit;
} Taking;

static void
taking_free(gpointer data)
{
    Taking *taking = data;

    g_clear_handle_id(&taking->limit, g_source_remove);
    g_object_unref(taking->patience);
    held_unref(taking->held);
    g_free(taking);
}

/* The domain may go without it: it is told to others once that is possible. */
static void
owe(Taking *taking, const char *why)
{
    add(g_task_get_source_object(taking->task), taking->held);
    g_task_return_new_error(taking->task, OMEN_FLEET_RESERVATION_ERROR,
                            OMEN_FLEET_RESERVATION_ERROR_NO_STORE, "%s", why);
}

/* The store's own deadline may be longer: a login comes first, or several members are asked. */
static gboolean
on_limit(gpointer user_data)
{
    Taking *taking = user_data;
    OmenFleetReservations *self = g_task_get_source_object(taking->task);
    g_autofree char *why = g_strdup_printf("no answer in %.1f s", taking->patience_ms / 1000.0);

    taking->limit = 0;
    taking->is_over = TRUE;
    self->alone_until_us = g_get_monotonic_time() + ALONE_US;
    owe(taking, why);
    g_cancellable_cancel(taking->patience);
    return G_SOURCE_REMOVE;
}

static void
on_taken(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    OmenFleetReservations *self = g_task_get_source_object(task);
    Taking *taking = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;
    gboolean good = omen_fleet_reserve_finish(result, &taking->place, &error);

    g_clear_handle_id(&taking->limit, g_source_remove);
    if (taking->is_over) {
        /* It is written under another lease, or will be. */
        end_lease(self, taking->place.lease);
        return;
    }
    taking->is_told = good || g_error_matches(error, OMEN_FLEET_RESERVATION_ERROR,
                                              OMEN_FLEET_RESERVATION_ERROR_FULL);
    note_answer(self, taking->is_told ? NULL : error);
    if (good) {
        taking->held->lease = taking->place.lease;
        taking->held->kept_us = g_get_monotonic_time();
        add(self, taking->held);
        g_task_return_boolean(task, TRUE);
    } else if (taking->is_told) {
        g_task_return_error(task, g_steal_pointer(&error));
    } else {
        /* What may have been written is not to stay beside what is written later. */
        end_lease(self, taking->place.lease);
        owe(taking, error->message);
    }
}

void
omen_fleet_reservations_take_async(OmenFleetReservations *self,
                                   const OmenFleetWish *wish,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(self, NULL, callback, user_data);
    Taking *taking = g_new0(Taking, 1);
    OmenFleetWish kept = *wish;

    g_task_set_source_tag(task, omen_fleet_reservations_take_async);
    g_task_set_task_data(task, taking, taking_free);
    taking->task = task;
    taking->held = held_new(self, wish);
    taking->patience = g_cancellable_new();
    omen_fleet_reservations_release(self, wish->reservation->uuid);
    taking->patience_ms = self->pace.deadline_ms;
    if (g_get_monotonic_time() < self->alone_until_us)
        taking->patience_ms /= ALONE_IMPATIENT;
    taking->limit = g_timeout_add(taking->patience_ms, on_limit, taking);
    kept.ttl_s = taking->held->ttl_s;
    omen_fleet_reserve_async(self->etcd, &kept, taking->patience, on_taken, g_steal_pointer(&task));
}

gboolean
omen_fleet_reservations_take_finish(OmenFleetReservations *self G_GNUC_UNUSED,
                                    GAsyncResult *result,
                                    OmenFleetLoad *others,
                                    GError **error)
{
    const Taking *taking = g_task_get_task_data(G_TASK(result));

    if (taking->is_told)
        *others = taking->place.others;
    return g_task_propagate_boolean(G_TASK(result), error);
}

OmenFleetLoad
omen_fleet_reservations_get_own(OmenFleetReservations *self, const char *destination)
{
    OmenFleetLoad load = {0};
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, self->held);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Held *held = value;
        if (!g_str_equal(held->destination, destination))
            continue;
        load.mib += held->reservation->mib;
        load.vcpus += held->reservation->vcpus;
        load.domains++;
    }
    return load;
}

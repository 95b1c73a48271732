/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places at destinations of the fleet: for moves of this host, and for what comes here. */
#include "daemon-private.h"

#include <string.h>

#define WAITING_PAUSE_MS 500 /* until status tells that a domain waits, or no longer */
#define MIB              G_GUINT64_CONSTANT(1048576)

/* ---- for moves of this host ---- */

/* (nullable): the destination's name in the fleet; NULL: it is of the files only. */
static const char *
find_name(OmenDaemon *self, const OmenReserverWish *wish)
{
    const OmenFleetHost *host;

    if (!self->reservations)
        return NULL;
    if (wish->is_home)
        return omen_daemon_get_fleet_name(self);
    host = omen_daemon_find_fleet_host(self, wish->destination);
    return host ? host->name : NULL;
}

static OmenFleetReservation *
describe(OmenDaemon *self, const OmenReserverWish *wish)
{
    OmenFleetReservation *row = omen_fleet_reservation_new(wish->uuid);

    g_free(row->domain);
    row->domain = g_strdup(wish->name);
    g_free(row->source);
    row->source = g_strdup(omen_daemon_get_fleet_name(self));
    row->mib = (wish->memory_bytes + MIB - 1) / MIB;
    row->vcpus = wish->vcpus;
    row->since_us = g_get_real_time();
    return row;
}

static OmenFleetRoom
make_room(OmenDaemon *self, const OmenReserverWish *wish)
{
    const OmenFleetHost *host =
        wish->is_home ? NULL : omen_daemon_find_fleet_host(self, wish->destination);
    guint64 free_bytes = wish->room.free_bytes;

    return (OmenFleetRoom){
        .free_mib = free_bytes > wish->reserve_bytes ? (free_bytes - wish->reserve_bytes) / MIB : 0,
        .cpus = wish->room.cpus,
        .vcpus = wish->room.vcpus,
        .cpu_overcommit = wish->cpu_overcommit,
        .inbound_limit = host && host->inbound_limit > 0 ? host->inbound_limit
                                                         : self->configuration->fleet_inbound_limit,
    };
}

static void
note_reserved(OmenDaemon *self, const char *name, guint64 all_mib)
{
    guint64 own_mib = omen_fleet_reservations_get_own(self->reservations, name).mib;
    guint64 *others_mib = g_new(guint64, 1);

    *others_mib = all_mib > own_mib ? all_mib - own_mib : 0;
    g_hash_table_replace(self->reserved, g_strdup(name), others_mib);
}

static const OmenReserver reserver;

void
omen_daemon_take_reserved(OmenDaemon *self)
{
    /* Now it is known which destinations are of the fleet. */
    if (!self->is_reserving)
        omen_evacuator_set_reserver(self->evacuator, &reserver, self);
    self->is_reserving = TRUE;
    g_hash_table_remove_all(self->reserved);
    for (guint i = 0; i < self->fleet_hosts->len; i++) {
        const OmenFleetHost *host = g_ptr_array_index(self->fleet_hosts, i);
        if (host->reserved_mib > 0)
            note_reserved(self, host->name, host->reserved_mib);
    }
}

typedef struct {
    char *name;
    guint64 mib;
} Reserving;

static void
reserving_free(gpointer data)
{
    Reserving *self = data;

    g_free(self->name);
    g_free(self);
}

static void
on_taken(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    OmenDaemon *self = g_task_get_source_object(task);
    const Reserving *reserving = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;
    OmenFleetLoad others = {0};
    gboolean good = omen_fleet_reservations_take_finish(OMEN_FLEET_RESERVATIONS(source), result,
                                                        &others, &error);
    gboolean is_full =
        g_error_matches(error, OMEN_FLEET_RESERVATION_ERROR, OMEN_FLEET_RESERVATION_ERROR_FULL);

    if ((good || is_full) && self->reservations)
        note_reserved(self, reserving->name, others.mib + (good ? reserving->mib : 0));
    if (good)
        g_task_return_boolean(task, TRUE);
    else if (is_full)
        g_task_return_new_error(task, OMEN_RESERVER_ERROR, OMEN_RESERVER_ERROR_FULL, "%s",
                                error->message);
    else
        g_task_return_new_error(task, OMEN_RESERVER_ERROR, OMEN_RESERVER_ERROR_NO_ANSWER,
                                "the fleet's store cannot be used: %s", error->message);
}

static void
reserve_async(const OmenReserverWish *wish,
              GAsyncReadyCallback callback,
              gpointer callback_data,
              gpointer user_data)
{
    OmenDaemon *self = user_data;
    GTask *task = g_task_new(self, NULL, callback, callback_data);
    const char *name = find_name(self, wish);
    g_autoptr(OmenFleetReservation) row = describe(self, wish);
    const OmenFleetRoom room = make_room(self, wish);
    const OmenFleetWish place = {
        .destination = name, .reservation = row, .room = &room, .ttl_s = wish->lasts_s};
    Reserving *reserving;

    if (!name) {
        g_task_return_boolean(task, TRUE);
        g_object_unref(task);
        return;
    }
    reserving = g_new(Reserving, 1);
    *reserving = (Reserving){g_strdup(name), row->mib};
    g_task_set_task_data(task, reserving, reserving_free);
    omen_fleet_reservations_take_async(self->reservations, &place, on_taken, task);
}

static gboolean
reserve_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

static void
hold(const OmenReserverWish *wish, gpointer user_data)
{
    OmenDaemon *self = user_data;
    const char *name = find_name(self, wish);
    g_autoptr(OmenFleetReservation) row = describe(self, wish);
    const OmenFleetRoom room = {0};
    const OmenFleetWish place = {
        .destination = name, .reservation = row, .room = &room, .ttl_s = wish->lasts_s};

    if (name)
        omen_fleet_reservations_hold(self->reservations, &place);
}

static void
release(const char *uuid, gpointer user_data)
{
    OmenDaemon *self = user_data;

    if (self->reservations)
        omen_fleet_reservations_release(self->reservations, uuid);
}

static guint64
get_reserved(const OmenDestination *destination, gpointer user_data)
{
    OmenDaemon *self = user_data;
    const OmenFleetHost *host = omen_daemon_find_fleet_host(self, destination);
    const guint64 *mib = host ? g_hash_table_lookup(self->reserved, host->name) : NULL;

    return mib ? *mib * MIB : 0;
}

static const OmenReserver reserver = {
    .reserve_async = reserve_async,
    .reserve_finish = reserve_finish,
    .hold = hold,
    .release = release,
    .get_reserved = get_reserved,
};

/* ---- what waits ---- */

#define WAITS "waits: "

char *
omen_daemon_describe_waiting(OmenDaemon *self)
{
    g_autoptr(GPtrArray) list = omen_evacuator_list(self->evacuator);
    const OmenEvacuationData *first = NULL;
    guint n_others = 0;

    for (guint i = 0; i < list->len; i++) {
        const OmenEvacuationData *data = omen_evacuation_get_data(g_ptr_array_index(list, i));
        if (data->phase != OMEN_PHASE_QUEUED || !g_str_has_prefix(data->error, WAITS))
            continue;
        if (first)
            n_others++;
        else
            first = data;
    }
    if (!first)
        return NULL;
    return n_others == 0
               ? g_strdup_printf("%s waits for a place at a destination: %s", first->domain_name,
                                 first->error + strlen(WAITS))
               : g_strdup_printf("%s and %u more wait for a place at a destination: %s",
                                 first->domain_name, n_others, first->error + strlen(WAITS));
}

/* Looks once the burst of changes is over. */
static gboolean
on_waiting_time(gpointer user_data)
{
    OmenDaemon *self = user_data;
    g_autofree char *waiting = omen_daemon_describe_waiting(self);

    self->waiting_source = 0;
    if (g_strcmp0(waiting, self->waiting) != 0) {
        g_free(self->waiting);
        self->waiting = g_steal_pointer(&waiting);
        omen_controller_emit_status_changed(OMEN_CONTROLLER(self));
    }
    return G_SOURCE_REMOVE;
}

void
omen_daemon_note_evacuation(OmenDaemon *self)
{
    if (self->reservations && !self->waiting_source)
        self->waiting_source = g_timeout_add(WAITING_PAUSE_MS, on_waiting_time, self);
}

/* ---- for what comes here ---- */

typedef struct {
    OmenDaemon *daemon;
    char *uuid;
    char *name;
} Newcomer;

static Newcomer *
newcomer_new(OmenDaemon *self, const char *uuid, const char *name)
{
    Newcomer *newcomer = g_new(Newcomer, 1);

    *newcomer = (Newcomer){g_object_ref(self), g_strdup(uuid), g_strdup(name)};
    return newcomer;
}

static void
newcomer_free(Newcomer *self)
{
    g_object_unref(self->daemon);
    g_free(self->uuid);
    g_free(self->name);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Newcomer, newcomer_free)

/* (nullable) (transfer full): why there is no place for one that nobody announced. */
static char *
find_obstacle(const Newcomer *newcomer, const OmenFleetInbound *inbound)
{
    OmenDaemon *self = newcomer->daemon;
    const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, newcomer->uuid);
    guint64 reserve_mib = self->configuration->memory_reserve_mib;
    guint64 free_mib = self->own_sight.free_bytes / MIB;
    g_autoptr(OmenFleetReservation) row = omen_fleet_reservation_new(newcomer->uuid);
    const OmenFleetRoom room = {
        .free_mib = free_mib > reserve_mib ? free_mib - reserve_mib : 0,
        .cpus = self->own_sight.cpus,
        .vcpus = self->own_sight.vcpus,
        .cpu_overcommit = self->configuration->cpu_overcommit,
        .inbound_limit = self->configuration->fleet_inbound_limit,
    };

    row->mib = info ? info->memory_bytes / MIB : 0;
    if (self->own_seen_us > 0 && room.free_mib < row->mib)
        return g_strdup_printf("it needs %" G_GUINT64_FORMAT " MiB, and %" G_GUINT64_FORMAT
                               " MiB are free here",
                               row->mib, room.free_mib);
    return omen_fleet_reservation_find_obstacle(row, &inbound->others, &room);
}

/* Advice: whether it may come is libvirt's to say. */
static void
on_inbound_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Newcomer) newcomer = user_data;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, NULL);
    g_auto(OmenFleetInbound) inbound = {0};
    g_autofree char *obstacle = NULL;

    if (!range || !newcomer->daemon->reservations)
        return;
    omen_fleet_inbound_read(&inbound, range, omen_daemon_get_fleet_name(newcomer->daemon),
                            newcomer->uuid);
    if (inbound.own)
        return;
    obstacle = find_obstacle(newcomer, &inbound);
    if (obstacle)
        g_warning("%s is being moved to this host without a reservation in the fleet, and there "
                  "is no room for it: %s",
                  newcomer->name, obstacle);
    else
        g_message("%s is being moved to this host without a reservation in the fleet",
                  newcomer->name);
}

static void
check_newcomer(OmenDaemon *self, const OmenDomainEvent *event)
{
    g_autofree char *prefix = omen_fleet_inbound_key(omen_daemon_get_fleet_name(self), NULL);

    g_hash_table_add(self->incoming, g_strdup(event->uuid));
    omen_etcd_read_async(self->etcd, prefix, TRUE, OMEN_FLEET_MAX_INBOUND, NULL, on_inbound_read,
                         newcomer_new(self, event->uuid, event->name));
}

static void
on_cleared(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Newcomer) newcomer = user_data;
    g_autoptr(GError) error = NULL;

    if (omen_fleet_clear_finish(result, &error))
        g_debug("fleet: the reservation of %s here is removed", newcomer->name);
    else if (error)
        g_debug("fleet: the reservation of %s here ends with its lease: %s", newcomer->name,
                error->message);
}

static void
clear(OmenDaemon *self, const char *uuid, const char *name)
{
    omen_fleet_clear_async(self->etcd, omen_daemon_get_fleet_name(self), uuid, on_cleared,
                           newcomer_new(self, uuid, name));
}

/* From its arrival on it is in the memory that is not free; if it does not arrive, neither. */
static void
on_domain_event(OmenHypervisor *hypervisor G_GNUC_UNUSED,
                const OmenDomainEvent *event,
                gpointer user_data)
{
    OmenDaemon *self = user_data;

    if (event->lifecycle == VIR_DOMAIN_EVENT_STARTED &&
        event->detail == VIR_DOMAIN_EVENT_STARTED_MIGRATED)
        check_newcomer(self, event);
    else if ((event->lifecycle == VIR_DOMAIN_EVENT_STOPPED ||
              (event->lifecycle == VIR_DOMAIN_EVENT_RESUMED &&
               event->detail == VIR_DOMAIN_EVENT_RESUMED_MIGRATED)) &&
             g_hash_table_remove(self->incoming, event->uuid))
        clear(self, event->uuid, event->name);
}

/* What arrived while this daemon did not run, or not listen. */
static void
on_own_inbound_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenDaemon) self = user_data;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, NULL);
    g_auto(OmenFleetInbound) inbound = {0};

    if (!range || !self->reservations)
        return;
    omen_fleet_inbound_read(&inbound, range, omen_daemon_get_fleet_name(self), NULL);
    for (guint i = 0; i < inbound.uuids->len; i++) {
        const char *uuid = g_ptr_array_index(inbound.uuids, i);
        const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, uuid);
        if (info && g_str_equal(info->uuid, uuid) && info->state == VIR_DOMAIN_RUNNING)
            clear(self, uuid, info->name);
    }
}

static void
on_connected(OmenDaemon *self)
{
    g_autofree char *prefix = omen_fleet_inbound_key(omen_daemon_get_fleet_name(self), NULL);

    omen_etcd_read_async(self->etcd, prefix, TRUE, OMEN_FLEET_MAX_INBOUND, NULL,
                         on_own_inbound_read, g_object_ref(self));
}

/* ---- from the start to the end ---- */

void
omen_daemon_start_reservations(OmenDaemon *self)
{
    self->reservations = omen_fleet_reservations_new(self->etcd, NULL);
    self->reserved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->incoming = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_signal_connect(self->hypervisor, "event", G_CALLBACK(on_domain_event), self);
    g_signal_connect_object(self->hypervisor, "connected", G_CALLBACK(on_connected), self,
                            G_CONNECT_SWAPPED);
}

void
omen_daemon_stop_reservations(OmenDaemon *self)
{
    g_clear_handle_id(&self->waiting_source, g_source_remove);
    g_clear_pointer(&self->waiting, g_free);
    omen_evacuator_set_reserver(self->evacuator, NULL, NULL);
    g_signal_handlers_disconnect_by_func(self->hypervisor, on_domain_event, self);
    g_signal_handlers_disconnect_by_func(self->hypervisor, on_connected, self);
    omen_fleet_reservations_stop(self->reservations);
    g_clear_object(&self->reservations);
    g_clear_pointer(&self->reserved, g_hash_table_unref);
    g_clear_pointer(&self->incoming, g_hash_table_unref);
}

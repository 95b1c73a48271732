/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "bus/bus-private.h"

#include <string.h>
#include <unistd.h>
#include <virt-omen/bus-names.h>

#define SYNC_S    1
#define MAX_PLANS 4 /* of one user, at a time */

G_DEFINE_FINAL_TYPE(OmenBus, omen_bus, G_TYPE_OBJECT)

enum {
    SIGNAL_LOST,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
leave_bus(OmenBus *self)
{
    g_clear_pointer(&self->gate, omen_bus_gate_free);
    if (self->connection) {
        g_signal_handlers_disconnect_by_data(self->connection, self);
        g_dbus_connection_flush_sync(self->connection, NULL, NULL);
    }
    g_clear_object(&self->connection);
}

static void
omen_bus_dispose(GObject *object)
{
    OmenBus *self = OMEN_BUS(object);

    g_clear_handle_id(&self->sync_source, g_source_remove);
    g_clear_handle_id(&self->name_id, g_bus_unown_name);
    if (self->controller) {
        g_signal_handlers_disconnect_by_data(self->controller, self);
        g_signal_handlers_disconnect_by_data(omen_controller_get_omens(self->controller), self);
    }
    if (self->objects)
        g_dbus_object_manager_server_set_connection(self->objects, NULL);
    g_clear_object(&self->objects);
    g_clear_object(&self->manager);
    g_clear_object(&self->authority);
    leave_bus(self);
    g_clear_object(&self->controller);
    g_clear_pointer(&self->dirty_evacuations, g_hash_table_unref);
    g_clear_pointer(&self->dirty_omens, g_hash_table_unref);
    g_clear_pointer(&self->destination_paths, g_hash_table_unref);
    g_clear_pointer(&self->domain_paths, g_hash_table_unref);
    g_queue_clear_full(&self->ended_paths, g_free);
    G_OBJECT_CLASS(omen_bus_parent_class)->dispose(object);
}

static void
omen_bus_finalize(GObject *object)
{
    omen_user_quota_free(OMEN_BUS(object)->plans);
    G_OBJECT_CLASS(omen_bus_parent_class)->finalize(object);
}

static void
omen_bus_class_init(OmenBusClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_bus_dispose;
    G_OBJECT_CLASS(class)->finalize = omen_bus_finalize;
    signals[SIGNAL_LOST] =
        g_signal_new("lost", OMEN_TYPE_BUS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
omen_bus_init(OmenBus *self)
{
    self->plans = omen_user_quota_new(MAX_PLANS);
    self->dirty_evacuations = g_hash_table_new_full(NULL, NULL, g_object_unref, NULL);
    self->dirty_omens = g_hash_table_new_full(NULL, NULL, g_object_unref, NULL);
    self->destination_paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->domain_paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

OmenBus *
omen_bus_new(OmenController *controller)
{
    OmenBus *self = g_object_new(OMEN_TYPE_BUS, NULL);

    self->controller = g_object_ref(controller);
    return self;
}

/* "_" and the UUID with underscores for its hyphens. */
static char *
path_of_domain(const char *uuid)
{
    g_autofree char *element = g_strdup(uuid);

    for (char *at = element; *at; at++) {
        if (!g_ascii_isalnum(*at))
            *at = '_';
    }
    return g_strdup_printf(OMEN_BUS_DOMAINS_PATH "/_%s", element);
}

/* Different names give different paths, none of them the local host's: in what is escaped an
 * underscore is followed by two digits. */
static char *
make_path_of_destination(const char *name)
{
    g_autofree char *element = g_dbus_escape_object_path(name);

    return g_strdup_printf(OMEN_BUS_HOSTS_PATH "/%s", element);
}

typedef struct {
    guint64 records;
    guint64 anomalies;
    guint64 dropped;
} Totals;

static Totals
add_up(GPtrArray *streams)
{
    Totals totals = {0};

    for (guint i = 0; i < streams->len; i++) {
        const OmenStreamStatus *stream = g_ptr_array_index(streams, i);
        totals.records += stream->records;
        totals.anomalies += stream->anomalies;
        totals.dropped += stream->dropped;
    }
    return totals;
}

/* ---- domains and hosts ---- */

static void
sync_domain(OmenBus *self, const OmenDomainStatus *status)
{
    g_autofree char *path = path_of_domain(status->uuid);
    g_autoptr(GDBusInterface) known = omen_bus_find(self, path, "org.virtomen1.Domain");
    OmenDbusDomain *skeleton = known ? OMEN_DBUS_DOMAIN(known) : omen_dbus_domain_skeleton_new();
    Totals totals = add_up(status->streams);

    omen_dbus_domain_set_uuid(skeleton, status->uuid);
    omen_dbus_domain_set_name(skeleton, status->name);
    omen_dbus_domain_set_state(skeleton, status->state);
    omen_dbus_domain_set_endangered(skeleton, status->endangered);
    omen_dbus_domain_set_streams(skeleton, status->streams->len);
    omen_dbus_domain_set_records(skeleton, totals.records);
    omen_dbus_domain_set_anomalies(skeleton, totals.anomalies);
    omen_dbus_domain_set_dropped(skeleton, totals.dropped);
    if (known)
        return;
    omen_bus_connect_domain(self, skeleton);
    omen_bus_export(self, path, G_DBUS_INTERFACE_SKELETON(skeleton));
    g_hash_table_add(self->domain_paths, g_strdup(path));
}

/* Unexports what is in @known but not in @present, and takes it out. Both are sets of paths. */
static void
forget_absent(OmenBus *self, GHashTable *known, GHashTable *present)
{
    GHashTableIter iter;
    gpointer path;

    g_hash_table_iter_init(&iter, known);
    while (g_hash_table_iter_next(&iter, &path, NULL)) {
        if (g_hash_table_contains(present, path))
            continue;
        g_dbus_object_manager_server_unexport(self->objects, path);
        g_hash_table_iter_remove(&iter);
    }
}

static void
sync_domains(OmenBus *self)
{
    g_autoptr(GPtrArray) domains = omen_controller_list_domains(self->controller);
    g_autoptr(GHashTable) present = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < domains->len; i++) {
        const OmenDomainStatus *status = g_ptr_array_index(domains, i);
        sync_domain(self, status);
        g_hash_table_add(present, path_of_domain(status->uuid));
    }
    forget_absent(self, self->domain_paths, present);
}

/* Exports the host at @path unless it is there. Borrowed. */
static OmenDbusHost *
ensure_host(OmenBus *self, const char *path, const char *name, const char *role)
{
    g_autoptr(GDBusInterface) known = omen_bus_find(self, path, "org.virtomen1.Host");
    OmenDbusHost *skeleton;

    if (known)
        return OMEN_DBUS_HOST(known);
    skeleton = omen_dbus_host_skeleton_new();
    omen_dbus_host_set_name(skeleton, name);
    omen_dbus_host_set_role(skeleton, role);
    omen_dbus_host_set_uri(skeleton, "");
    omen_dbus_host_set_reason(skeleton, "");
    omen_bus_export(self, path, G_DBUS_INTERFACE_SKELETON(skeleton));
    return skeleton;
}

static void
sync_local_host(OmenBus *self)
{
    g_autoptr(GPtrArray) streams = omen_controller_list_host_streams(self->controller);
    Totals totals = add_up(streams);
    OmenDbusHost *local = ensure_host(self, OMEN_BUS_LOCAL_HOST_PATH, g_get_host_name(), "local");

    omen_dbus_host_set_reachable(local, TRUE);
    omen_dbus_host_set_endangered(local, omen_controller_is_host_endangered(self->controller));
    omen_dbus_host_set_streams(local, streams->len);
    omen_dbus_host_set_records(local, totals.records);
    omen_dbus_host_set_anomalies(local, totals.anomalies);
    omen_dbus_host_set_dropped(local, totals.dropped);
}

static void
sync_destinations(OmenBus *self)
{
    g_autoptr(GPtrArray) destinations = omen_controller_list_destinations(self->controller);
    g_autoptr(GHashTable) present = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < destinations->len; i++) {
        const OmenDestinationStatus *status = g_ptr_array_index(destinations, i);
        g_autofree char *path = make_path_of_destination(status->name);
        OmenDbusHost *host = ensure_host(self, path, status->name, "destination");
        omen_dbus_host_set_uri(host, status->uri);
        omen_dbus_host_set_reachable(host, status->reachable);
        omen_dbus_host_set_reason(host, status->reason);
        omen_dbus_host_set_free_memory(host, status->free_memory);
        g_hash_table_add(self->destination_paths, g_strdup(path));
        g_hash_table_add(present, g_steal_pointer(&path));
    }
    forget_absent(self, self->destination_paths, present);
}

static void
sync_manager(OmenBus *self)
{
    g_auto(GStrv) problems = omen_controller_list_problems(self->controller);
    g_autofree char *brake = omen_controller_describe_fleet_brake(self->controller);

    omen_dbus_manager_set_fleet_brake(self->manager, brake);
    omen_dbus_manager_set_version(self->manager, OMEN_VERSION);
    omen_dbus_manager_set_since(self->manager,
                                (guint64) omen_controller_get_since_us(self->controller));
    omen_dbus_manager_set_mode(self->manager, omen_controller_get_mode(self->controller));
    omen_dbus_manager_set_connected(self->manager, omen_controller_is_connected(self->controller));
    omen_dbus_manager_set_problems(self->manager, (const char *const *) problems);
    omen_bus_count_open_omens(self);
}

static gboolean
on_sync(gpointer user_data)
{
    OmenBus *self = user_data;

    sync_manager(self);
    sync_local_host(self);
    sync_destinations(self);
    sync_domains(self);
    omen_bus_sync_omens(self);
    omen_bus_sync_evacuations(self);
    return G_SOURCE_CONTINUE;
}

static void
on_status_changed(OmenController *controller G_GNUC_UNUSED, gpointer user_data)
{
    sync_manager(user_data);
}

/* ---- life ---- */

static void
on_name_lost(GDBusConnection *connection G_GNUC_UNUSED, const char *name, gpointer user_data)
{
    g_warning(
        "lost the bus name %s: is another virt-omend running, and does the D-Bus policy permit this one?",
        name);
    g_signal_emit(user_data, signals[SIGNAL_LOST], 0);
}

static void
export_all(OmenBus *self)
{
    self->manager = omen_dbus_manager_skeleton_new();
    omen_bus_connect_manager(self, self->manager);
    on_sync(self);
    omen_bus_export(self, OMEN_BUS_MANAGER_PATH,
                    g_object_ref(G_DBUS_INTERFACE_SKELETON(self->manager)));
    omen_bus_follow_omens(self);
    omen_bus_follow_evacuations(self);

    g_signal_connect(self->controller, "status-changed", G_CALLBACK(on_status_changed), self);
}

gboolean
omen_bus_start(OmenBus *self, const char *address, GError **error)
{
    const GDBusConnectionFlags flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;

    if (address)
        self->connection =
            g_dbus_connection_new_for_address_sync(address, flags, NULL, NULL, error);
    else
        self->connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, error);
    if (!self->connection) {
        g_prefix_error(error, "cannot connect to D-Bus: ");
        return FALSE;
    }
    g_dbus_connection_set_exit_on_close(self->connection, FALSE);
    self->gate = omen_bus_gate_new(self->connection);
    self->authority = omen_authority_new(self->connection);
    self->objects = g_dbus_object_manager_server_new(OMEN_BUS_ROOT);
    export_all(self);
    g_dbus_object_manager_server_set_connection(self->objects, self->connection);
    self->name_id =
        g_bus_own_name_on_connection(self->connection, OMEN_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
                                     NULL, on_name_lost, self, NULL);
    self->sync_source = g_timeout_add_seconds(SYNC_S, on_sync, self);
    return TRUE;
}

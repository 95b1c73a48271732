/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/hypervisor.h"

#include "hypervisor/domain-inventory.h"
#include "hypervisor/event-loop.h"

#include <string.h>

#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT      3
#define CONNECT_DEADLINE_S   30
#define QUERY_DEADLINE_S     20
#define MAX_QUERY_THREADS    4
#define RETRY_FIRST_MS       1000
#define RETRY_LAST_MS        60000

struct _OmenHypervisor {
    GObject parent_instance;

    char *uri;
    gboolean monitor_events;
    gboolean stopped;
    OmenWorkers *workers;
    OmenInventory *link; /* the connection and what listens on it; NULL while not connected */
    guint generation;    /* of the connection: what an older one still says is ignored */
    char *problem;
    GHashTable *domains;    /* UUID -> OmenDomainInfo */
    GHashTable *refreshing; /* UUIDs that are being asked for; value: whether once more is needed */
    guint retry_ms;
    guint retry_source;
};

G_DEFINE_FINAL_TYPE(OmenHypervisor, omen_hypervisor, G_TYPE_OBJECT)

enum {
    SIGNAL_CONNECTED,
    SIGNAL_DISCONNECTED,
    SIGNAL_DOMAIN_ADDED,
    SIGNAL_DOMAIN_CHANGED,
    SIGNAL_DOMAIN_REMOVED,
    SIGNAL_EVENT,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void connect_now(OmenHypervisor *self);
static void refresh_domain(OmenHypervisor *self, const char *uuid);

static void
close_later(OmenHypervisor *self, OmenInventory *link)
{
    omen_workers_run_async(self->workers, NULL, omen_domain_inventory_close_work, link, NULL, NULL,
                           0, NULL, NULL);
}

static void
omen_hypervisor_dispose(GObject *object)
{
    OmenHypervisor *self = OMEN_HYPERVISOR(object);

    omen_hypervisor_stop(self);
    G_OBJECT_CLASS(omen_hypervisor_parent_class)->dispose(object);
}

static void
omen_hypervisor_finalize(GObject *object)
{
    OmenHypervisor *self = OMEN_HYPERVISOR(object);

    g_object_unref(self->workers);
    g_hash_table_unref(self->domains);
    g_hash_table_unref(self->refreshing);
    g_free(self->problem);
    g_free(self->uri);
    G_OBJECT_CLASS(omen_hypervisor_parent_class)->finalize(object);
}

static void
omen_hypervisor_init(OmenHypervisor *self)
{
    self->workers = omen_workers_new(MAX_QUERY_THREADS);
    self->domains = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                          (GDestroyNotify) omen_domain_info_free);
    self->refreshing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->retry_ms = RETRY_FIRST_MS;
}

static void
omen_hypervisor_class_init(OmenHypervisorClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_hypervisor_dispose;
    G_OBJECT_CLASS(class)->finalize = omen_hypervisor_finalize;

    signals[SIGNAL_CONNECTED] = g_signal_new("connected", OMEN_TYPE_HYPERVISOR, G_SIGNAL_RUN_LAST,
                                             0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_DISCONNECTED] =
        g_signal_new("disconnected", OMEN_TYPE_HYPERVISOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                     G_TYPE_NONE, 1, G_TYPE_STRING);
    signals[SIGNAL_EVENT] =
        g_signal_new("event", OMEN_TYPE_HYPERVISOR, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL,
                     NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
    const char *const names[] = {"domain-added", "domain-changed", "domain-removed"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        signals[SIGNAL_DOMAIN_ADDED + i] =
            g_signal_new(names[i], OMEN_TYPE_HYPERVISOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                         G_TYPE_NONE, 1, G_TYPE_POINTER);
}

OmenHypervisor *
omen_hypervisor_new(const char *uri, gboolean monitor_events)
{
    OmenHypervisor *self = g_object_new(OMEN_TYPE_HYPERVISOR, NULL);

    omen_event_loop_start();
    self->uri = g_strdup(uri);
    self->monitor_events = monitor_events;
    return self;
}

/* What a callback on another thread has to say to the main context. */
typedef struct {
    GWeakRef hypervisor;
    guint generation;
} Address;

typedef struct {
    OmenHypervisor *hypervisor;
    guint generation;
    OmenDomainEvent *event; /* NULL: the connection was closed */
    const char *why;
} Message;

static void
message_free(gpointer data)
{
    Message *self = data;

    g_object_unref(self->hypervisor);
    g_clear_pointer(&self->event, omen_domain_event_unref);
    g_free(self);
}

static void
address_free(gpointer data)
{
    Address *self = data;

    g_weak_ref_clear(&self->hypervisor);
    g_free(self);
}

static Address *
address_new(OmenHypervisor *hypervisor)
{
    Address *self = g_new0(Address, 1);

    g_weak_ref_init(&self->hypervisor, hypervisor);
    self->generation = hypervisor->generation;
    return self;
}

static void
set_problem(OmenHypervisor *self, const char *problem)
{
    g_free(self->problem);
    self->problem = g_strdup(problem);
}

static gboolean
on_retry(gpointer user_data)
{
    OmenHypervisor *self = user_data;

    self->retry_source = 0;
    connect_now(self);
    return G_SOURCE_REMOVE;
}

/* Jitter keeps many daemons from knocking at once. */
static void
retry_later(OmenHypervisor *self)
{
    guint pause_ms =
        (guint) g_random_int_range((gint32) self->retry_ms / 2, (gint32) self->retry_ms + 1);

    if (self->stopped || self->retry_source)
        return;
    self->retry_source = g_timeout_add(pause_ms, on_retry, self);
    self->retry_ms = MIN(self->retry_ms * 2, RETRY_LAST_MS);
}

static void
disconnect(OmenHypervisor *self, const char *why)
{
    self->generation++;
    if (!self->link)
        return;
    close_later(self, g_steal_pointer(&self->link));
    g_hash_table_remove_all(self->refreshing);
    set_problem(self, why);
    g_signal_emit(self, signals[SIGNAL_DISCONNECTED], 0, why);
}

static void
emit_event(OmenHypervisor *self, OmenDomainEvent *event)
{
    g_signal_emit(self, signals[SIGNAL_EVENT], g_quark_from_string(event->uuid), event);
}

static void
tell(OmenHypervisor *self, guint signal, OmenDomainInfo *info)
{
    g_signal_emit(self, signals[signal], 0, info);
}

static void
note_new(OmenHypervisor *self, const char *uuid, const char *name)
{
    OmenDomainInfo *info = g_new0(OmenDomainInfo, 1);

    g_strlcpy(info->uuid, uuid, sizeof info->uuid);
    info->name = g_strdup(name);
    info->state = VIR_DOMAIN_NOSTATE;
    g_hash_table_insert(self->domains, info->uuid, info);
    tell(self, SIGNAL_DOMAIN_ADDED, info);
}

static gboolean
deliver(gpointer user_data)
{
    Message *message = user_data;
    OmenHypervisor *self = message->hypervisor;

    if (message->generation != self->generation || self->stopped)
        return G_SOURCE_REMOVE;
    if (!message->event) {
        disconnect(self, message->why);
        self->retry_ms = RETRY_FIRST_MS;
        retry_later(self);
        return G_SOURCE_REMOVE;
    }
    /* A new domain's stream has to be there before its first event. */
    if (!g_hash_table_contains(self->domains, message->event->uuid))
        note_new(self, message->event->uuid, message->event->name);
    emit_event(self, message->event);
    if (message->event->kind == OMEN_DOMAIN_EVENT_LIFECYCLE)
        refresh_domain(self, message->event->uuid);
    return G_SOURCE_REMOVE;
}

static void
post(Address *address, OmenDomainEvent *event, const char *why)
{
    OmenHypervisor *hypervisor = g_weak_ref_get(&address->hypervisor);
    Message *message;

    if (!hypervisor) {
        g_clear_pointer(&event, omen_domain_event_unref);
        return;
    }
    message = g_new0(Message, 1);
    message->hypervisor = hypervisor;
    message->generation = address->generation;
    message->event = event;
    message->why = why;
    g_idle_add_full(G_PRIORITY_DEFAULT, deliver, message, message_free);
}

/* On libvirt's thread, or any other. */
static void
on_domain_event(OmenDomainEvent *event, gpointer user_data)
{
    post(user_data, event, NULL);
}

static void
on_closed(virConnectPtr connection G_GNUC_UNUSED, int reason, void *opaque)
{
    const char *why = reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE
                          ? "libvirtd does not answer; trying again"
                          : "libvirtd closed the connection; trying again";

    post(opaque, NULL, why);
}

/* Takes @info. */
static void
update_domain(OmenHypervisor *self, OmenDomainInfo *info)
{
    OmenDomainInfo *old = g_hash_table_lookup(self->domains, info->uuid);
    gboolean is_new = old == NULL;
    gboolean changed = is_new || old->state != info->state || old->reason != info->reason ||
                       old->memory_bytes != info->memory_bytes ||
                       !g_str_equal(old->name, info->name);

    g_hash_table_replace(self->domains, info->uuid, info);
    if (changed)
        tell(self, is_new ? SIGNAL_DOMAIN_ADDED : SIGNAL_DOMAIN_CHANGED, info);
}

static void
remove_domain(OmenHypervisor *self, const char *uuid)
{
    gpointer key;
    gpointer info;

    if (!g_hash_table_steal_extended(self->domains, uuid, &key, &info))
        return;
    tell(self, SIGNAL_DOMAIN_REMOVED, info);
    omen_domain_info_free(info);
}

/* A domain that ran, and was found ended after a time without a connection. */
static void
tell_missed_end(OmenHypervisor *self, const OmenDomainInfo *old)
{
    g_autoptr(OmenDomainEvent) event = omen_domain_event_new(
        old->uuid, old->name, OMEN_PRIORITY_WARNING,
        g_strdup("lifecycle: found stopped after a time without a connection to libvirt"));

    emit_event(self, event);
}

/* Compares what libvirt lists now with what was known. */
static void
take_inventory(OmenHypervisor *self, GPtrArray *infos)
{
    g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;

    for (guint i = 0; i < infos->len; i++) {
        OmenDomainInfo *info = g_ptr_array_index(infos, i);
        OmenDomainInfo *old = g_hash_table_lookup(self->domains, info->uuid);

        g_hash_table_add(listed, info->uuid);
        if (old && omen_domain_info_is_active(old) && !omen_domain_info_is_active(info))
            tell_missed_end(self, old);
    }
    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        OmenDomainInfo *old = value;
        if (!g_hash_table_contains(listed, old->uuid))
            g_ptr_array_add(gone, g_strdup(old->uuid));
    }
    for (guint i = 0; i < gone->len; i++) {
        OmenDomainInfo *old = g_hash_table_lookup(self->domains, g_ptr_array_index(gone, i));
        if (omen_domain_info_is_active(old))
            tell_missed_end(self, old);
        remove_domain(self, g_ptr_array_index(gone, i));
    }
    g_ptr_array_set_free_func(infos, NULL);
    for (guint i = 0; i < infos->len; i++)
        update_domain(self, g_ptr_array_index(infos, i));
    g_ptr_array_set_size(infos, 0);
}

static void
on_connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenHypervisor) self = OMEN_HYPERVISOR(source);
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenInventory) inventory = omen_workers_run_finish(result, &error);

    if (self->stopped || GPOINTER_TO_UINT(user_data) != self->generation)
        return;
    if (!inventory) {
        if (!self->problem || !g_str_equal(self->problem, error->message))
            g_warning("%s", error->message);
        set_problem(self, error->message);
        retry_later(self);
        return;
    }
    self->retry_ms = RETRY_FIRST_MS;
    g_clear_pointer(&self->problem, g_free);
    self->link = g_steal_pointer(&inventory);
    take_inventory(self, self->link->infos);
    g_message("connected to libvirt at %s", self->uri);
    g_signal_emit(self, signals[SIGNAL_CONNECTED], 0);
}

static void
connect_now(OmenHypervisor *self)
{
    OmenInventoryRequest *request = g_new0(OmenInventoryRequest, 1);

    self->generation++;
    request->uri = g_strdup(self->uri);
    request->keepalive_interval_s = KEEPALIVE_INTERVAL_S;
    request->keepalive_count = KEEPALIVE_COUNT;
    request->monitor_events = self->monitor_events;
    request->on_event = on_domain_event;
    request->event_address = address_new(self);
    request->on_closed = on_closed;
    request->closed_address = address_new(self);
    request->free_address = address_free;
    omen_workers_run_async(self->workers, g_object_ref(self), omen_domain_inventory_work, request,
                           omen_inventory_request_free, (GDestroyNotify) omen_inventory_free,
                           CONNECT_DEADLINE_S, on_connected, GUINT_TO_POINTER(self->generation));
}

void
omen_hypervisor_start(OmenHypervisor *self)
{
    connect_now(self);
}

void
omen_hypervisor_stop(OmenHypervisor *self)
{
    self->stopped = TRUE;
    g_clear_handle_id(&self->retry_source, g_source_remove);
    disconnect(self, "stopped");
}

typedef struct {
    char uuid[VIR_UUID_STRING_BUFLEN];
    guint generation;
} Refresh;

static void
on_refreshed(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenHypervisor) self = OMEN_HYPERVISOR(source);
    g_autofree Refresh *refresh = user_data;
    g_autoptr(GError) error = NULL;
    OmenDomainInfo *info = omen_workers_run_finish(result, &error);
    gboolean again;

    if (self->stopped || refresh->generation != self->generation) {
        g_clear_pointer(&info, omen_domain_info_free);
        return;
    }
    again = GPOINTER_TO_INT(g_hash_table_lookup(self->refreshing, refresh->uuid));
    g_hash_table_remove(self->refreshing, refresh->uuid);
    if (info)
        update_domain(self, info);
    else if (g_error_matches(error, OMEN_LIBVIRT_ERROR, VIR_ERR_NO_DOMAIN))
        remove_domain(self, refresh->uuid);
    else
        g_info("domain %s: %s", refresh->uuid, error->message);
    if (again)
        refresh_domain(self, refresh->uuid);
}

/* Asks libvirt how the domain is now; what comes while it is asked leads to one more question. */
static void
refresh_domain(OmenHypervisor *self, const char *uuid)
{
    Refresh *refresh;

    if (!self->link)
        return;
    if (g_hash_table_contains(self->refreshing, uuid)) {
        g_hash_table_replace(self->refreshing, g_strdup(uuid), GINT_TO_POINTER(TRUE));
        return;
    }
    g_hash_table_insert(self->refreshing, g_strdup(uuid), GINT_TO_POINTER(FALSE));
    refresh = g_new0(Refresh, 1);
    g_strlcpy(refresh->uuid, uuid, sizeof refresh->uuid);
    refresh->generation = self->generation;
    omen_workers_run_async(self->workers, g_object_ref(self), omen_domain_lookup_work,
                           omen_domain_lookup_new(omen_hypervisor_ref_connection(self), uuid),
                           omen_domain_lookup_free, (GDestroyNotify) omen_domain_info_free,
                           QUERY_DEADLINE_S, on_refreshed, refresh);
}

const char *
omen_hypervisor_get_uri(OmenHypervisor *self)
{
    return self->uri;
}

gboolean
omen_hypervisor_is_connected(OmenHypervisor *self)
{
    return self->link != NULL;
}

const char *
omen_hypervisor_get_problem(OmenHypervisor *self)
{
    if (self->link)
        return NULL;
    return self->problem ? self->problem : "not connected to libvirt yet";
}

GPtrArray *
omen_hypervisor_list(OmenHypervisor *self)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer info;

    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &info))
        g_ptr_array_add(list, info);
    return list;
}

const OmenDomainInfo *
omen_hypervisor_lookup(OmenHypervisor *self, const char *uuid_or_name)
{
    const OmenDomainInfo *info = g_hash_table_lookup(self->domains, uuid_or_name);
    GHashTableIter iter;
    gpointer value;

    if (info)
        return info;
    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (g_str_equal(((OmenDomainInfo *) value)->name, uuid_or_name))
            return value;
    }
    return NULL;
}

char **
omen_hypervisor_list_active_uuids(OmenHypervisor *self)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (omen_domain_info_is_active(value))
            g_strv_builder_add(builder, ((OmenDomainInfo *) value)->uuid);
    }
    return g_strv_builder_end(builder);
}

OmenWorkers *
omen_hypervisor_get_workers(OmenHypervisor *self)
{
    return self->workers;
}

virConnectPtr
omen_hypervisor_ref_connection(OmenHypervisor *self)
{
    if (!self->link)
        return NULL;
    virConnectRef(self->link->connection);
    return self->link->connection;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/fleet.h"

#include "fleet/drain-store.h"
#include "fleet/member.h"
#include "fleet/reservation.h"

#include <string.h>

#define MAX_NAME 128

gboolean
omen_fleet_is_name(const char *name)
{
    gsize length = strlen(name);

    return length > 0 && length <= MAX_NAME &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") ==
               length;
}

const char *
omen_fleet_strip_key(const char *key, const char *prefix)
{
    return g_str_has_prefix(key, prefix) ? key + strlen(prefix) : NULL;
}

/* ---- the list ---- */

/* Each destination has a key beside its reservations. */
#define MAX_INBOUND (4 * OMEN_FLEET_MAX_HOSTS)

static void
on_inbound(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    GPtrArray *hosts = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);
    g_autoptr(GHashTable) loads = range ? omen_fleet_inbound_sum(range) : NULL;

    if (!range) {
        g_task_return_error(task, error);
        return;
    }
    for (guint i = 0; i < hosts->len; i++) {
        OmenFleetHost *host = hosts->pdata[i];
        const OmenFleetLoad *load = g_hash_table_lookup(loads, host->name);
        host->reserved_mib = load ? load->mib : 0;
    }
    g_task_return_pointer(task, g_ptr_array_ref(hosts), (GDestroyNotify) g_ptr_array_unref);
}

static void
on_drains(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    GPtrArray *hosts = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);

    if (!range) {
        g_task_return_error(task, error);
        return;
    }
    for (guint i = 0; i < range->entries->len; i++) {
        const OmenEtcdEntry *entry = range->entries->pdata[i];
        const char *name = omen_fleet_strip_key(entry->key, OMEN_FLEET_DRAINS);
        if (name)
            g_hash_table_insert(values, (char *) name, entry->value);
    }
    for (guint i = 0; i < hosts->len; i++) {
        OmenFleetHost *host = hosts->pdata[i];
        const char *json = g_hash_table_lookup(values, host->name);
        host->drain = json ? omen_host_drain_parse_told(json) : NULL;
    }
    omen_etcd_read_async(OMEN_ETCD(source), OMEN_FLEET_INBOUND, TRUE, MAX_INBOUND, NULL, on_inbound,
                         g_steal_pointer(&task));
}

/* An operator's word holds also while its host has no row. @names: of those. */
static void
add_missing(GPtrArray *hosts, GHashTable *names)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        OmenFleetHost *host;
        if (!omen_fleet_is_name(name))
            continue;
        host = omen_fleet_host_new();
        g_free(host->name);
        host->name = g_strdup(name);
        host->maintenance = TRUE;
        host->is_missing = TRUE;
        host->starting = 1;
        g_ptr_array_add(hosts, host);
    }
}

static void
on_maintenance(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    GPtrArray *hosts = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    if (!range) {
        g_task_return_error(task, error);
        return;
    }
    for (guint i = 0; i < range->entries->len; i++) {
        const OmenEtcdEntry *entry = range->entries->pdata[i];
        const char *name = omen_fleet_strip_key(entry->key, OMEN_FLEET_MAINTENANCE);
        if (name)
            g_hash_table_add(names, (char *) name);
    }
    for (guint i = 0; i < hosts->len; i++) {
        OmenFleetHost *host = hosts->pdata[i];
        host->maintenance = g_hash_table_remove(names, host->name);
    }
    add_missing(hosts, names);
    omen_etcd_read_async(OMEN_ETCD(source), OMEN_FLEET_DRAINS, TRUE, OMEN_FLEET_MAX_HOSTS, NULL,
                         on_drains, g_steal_pointer(&task));
}

static void
on_hosts(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    GPtrArray *hosts = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(OmenEtcdRange) range = omen_etcd_read_finish(OMEN_ETCD(source), result, &error);

    if (!range) {
        g_task_return_error(task, error);
        return;
    }
    for (guint i = 0; i < range->entries->len; i++) {
        const OmenEtcdEntry *entry = range->entries->pdata[i];
        const char *name = omen_fleet_strip_key(entry->key, OMEN_FLEET_HOSTS);
        OmenFleetHost *host = name ? omen_fleet_host_parse(entry->value, name) : NULL;
        if (host)
            g_ptr_array_add(hosts, host);
    }
    omen_etcd_read_async(OMEN_ETCD(source), OMEN_FLEET_MAINTENANCE, TRUE, OMEN_FLEET_MAX_HOSTS,
                         NULL, on_maintenance, g_steal_pointer(&task));
}

void
omen_fleet_list_async(OmenEtcd *etcd, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(etcd, NULL, callback, user_data);

    g_task_set_source_tag(task, omen_fleet_list_async);
    g_task_set_task_data(task,
                         g_ptr_array_new_with_free_func((GDestroyNotify) omen_fleet_host_free),
                         (GDestroyNotify) g_ptr_array_unref);
    omen_etcd_read_async(etcd, OMEN_FLEET_HOSTS, TRUE, OMEN_FLEET_MAX_HOSTS, NULL, on_hosts, task);
}

GPtrArray *
omen_fleet_list_finish_all(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

GPtrArray *
omen_fleet_list_finish(GAsyncResult *result, GError **error)
{
    GPtrArray *hosts = omen_fleet_list_finish_all(result, error);

    for (guint i = hosts ? hosts->len : 0; i-- > 0;) {
        const OmenFleetHost *host = g_ptr_array_index(hosts, i);
        if (host->is_missing)
            g_ptr_array_remove_index(hosts, i);
    }
    return hosts;
}

/* ---- maintenance ---- */

static void
on_set(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    GError *error = NULL;
    g_autoptr(OmenEtcdOutcome) outcome = omen_etcd_commit_finish(OMEN_ETCD(source), result, &error);

    if (outcome)
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

void
omen_fleet_set_maintenance_async(
    OmenEtcd *etcd, const char *host, gboolean on, GAsyncReadyCallback callback, gpointer user_data)
{
    GTask *task = g_task_new(etcd, NULL, callback, user_data);
    g_autoptr(OmenEtcdTransaction) transaction = omen_etcd_transaction_new();
    g_autofree char *key = g_strconcat(OMEN_FLEET_MAINTENANCE, host, NULL);
    g_autofree char *since = g_strdup_printf("%" G_GINT64_FORMAT, g_get_real_time());

    g_task_set_source_tag(task, omen_fleet_set_maintenance_async);
    if (on)
        omen_etcd_transaction_put(transaction, key, since, 0);
    else
        omen_etcd_transaction_delete(transaction, key);
    omen_etcd_commit_async(etcd, transaction, NULL, on_set, task);
}

gboolean
omen_fleet_set_maintenance_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

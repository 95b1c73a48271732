/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/known.h"

static OmenFleetHost *
find_name(GPtrArray *hosts, const char *name)
{
    for (guint i = 0; hosts && i < hosts->len; i++) {
        OmenFleetHost *host = g_ptr_array_index(hosts, i);
        if (g_str_equal(host->name, name))
            return host;
    }
    return NULL;
}

static gboolean
is_recent(const OmenFleetHost *host, gint64 now_us, gint64 max_age_us)
{
    return now_us - host->read_us < max_age_us;
}

/* It does not know yet what is free, nor whether it takes domains. */
static void
take_over(OmenFleetHost *host, const OmenFleetHost *old)
{
    host->takes = old->takes;
    host->free_mib = old->free_mib;
    host->cpus = old->cpus;
    host->vcpus = old->vcpus;
    host->libvirt = old->libvirt;
    host->qemu = old->qemu;
    host->read_us = old->read_us;
    host->starting = old->starting;
}

/* @rowless: (nullable): all that is read of it now is that it is in maintenance. */
static void
carry_one(GPtrArray *hosts, OmenFleetHost *old, OmenFleetHost *rowless)
{
    old->is_missing = TRUE;
    old->reserved_mib = 0;
    old->maintenance = rowless != NULL;
    if (rowless)
        g_ptr_array_remove(hosts, rowless);
    g_ptr_array_add(hosts, old);
}

void
omen_fleet_known_carry(GPtrArray *hosts, GPtrArray *before, gint64 now_us, gint64 max_age_us)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < hosts->len; i++) {
        OmenFleetHost *host = g_ptr_array_index(hosts, i);
        host->read_us = now_us;
        g_hash_table_insert(names, host->name, host);
    }
    for (guint i = before ? before->len : 0; i-- > 0;) {
        OmenFleetHost *old = g_ptr_array_index(before, i);
        OmenFleetHost *host = g_hash_table_lookup(names, old->name);
        if (!is_recent(old, now_us, max_age_us))
            continue;
        if (!host || host->is_missing) {
            g_hash_table_remove(names, old->name);
            carry_one(hosts, g_ptr_array_steal_index(before, i), host);
        } else if (host->starting) {
            take_over(host, old);
        }
    }
}

const OmenFleetHost *
omen_fleet_known_find(GPtrArray *hosts, const char *name, const char *uri)
{
    const OmenFleetHost *host = find_name(hosts, name);

    for (guint i = 0; !host && hosts && i < hosts->len; i++) {
        const OmenFleetHost *one = g_ptr_array_index(hosts, i);
        if (omen_fleet_known_is(one, name, uri))
            host = one;
    }
    return host;
}

gboolean
omen_fleet_known_is(const OmenFleetHost *host, const char *name, const char *uri)
{
    return g_str_equal(host->name, name) || (*host->uri && g_str_equal(host->uri, uri));
}

gboolean
omen_fleet_known_is_barred(const OmenFleetHost *host, gint64 now_us, gint64 max_age_us)
{
    return host->maintenance ||
           (!host->takes && !host->starting && is_recent(host, now_us, max_age_us));
}

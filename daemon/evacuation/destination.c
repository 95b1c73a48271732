/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/destination.h"

#include <string.h>

#define MIB (1024.0 * 1024.0)

G_DEFINE_QUARK(omen - destination - error - quark, omen_destination_error)

OmenDestination *
omen_destination_new(const char *name, const char *uri, const char *migrate_uri)
{
    OmenDestination *self = g_new0(OmenDestination, 1);

    g_atomic_ref_count_init(&self->references);
    self->name = g_strdup(name);
    self->uri = g_strdup(uri);
    self->migrate_uri = g_strdup(migrate_uri);
    return self;
}

OmenDestination *
omen_destination_ref(OmenDestination *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void
omen_destination_unref(OmenDestination *self)
{
    if (!g_atomic_ref_count_dec(&self->references))
        return;
    g_free(self->name);
    g_free(self->uri);
    g_free(self->migrate_uri);
    g_free(self);
}

static void
refuse(GError **error, OmenDestinationError code, const OmenDestination *self, const char *why)
{
    g_set_error(error, OMEN_DESTINATION_ERROR, code, "%s: %s", self->name, why);
}

static virConnectPtr
reach(OmenDestination *self, GError **error)
{
    virConnectPtr connection = virConnectOpen(self->uri);
    g_autoptr(GError) local = NULL;

    if (connection) {
        virConnectSetKeepAlive(connection, 2, 3);
        return connection;
    }
    omen_libvirt_set_error(&local, "cannot be reached");
    refuse(error, OMEN_DESTINATION_ERROR_UNREACHABLE, self, local->message);
    return NULL;
}

static guint64
value_of(const virNodeMemoryStats *stats, int n_stats, const char *field)
{
    for (int i = 0; i < n_stats; i++) {
        if (strcmp(stats[i].field, field) == 0)
            return stats[i].value * 1024;
    }
    return 0;
}

/* What the kernel there could give: free memory, and what its caches hold. */
static gboolean
measure_memory(OmenDestination *self, virConnectPtr connection, guint64 *free_bytes, GError **error)
{
    g_autofree virNodeMemoryStats *stats = NULL;
    g_autoptr(GError) local = NULL;
    int n_stats = 0;

    if (virNodeGetMemoryStats(connection, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &n_stats, 0) ==
        0) {
        stats = g_new0(virNodeMemoryStats, (gsize) n_stats);
        if (virNodeGetMemoryStats(connection, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats, &n_stats,
                                  0) == 0) {
            *free_bytes = value_of(stats, n_stats, VIR_NODE_MEMORY_STATS_FREE) +
                          value_of(stats, n_stats, VIR_NODE_MEMORY_STATS_BUFFERS) +
                          value_of(stats, n_stats, VIR_NODE_MEMORY_STATS_CACHED);
            return TRUE;
        }
    }
    omen_libvirt_set_error(&local, "does not say how much memory is free");
    refuse(error, OMEN_DESTINATION_ERROR_UNREACHABLE, self, local->message);
    return FALSE;
}

static gboolean
check_room(OmenDestination *self,
           const OmenDestinationDemand *demand,
           guint64 free_bytes,
           GError **error)
{
    guint64 needed = demand->facts->memory_bytes + demand->reserve_bytes + demand->promised_bytes;
    g_autofree char *why = NULL;

    if (free_bytes >= needed)
        return TRUE;
    why = g_strdup_printf(
        "not enough memory: %.0f MiB free; the domain needs %.0f MiB, %.0f MiB are "
        "promised to others and %.0f MiB must stay free (memory_reserve_mib)",
        (double) free_bytes / MIB, (double) demand->facts->memory_bytes / MIB,
        (double) demand->promised_bytes / MIB, (double) demand->reserve_bytes / MIB);
    refuse(error, OMEN_DESTINATION_ERROR_NO_ROOM, self, why);
    return FALSE;
}

static gboolean
check_machine(OmenDestination *self,
              virConnectPtr connection,
              const OmenDomainFacts *facts,
              GError **error)
{
    char *capabilities = virConnectGetDomainCapabilities(connection, NULL, facts->arch,
                                                         facts->machine, facts->virt_type, 0);
    g_autoptr(GError) local = NULL;

    if (capabilities) {
        free(capabilities);
        return TRUE;
    }
    omen_libvirt_set_error(&local, "cannot run this machine type");
    refuse(error, OMEN_DESTINATION_ERROR_INCOMPATIBLE, self, local->message);
    return FALSE;
}

/* A host that can not compare (an emulated CPU, another architecture) is not held back for that:
 * libvirt itself checks once more at the start of the migration. */
static gboolean
check_cpu(OmenDestination *self,
          virConnectPtr connection,
          const OmenDomainFacts *facts,
          GError **error)
{
    int result;

    if (!facts->cpu_xml || facts->host_passthrough || !g_str_equal(facts->virt_type, "kvm"))
        return TRUE;
    result = virConnectCompareHypervisorCPU(connection, NULL, facts->arch, facts->machine,
                                            facts->virt_type, facts->cpu_xml, 0);
    if (result != VIR_CPU_COMPARE_INCOMPATIBLE)
        return TRUE;
    refuse(error, OMEN_DESTINATION_ERROR_INCOMPATIBLE, self, "its CPU can not run this domain");
    return FALSE;
}

static gboolean
check_conflict(OmenDestination *self,
               virConnectPtr connection,
               const OmenDomainFacts *facts,
               GError **error)
{
    g_autoptr(OmenVirDomain) same = virDomainLookupByUUIDString(connection, facts->uuid);

    if (same && virDomainIsActive(same) == 1) {
        refuse(error, OMEN_DESTINATION_ERROR_CONFLICT, self,
               "a domain with this UUID runs there already");
        return FALSE;
    }
    return TRUE;
}

gboolean
omen_destination_check(OmenDestination *self,
                       const OmenDestinationDemand *demand,
                       guint64 *free_bytes,
                       GError **error)
{
    g_autoptr(OmenVirConnect) connection = reach(self, error);
    guint64 memory = 0;

    if (!connection || !measure_memory(self, connection, &memory, error))
        return FALSE;
    if (free_bytes)
        *free_bytes = memory;
    if (!demand->facts)
        return TRUE;
    return check_conflict(self, connection, demand->facts, error) &&
           check_machine(self, connection, demand->facts, error) &&
           check_cpu(self, connection, demand->facts, error) &&
           check_room(self, demand, memory, error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/libvirt/destination.h"

#include <string.h>
#include <systemd/sd-bus.h>
#include <virt-omen/bus-names.h>

#define MIB             (1024.0 * 1024.0)
#define HEALTH_LIMIT_US (5 * G_USEC_PER_SEC)

G_DEFINE_QUARK(omen - destination - error - quark, omen_destination_error)

OmenDestination *
omen_destination_new(const OmenDestinationTerms *terms)
{
    OmenDestination *self = g_new0(OmenDestination, 1);

    g_atomic_ref_count_init(&self->references);
    self->name = g_strdup(terms->name);
    self->uri = g_strdup(terms->uri);
    self->migrate_uri = g_strdup(terms->migrate_uri ? terms->migrate_uri : "");
    self->bus = g_strdup(terms->bus ? terms->bus : "");
    self->labels = terms->labels ? g_strdupv(terms->labels) : g_new0(char *, 1);
    self->weight = terms->weight;
    self->max_domains = terms->max_domains;
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
    g_free(self->bus);
    g_strfreev(self->labels);
    g_free(self);
}

gboolean
omen_destination_has_labels(const OmenDestination *self, char **needs)
{
    for (; needs && *needs; needs++) {
        if (!g_strv_contains((const char *const *) self->labels, *needs))
            return FALSE;
    }
    return TRUE;
}

gboolean
omen_destination_is_confidential(const OmenDestination *self)
{
    return strstr(self->uri, "+tls:") || strstr(self->uri, "+ssh:") ||
           strstr(self->uri, "+libssh") || strstr(self->uri, "+unix:");
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
           const OmenDestinationSight *sight,
           GError **error)
{
    guint64 needed = demand->facts->memory_bytes + demand->reserve_bytes + demand->promised_bytes;
    guint64 vcpus = (guint64) sight->vcpus + demand->facts->vcpus;
    g_autofree char *why = NULL;

    if (sight->free_bytes < needed)
        why = g_strdup_printf(
            "not enough memory: %.0f MiB free; the domain needs %.0f MiB, %.0f MiB are "
            "promised to others and %.0f MiB must stay free (memory_reserve_mib)",
            (double) sight->free_bytes / MIB, (double) demand->facts->memory_bytes / MIB,
            (double) demand->promised_bytes / MIB, (double) demand->reserve_bytes / MIB);
    else if (demand->cpu_overcommit > 0 && vcpus > (guint64) sight->cpus * demand->cpu_overcommit)
        why = g_strdup_printf("too many virtual CPUs: %u run on %u CPUs already (cpu_overcommit)",
                              sight->vcpus, sight->cpus);
    else if (self->max_domains > 0 &&
             sight->n_domains + demand->promised_domains >= self->max_domains)
        why = g_strdup_printf(
            "%u domains run there or are on their way there: the limit is reached (max_domains)",
            sight->n_domains + demand->promised_domains);
    if (why)
        refuse(error, OMEN_DESTINATION_ERROR_NO_ROOM, self, why);
    return why == NULL;
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
    refuse(error, OMEN_DESTINATION_ERROR_INCOMPATIBLE, self, "its CPU cannot run this domain");
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

/* ---- networks, bridges and pools that the domain needs ---- */

static gboolean
has_network(virConnectPtr connection, const char *name)
{
    virNetworkPtr network = virNetworkLookupByName(connection, name);
    gboolean good = network && virNetworkIsActive(network) == 1;

    if (network)
        virNetworkFree(network);
    return good;
}

static gboolean
has_pool(virConnectPtr connection, const char *name)
{
    virStoragePoolPtr pool = virStoragePoolLookupByName(connection, name);
    gboolean good = pool && virStoragePoolIsActive(pool) == 1;

    if (pool)
        virStoragePoolFree(pool);
    return good;
}

/* Asked of the interfaces: libvirt's node devices are without bridges. A host that can not tell is
 * not held back for that. */
static gboolean
has_bridge(virConnectPtr connection, const char *name)
{
    virInterfacePtr bridge = virInterfaceLookupByName(connection, name);

    if (!bridge)
        return virGetLastErrorCode() != VIR_ERR_NO_INTERFACE;
    virInterfaceFree(bridge);
    return TRUE;
}

static gboolean
check_each(OmenDestination *self,
           virConnectPtr connection,
           char **names,
           gboolean (*has)(virConnectPtr, const char *),
           const char *what,
           GError **error)
{
    for (; names && *names; names++) {
        g_autofree char *why = NULL;
        if (has(connection, *names))
            continue;
        why = g_strdup_printf("it has no %s %s that is up", what, *names);
        refuse(error, OMEN_DESTINATION_ERROR_INCOMPATIBLE, self, why);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_labels(OmenDestination *self, const OmenDomainFacts *facts, GError **error)
{
    g_autofree char *needs = NULL;
    g_autofree char *why = NULL;

    if (omen_destination_has_labels(self, facts->wishes.needs))
        return TRUE;
    needs = g_strjoinv(", ", facts->wishes.needs);
    why = g_strdup_printf("it lacks labels that the domain needs: %s", needs);
    refuse(error, OMEN_DESTINATION_ERROR_INCOMPATIBLE, self, why);
    return FALSE;
}

/* ---- how it is itself ---- */

static void
count_domains(virConnectPtr connection, OmenDestinationSight *sight)
{
    virDomainPtr *domains = NULL;
    int n = virConnectListAllDomains(connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    for (int i = 0; i < n; i++) {
        virDomainInfo info;
        if (virDomainGetInfo(domains[i], &info) == 0)
            sight->vcpus += info.nrVirtCpu;
        virDomainFree(domains[i]);
    }
    free(domains);
    sight->n_domains = (guint) MAX(n, 0);
}

static gboolean
look(OmenDestination *self, virConnectPtr connection, OmenDestinationSight *sight, GError **error)
{
    virNodeInfo node;

    if (!measure_memory(self, connection, &sight->free_bytes, error))
        return FALSE;
    if (virNodeGetInfo(connection, &node) == 0)
        sight->cpus = node.cpus;
    virConnectGetLibVersion(connection, &sight->libvirt_version);
    virConnectGetVersion(connection, &sight->qemu_version);
    count_domains(connection, sight);
    return TRUE;
}

/* sd-bus, since it reaches a remote bus as well: unixexec, and EXTERNAL over TCP. */
static gboolean
ask_endangered(const char *address, gboolean *endangered)
{
    sd_bus *bus = NULL;
    int value = 0;
    gboolean good =
        sd_bus_new(&bus) >= 0 && sd_bus_set_address(bus, address) >= 0 &&
        sd_bus_set_bus_client(bus, TRUE) >= 0 &&
        sd_bus_set_method_call_timeout(bus, HEALTH_LIMIT_US) >= 0 && sd_bus_start(bus) >= 0 &&
        sd_bus_get_property_trivial(bus, OMEN_BUS_NAME, OMEN_BUS_LOCAL_HOST_PATH,
                                    OMEN_BUS_HOST_INTERFACE, "Endangered", NULL, 'b', &value) >= 0;

    *endangered = good && value != 0;
    sd_bus_close_unref(bus);
    return good;
}

/* Its virt-omend's word, where the configuration says how to reach it. One that does not answer is
 * no reason against the host: its libvirtd does. */
static gboolean
check_health(OmenDestination *self, GError **error)
{
    gboolean endangered = FALSE;

    if (!*self->bus)
        return TRUE;
    if (!ask_endangered(self->bus, &endangered))
        g_info("%s: its virt-omend does not answer at %s", self->name, self->bus);
    if (!endangered)
        return TRUE;
    refuse(error, OMEN_DESTINATION_ERROR_ENDANGERED, self,
           "it is endangered itself (virt-omen omens, there)");
    return FALSE;
}

gboolean
omen_destination_check(OmenDestination *self,
                       const OmenDestinationDemand *demand,
                       OmenDestinationSight *sight,
                       GError **error)
{
    g_autoptr(OmenVirConnect) connection = reach(self, error);
    const OmenDomainFacts *facts = demand->facts;
    OmenDestinationSight seen = {0};

    if (!connection || !look(self, connection, &seen, error))
        return FALSE;
    if (sight)
        *sight = seen;
    if (!facts)
        return check_health(self, error);
    return check_labels(self, facts, error) && check_conflict(self, connection, facts, error) &&
           check_machine(self, connection, facts, error) &&
           check_cpu(self, connection, facts, error) &&
           check_each(self, connection, facts->networks, has_network, "network", error) &&
           check_each(self, connection, facts->bridges, has_bridge, "bridge", error) &&
           check_each(self, connection, facts->pools, has_pool, "storage pool", error) &&
           check_room(self, demand, &seen, error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/libvirt/migration.h"

#include <string.h>

#define ARRIVAL_POLL_MS 20

G_DEFINE_QUARK(omen - migration - error - quark, omen_migration_error)

void
omen_migration_order_free(OmenMigrationOrder *self)
{
    g_free(self->source_uri);
    g_free(self->uuid);
    g_clear_pointer(&self->destination, omen_destination_unref);
    g_free(self);
}

static virConnectPtr
open_source(const char *uri, GError **error)
{
    virConnectPtr connection = virConnectOpen(uri);

    if (connection)
        virConnectSetKeepAlive(connection, 5, 3);
    else
        omen_libvirt_set_error(error, "cannot connect to libvirt on this host");
    return connection;
}

static virDomainPtr
look_up(virConnectPtr connection, const char *uuid, GError **error)
{
    virDomainPtr domain = virDomainLookupByUUIDString(connection, uuid);

    if (!domain)
        omen_libvirt_set_error(error, "the domain is gone");
    return domain;
}

static gboolean
check_state(virDomainPtr domain, GError **error)
{
    int state;
    int reason;
    g_autofree char *name = omen_libvirt_clean_name(virDomainGetName(domain));

    if (virDomainGetState(domain, &state, &reason, 0) < 0) {
        omen_libvirt_set_error(error, "cannot read the domain's state");
        return FALSE;
    }
    if (state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_IOERROR) {
        g_set_error(
            error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_MOVABLE,
            "it is paused by an I/O error, and would be lost if it were moved like that; mend "
            "its disk, resume it (virsh resume %s), then evacuate it again",
            name);
        return FALSE;
    }
    if (state == VIR_DOMAIN_SHUTOFF || state == VIR_DOMAIN_CRASHED) {
        g_set_error(error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_RUNNING,
                    "it does not run: there is nothing to move");
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_job(virDomainPtr domain, GError **error)
{
    virDomainJobInfo job;
    g_autofree char *name = omen_libvirt_clean_name(virDomainGetName(domain));

    if (virDomainGetJobInfo(domain, &job) == 0 &&
        (job.type == VIR_DOMAIN_JOB_BOUNDED || job.type == VIR_DOMAIN_JOB_UNBOUNDED)) {
        g_set_error(error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_MOVABLE,
                    "another libvirt job is running on it (virsh domjobinfo %s); wait for its end",
                    name);
        return FALSE;
    }
    return TRUE;
}

OmenDomainFacts *
omen_migration_examine(const char *source_uri, const char *uuid, GError **error)
{
    g_autoptr(OmenVirConnect) connection = open_source(source_uri, error);
    g_autoptr(OmenVirDomain) domain = connection ? look_up(connection, uuid, error) : NULL;
    g_autoptr(OmenDomainFacts) facts = NULL;

    if (!domain || !check_state(domain, error) || !check_job(domain, error))
        return NULL;
    facts = omen_domain_facts_new(domain, error);
    if (facts && facts->has_host_devices) {
        g_set_error(error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_MOVABLE,
                    "it uses devices of this host (hostdev), which cannot move with it");
        return NULL;
    }
    return g_steal_pointer(&facts);
}

/* QEMU 7.2 can not have post-copy together with several connections. */
static gboolean
may_post_copy(const OmenMigrationOrder *order)
{
    return (order->post_copy || omen_technique_is_post_copy(order->technique)) &&
           order->parallel_connections == 0;
}

static unsigned int
flags_for(virDomainPtr domain, const OmenMigrationOrder *order)
{
    unsigned int flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_ABORT_ON_ERROR;

    if (order->technique != OMEN_TECHNIQUE_PRE_COPY)
        flags |= VIR_MIGRATE_AUTO_CONVERGE;
    if (may_post_copy(order))
        flags |= VIR_MIGRATE_POSTCOPY;
    if (order->tls)
        flags |= VIR_MIGRATE_TLS;
    if (order->compress)
        flags |= VIR_MIGRATE_COMPRESSED;
    if (order->parallel_connections > 0)
        flags |= VIR_MIGRATE_PARALLEL;
    if (order->copy_disks)
        flags |= VIR_MIGRATE_NON_SHARED_DISK;
    if (order->resume)
        flags |= VIR_MIGRATE_POSTCOPY_RESUME;
    if (virDomainIsPersistent(domain) == 1)
        flags |= VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE;
    return flags;
}

static void
set_parameters(const OmenMigrationOrder *order, OmenVirParameters *parameters)
{
    if (*order->destination->migrate_uri)
        virTypedParamsAddString(&parameters->items, &parameters->n_items, &parameters->capacity,
                                VIR_MIGRATE_PARAM_URI, order->destination->migrate_uri);
    if (order->bandwidth_mib > 0)
        virTypedParamsAddULLong(&parameters->items, &parameters->n_items, &parameters->capacity,
                                VIR_MIGRATE_PARAM_BANDWIDTH, order->bandwidth_mib);
    if (order->parallel_connections > 0)
        virTypedParamsAddInt(&parameters->items, &parameters->n_items, &parameters->capacity,
                             VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS,
                             (int) order->parallel_connections);
    if (order->compress)
        virTypedParamsAddString(&parameters->items, &parameters->n_items, &parameters->capacity,
                                VIR_MIGRATE_PARAM_COMPRESSION, "xbzrle");
}

/* Why libvirt refused, with what to do where that is known; by its code. */
static void
set_migrate_error(GError **error)
{
    virErrorPtr last = virGetLastError();

    switch (last ? last->code : 0) {
    case VIR_ERR_MIGRATE_UNSAFE:
        omen_libvirt_set_error(error,
                               "its disks are not on storage that both hosts share, or are cached "
                               "unsafely");
        break;
    case VIR_ERR_HOOK_SCRIPT_FAILED:
        omen_libvirt_set_error(error, "the destination's libvirt hook refuses it");
        break;
    case VIR_ERR_OPERATION_ABORTED:
        omen_libvirt_set_error(error, "aborted");
        break;
    default:
        omen_libvirt_set_error(error, "the migration failed");
        break;
    }
}

static guint64
read_downtime(virDomainPtr domain)
{
    g_auto(OmenVirParameters) stats = {0};
    unsigned long long downtime_ms = 0;
    int type;

    if (virDomainGetJobStats(domain, &type, &stats.items, &stats.n_items,
                             VIR_DOMAIN_JOB_STATS_COMPLETED |
                                 VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED) == 0)
        virTypedParamsGetULLong(stats.items, stats.n_items, VIR_DOMAIN_JOB_DOWNTIME, &downtime_ms);
    return downtime_ms;
}

/* The source forgets a domain that has left; its new host knows how long it stood still. */
static guint64
ask_downtime(const OmenMigrationOrder *order)
{
    g_autoptr(OmenVirConnect) connection = virConnectOpen(order->destination->uri);
    g_autoptr(OmenVirDomain) domain =
        connection ? virDomainLookupByUUIDString(connection, order->uuid) : NULL;

    return domain ? read_downtime(domain) : 0;
}

OmenMigrationResult *
omen_migration_run(const OmenMigrationOrder *order, GError **error)
{
    g_autoptr(OmenVirConnect) connection = open_source(order->source_uri, error);
    g_autoptr(OmenVirDomain) domain = connection ? look_up(connection, order->uuid, error) : NULL;
    g_auto(OmenVirParameters) parameters = {0};
    OmenMigrationResult *result;

    if (!domain || (!order->resume && !check_state(domain, error)))
        return NULL;
    set_parameters(order, &parameters);
    if (virDomainMigrateToURI3(domain, order->destination->uri, parameters.items,
                               (unsigned int) parameters.n_items, flags_for(domain, order)) < 0) {
        set_migrate_error(error);
        return NULL;
    }
    result = g_new0(OmenMigrationResult, 1);
    result->downtime_ms = ask_downtime(order);
    return result;
}

static unsigned long long
stat_of(const OmenVirParameters *stats, const char *name)
{
    unsigned long long value = 0;

    virTypedParamsGetULLong(stats->items, stats->n_items, name, &value);
    return value;
}

/* Every field is optional: which are there depends on the stage, and on libvirt. */
static OmenMigrationProgress *
read_progress(virDomainPtr domain, const OmenVirParameters *stats)
{
    OmenMigrationProgress *progress = g_new0(OmenMigrationProgress, 1);
    unsigned long long total = stat_of(stats, VIR_DOMAIN_JOB_DATA_TOTAL);
    unsigned long long page = stat_of(stats, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE);
    unsigned long long limit_ms = 0;
    int state;
    int reason;

    progress->remaining_bytes = stat_of(stats, VIR_DOMAIN_JOB_DATA_REMAINING);
    if (total > 0)
        progress->progress =
            CLAMP(1.0 - (double) progress->remaining_bytes / (double) total, 0.0, 1.0);
    progress->bytes_per_second = (double) stat_of(stats, VIR_DOMAIN_JOB_MEMORY_BPS);
    progress->dirty_bytes_per_second = (double) stat_of(stats, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE) *
                                       (double) (page > 0 ? page : 4096);
    progress->passes = (guint) stat_of(stats, VIR_DOMAIN_JOB_MEMORY_ITERATION);
    progress->is_after = virDomainGetState(domain, &state, &reason, 0) == 0 &&
                         state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_POSTCOPY;
    if (virDomainMigrateGetMaxDowntime(domain, &limit_ms, 0) == 0)
        progress->downtime_limit_ms = (guint) limit_ms;
    return progress;
}

OmenMigrationProgress *
omen_migration_measure(virConnectPtr connection, const char *uuid, GError **error)
{
    g_autoptr(OmenVirDomain) domain = look_up(connection, uuid, error);
    g_auto(OmenVirParameters) stats = {0};
    int type;

    if (!domain)
        return NULL;
    if (virDomainGetJobStats(domain, &type, &stats.items, &stats.n_items, 0) < 0) {
        omen_libvirt_set_error(error, "cannot measure the migration");
        return NULL;
    }
    return read_progress(domain, &stats);
}

gboolean
omen_migration_steer(virConnectPtr connection,
                     const char *uuid,
                     const OmenPaceDecision *decision,
                     GError **error)
{
    g_autoptr(OmenVirDomain) domain = look_up(connection, uuid, error);
    int result = 0;

    if (!domain)
        return FALSE;
    if (decision->action == OMEN_PACE_RAISE_DOWNTIME)
        result = virDomainMigrateSetMaxDowntime(domain, decision->downtime_ms, 0);
    else if (decision->action == OMEN_PACE_SWITCH_TO_POST_COPY)
        result = virDomainMigrateStartPostCopy(domain, 0);
    if (result < 0)
        omen_libvirt_set_error(error, "cannot change the migration under way");
    return result == 0;
}

gboolean
omen_migration_abort(const char *source_uri, const char *uuid, GError **error)
{
    g_autoptr(OmenVirConnect) connection = open_source(source_uri, error);
    g_autoptr(OmenVirDomain) domain = connection ? look_up(connection, uuid, error) : NULL;

    if (!domain)
        return FALSE;
    if (virDomainAbortJob(domain) < 0) {
        omen_libvirt_set_error(error, "cannot abort the migration");
        return FALSE;
    }
    return TRUE;
}

static gboolean
runs(virConnectPtr connection, const char *uuid)
{
    g_autoptr(OmenVirDomain) domain = virDomainLookupByUUIDString(connection, uuid);
    int state;
    int reason;

    return domain && virDomainGetState(domain, &state, &reason, 0) == 0 &&
           state == VIR_DOMAIN_RUNNING;
}

gint64
omen_migration_await_arrival(const char *uri, const char *uuid, guint limit_ms)
{
    g_autoptr(OmenVirConnect) connection = virConnectOpen(uri);
    gint64 until_us = g_get_monotonic_time() + (gint64) limit_ms * 1000;

    while (connection && g_get_monotonic_time() < until_us) {
        if (runs(connection, uuid))
            return g_get_real_time();
        g_usleep(ARRIVAL_POLL_MS * 1000);
    }
    return 0;
}

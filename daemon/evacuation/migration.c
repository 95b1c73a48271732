/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/migration.h"

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

    if (virDomainGetState(domain, &state, &reason, 0) < 0) {
        omen_libvirt_set_error(error, "cannot read the domain's state");
        return FALSE;
    }
    if (state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_IOERROR) {
        g_set_error(
            error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_MOVABLE,
            "it is paused by an I/O error, and would be lost if it were moved like that; mend "
            "its disk, resume it (virsh resume %s), then evacuate it again",
            virDomainGetName(domain));
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

    if (virDomainGetJobInfo(domain, &job) == 0 &&
        (job.type == VIR_DOMAIN_JOB_BOUNDED || job.type == VIR_DOMAIN_JOB_UNBOUNDED)) {
        g_set_error(
            error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_MOVABLE,
            "another job of libvirt is at work on it (virsh domjobinfo %s); wait for its end",
            virDomainGetName(domain));
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
                    "it uses devices of this host (hostdev), which can't leave with it");
        return NULL;
    }
    return g_steal_pointer(&facts);
}

static unsigned int
flags_for(virDomainPtr domain)
{
    unsigned int flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_ABORT_ON_ERROR |
                         VIR_MIGRATE_AUTO_CONVERGE;

    if (virDomainIsPersistent(domain) == 1)
        flags |= VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE;
    return flags;
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
                             VIR_DOMAIN_JOB_STATS_COMPLETED) == 0)
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

    if (!domain || !check_state(domain, error))
        return NULL;
    if (*order->destination->migrate_uri)
        virTypedParamsAddString(&parameters.items, &parameters.n_items, &parameters.capacity,
                                VIR_MIGRATE_PARAM_URI, order->destination->migrate_uri);
    if (order->bandwidth_mib > 0)
        virTypedParamsAddULLong(&parameters.items, &parameters.n_items, &parameters.capacity,
                                VIR_MIGRATE_PARAM_BANDWIDTH, order->bandwidth_mib);
    if (virDomainMigrateToURI3(domain, order->destination->uri, parameters.items,
                               (unsigned int) parameters.n_items, flags_for(domain)) < 0) {
        set_migrate_error(error);
        return NULL;
    }
    result = g_new0(OmenMigrationResult, 1);
    result->downtime_ms = ask_downtime(order);
    return result;
}

OmenMigrationProgress *
omen_migration_measure(virConnectPtr connection, const char *uuid, GError **error)
{
    g_autoptr(OmenVirDomain) domain = look_up(connection, uuid, error);
    OmenMigrationProgress *progress;
    virDomainJobInfo job;

    if (!domain)
        return NULL;
    if (virDomainGetJobInfo(domain, &job) < 0) {
        omen_libvirt_set_error(error, "cannot measure the migration");
        return NULL;
    }
    progress = g_new0(OmenMigrationProgress, 1);
    progress->remaining_bytes = job.dataRemaining;
    if (job.dataTotal > 0)
        progress->progress = 1.0 - (double) job.dataRemaining / (double) job.dataTotal;
    progress->progress = CLAMP(progress->progress, 0.0, 1.0);
    return progress;
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/libvirt/domain-location.h"

OmenMigrationOutcome
omen_domain_location_judge(OmenDomainLocation at)
{
    if (at.here == OMEN_PRESENCE_BROKEN || at.there == OMEN_PRESENCE_BROKEN)
        return at.here == OMEN_PRESENCE_UNKNOWN || at.there == OMEN_PRESENCE_UNKNOWN
                   ? OMEN_MIGRATION_OUTCOME_OPEN
                   : OMEN_MIGRATION_OUTCOME_BROKEN;
    if (at.here == OMEN_PRESENCE_RUNNING && at.there == OMEN_PRESENCE_RUNNING)
        return OMEN_MIGRATION_OUTCOME_TWICE;
    if (at.here == OMEN_PRESENCE_RUNNING)
        return OMEN_MIGRATION_OUTCOME_STAYED;
    if (at.here == OMEN_PRESENCE_ABSENT && at.there == OMEN_PRESENCE_RUNNING)
        return OMEN_MIGRATION_OUTCOME_ARRIVED;
    return OMEN_MIGRATION_OUTCOME_OPEN;
}

OmenMigrationOutcome
omen_domain_location_judge_finally(OmenDomainLocation at)
{
    OmenMigrationOutcome outcome = omen_domain_location_judge(at);

    if (outcome != OMEN_MIGRATION_OUTCOME_OPEN)
        return outcome;
    if (at.here == OMEN_PRESENCE_PAUSED)
        return OMEN_MIGRATION_OUTCOME_PAUSED_HERE;
    if (at.here == OMEN_PRESENCE_ABSENT && at.there == OMEN_PRESENCE_PAUSED)
        return OMEN_MIGRATION_OUTCOME_PAUSED_THERE;
    if (at.here == OMEN_PRESENCE_ABSENT && at.there == OMEN_PRESENCE_ABSENT)
        return OMEN_MIGRATION_OUTCOME_NOWHERE;
    return OMEN_MIGRATION_OUTCOME_OPEN;
}

static OmenPresence
presence_of(virDomainPtr domain)
{
    virDomainJobInfo job;
    int state;
    int reason;

    if (virDomainGetState(domain, &state, &reason, 0) < 0)
        return OMEN_PRESENCE_UNKNOWN;
    if ((state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_POSTCOPY_FAILED) ||
        (state == VIR_DOMAIN_RUNNING && reason == VIR_DOMAIN_RUNNING_POSTCOPY_FAILED))
        return OMEN_PRESENCE_BROKEN;
    switch (state) {
    case VIR_DOMAIN_SHUTOFF:
    case VIR_DOMAIN_CRASHED:
    case VIR_DOMAIN_NOSTATE:
        return OMEN_PRESENCE_ABSENT;
    default:
        break;
    }
    if (virDomainGetJobInfo(domain, &job) == 0 &&
        (job.type == VIR_DOMAIN_JOB_BOUNDED || job.type == VIR_DOMAIN_JOB_UNBOUNDED))
        return OMEN_PRESENCE_IN_JOB;
    return state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED ? OMEN_PRESENCE_RUNNING
                                                                      : OMEN_PRESENCE_PAUSED;
}

static OmenPresence
ask_one(const char *uri, const char *uuid)
{
    g_autoptr(OmenVirConnect) connection = virConnectOpen(uri);
    g_autoptr(OmenVirDomain) domain = NULL;
    virErrorPtr last;

    if (!connection)
        return OMEN_PRESENCE_UNKNOWN;
    virConnectSetKeepAlive(connection, 2, 3);
    domain = virDomainLookupByUUIDString(connection, uuid);
    if (domain)
        return presence_of(domain);
    last = virGetLastError();
    return last && last->code == VIR_ERR_NO_DOMAIN ? OMEN_PRESENCE_ABSENT : OMEN_PRESENCE_UNKNOWN;
}

OmenDomainLocation
omen_domain_location_ask(const char *source_uri, const char *destination_uri, const char *uuid)
{
    /* The destination first: a domain that arrives between the two questions is then seen on
     * neither, which is open, and never on both, which would be a disaster that did not happen. */
    OmenPresence there = ask_one(destination_uri, uuid);
    OmenPresence here = ask_one(source_uri, uuid);

    return (OmenDomainLocation){here, there};
}

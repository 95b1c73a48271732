/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/libvirt/balloon.h"

#include "evacuation/libvirt/domain-facts.h"

#include <stdlib.h>

#define POLL_US        (G_USEC_PER_SEC / 5)
#define LIMIT_US       (10 * G_USEC_PER_SEC) /* a giver */
#define SPARE_SHARE    20                    /* of all memory, one part: then it is enough */
#define SLACK_KIB      1024
#define KIB            1024
#define MAX_NODE_STATS 16

void
omen_balloon_yield_clear(OmenBalloonYield *self)
{
    if (self->told)
        g_string_free(self->told, TRUE);
    self->told = NULL;
}

/* What the guest has now, in KiB; 0: not known. */
static guint64
read_balloon(virDomainPtr domain)
{
    virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
    int n = virDomainMemoryStats(domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);

    for (int i = 0; i < n; i++) {
        if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON)
            return stats[i].val;
    }
    return 0;
}

/* A guest gives its memory page by page, and may stop before it is all. */
static guint64
await_balloon(virDomainPtr domain, guint64 wanted_kib)
{
    gint64 until_us = g_get_monotonic_time() + LIMIT_US;
    guint64 now_kib = read_balloon(domain);

    while (now_kib > wanted_kib + SLACK_KIB && g_get_monotonic_time() < until_us) {
        g_usleep(POLL_US);
        now_kib = read_balloon(domain);
    }
    return now_kib;
}

static void
shrink(OmenBalloonYield *self, virDomainPtr domain, const OmenDomainFacts *facts)
{
    guint64 wanted_kib = facts->wishes.shrink_to_bytes / KIB;
    guint64 before_kib = read_balloon(domain);
    guint64 after_kib;
    g_autoptr(GError) error = NULL;

    if (before_kib <= wanted_kib + SLACK_KIB)
        return;
    if (virDomainSetMemoryFlags(domain, wanted_kib, VIR_DOMAIN_AFFECT_LIVE) < 0) {
        omen_libvirt_set_error(&error, "it could not be shrunk");
        g_string_append_printf(self->told, "%s%s: %s", self->told->len > 0 ? "; " : "", facts->name,
                               error->message);
        return;
    }
    after_kib = await_balloon(domain, wanted_kib);
    if (after_kib >= before_kib)
        return;
    self->freed_bytes += (before_kib - after_kib) * KIB;
    g_string_append_printf(self->told,
                           "%s%s gave %" G_GUINT64_FORMAT " MiB (virsh setmem %s %" G_GUINT64_FORMAT
                           " --live gives them back)",
                           self->told->len > 0 ? "; " : "", facts->name,
                           (before_kib - after_kib) / KIB, facts->name, before_kib);
}

static void
ask(OmenBalloonYield *self, virDomainPtr domain, const char *except_uuid)
{
    char *xml = virDomainGetXMLDesc(domain, 0);
    g_autoptr(OmenDomainFacts) facts = xml ? omen_domain_facts_new_from_xml(xml, NULL) : NULL;

    free(xml);
    if (!facts || facts->wishes.shrink_to_bytes == 0 || g_str_equal(facts->uuid, except_uuid))
        return;
    self->n_givers++;
    shrink(self, domain, facts);
}

/* Free, or only in use for caches. */
static gboolean
has_spare_memory(virConnectPtr connection)
{
    virNodeMemoryStats stats[MAX_NODE_STATS];
    int n = MAX_NODE_STATS;
    guint64 total = 0;
    guint64 spare = 0;

    if (virNodeGetMemoryStats(connection, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats, &n, 0) < 0)
        return FALSE;
    for (int i = 0; i < n; i++) {
        if (g_str_equal(stats[i].field, VIR_NODE_MEMORY_STATS_TOTAL))
            total = stats[i].value;
        else
            spare += stats[i].value;
    }
    return spare > total / SPARE_SHARE;
}

void
omen_balloon_reclaim(OmenBalloonYield *self, virConnectPtr connection, const char *except_uuid)
{
    virDomainPtr *domains = NULL;
    int n = virConnectListAllDomains(connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    self->told = g_string_new(NULL);
    for (int i = 0; i < n; i++) {
        ask(self, domains[i], except_uuid);
        virDomainFree(domains[i]);
    }
    free(domains); /* NOLINT(bugprone-multi-level-implicit-pointer-conversion) */
    self->is_enough = has_spare_memory(connection);
}

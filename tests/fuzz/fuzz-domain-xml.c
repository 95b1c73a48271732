/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's definition, which whoever may define domains writes: its disks, what a destination
 * must offer, its owner's wishes, and by which ways its guest is heard. */
#include "fuzz.h"

#include "evacuation/libvirt/domain-facts.h"
/* Its parser is nobody else's. */
#include "hypervisor/domain-ways.c"
#include "topology/domain-disks.h"

#include <libxml/xmlerror.h>

static void
be_silent(void *context G_GNUC_UNUSED, const char *message G_GNUC_UNUSED, ...)
{
}

static void
check_disks(const char *xml)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenDomainDisks) disks = omen_domain_disks_new_from_xml(xml, &error);

    if (!disks == !error)
        g_error("neither disks nor an error");
    for (guint i = 0; disks && i < disks->disks->len; i++) {
        const OmenDomainDisk *disk = g_ptr_array_index(disks->disks, i);
        if (!disk->target || !disk->path || disk->kind > OMEN_DISK_UNKNOWN)
            g_error("a disk of no kind");
    }
}

static void
check_facts(const char *xml)
{
    g_autoptr(OmenDomainFacts) facts = omen_domain_facts_new_from_xml(xml, NULL);
    g_autoptr(OmenDomainFacts) copy = facts ? omen_domain_facts_copy(facts) : NULL;

    if (!facts)
        return;
    if (facts->wishes.priority < 1 || facts->wishes.priority > 1000)
        g_error("an importance of %u", facts->wishes.priority);
    if (!facts->wishes.problem || strpbrk(facts->wishes.problem, "\n\r\x1b"))
        g_error("words that are not clean");
    g_assert_cmpstr(copy->wishes.group, ==, facts->wishes.group);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *xml = g_strndup((const char *) data, size);
    g_autoptr(OmenDomainWays) ways = NULL;

    xmlSetGenericErrorFunc(NULL, be_silent);
    check_disks(xml);
    check_facts(xml);
    ways = parse_ways(xml);
    if (ways && !ways->serial_log)
        g_error("no name of a log");
    return 0;
}

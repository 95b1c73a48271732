/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a destination must offer to a domain, taken from its live definition. */
#pragma once

#include "evacuation/plan/technique.h"
#include "hypervisor/libvirt-types.h"

G_BEGIN_DECLS

#define OMEN_DOMAIN_FACTS_ERROR (omen_domain_facts_error_quark())
GQuark omen_domain_facts_error_quark(void);

typedef enum {
    OMEN_DOMAIN_FACTS_ERROR_BAD_XML,
} OmenDomainFactsError;

/* What the domain's owner wishes, in the metadata of its definition:
 *   <metadata><evacuation xmlns="https://virt-omen.org/xmlns/evacuation/1" priority="5"
 *     never-move="yes" technique="post-copy" group="db" needs="ssd;rack-2"
 *     shutdown-instead="yes" shrink-to="512"/></metadata>
 * each attribute may be left out. */
#define OMEN_WISHES_NAMESPACE "https://virt-omen.org/xmlns/evacuation/1"

typedef struct {
    guint priority; /* importance, 1 to 1000; 1 if nothing is said */
    gboolean never_move;
    gboolean shutdown_instead;
    OmenTechnique technique;
    guint64 shrink_to_bytes; /* its balloon may take the rest where memory is short; 0: no */
    char *group;             /* anti-affinity; "": none */
    char **needs;            /* labels that a destination must have */
    char *problem;           /* what could not be understood and is ignored; "" */
} OmenWishes;

typedef struct {
    char *uuid;
    char *name;
    char *virt_type;           /* "kvm", "qemu" */
    char *arch;                /* "x86_64" */
    char *machine;             /* "pc-q35-7.2" */
    char *cpu_xml;             /* <cpu>...</cpu> as it runs; NULL: none given */
    gboolean host_passthrough; /* its CPU is the host's own: no comparison is reliable */
    guint64 memory_bytes;
    guint64 transfer_bytes; /* of memory that is in use, to be sent; 0: not known */
    guint64 disk_bytes;     /* of local disks, which must be copied */
    double dirty_bytes_per_second;
    guint vcpus;
    gboolean has_host_devices; /* PCI and the like: can't leave */
    char **networks;           /* libvirt networks that it is on */
    char **bridges;            /* bridges that it is on */
    char **pools;              /* storage pools that its disks are in */
    char **local_files;        /* disks in files, or on block devices: local or shared */
    OmenWishes wishes;
} OmenDomainFacts;

OmenDomainFacts *omen_domain_facts_copy(const OmenDomainFacts *self);
void omen_domain_facts_free(OmenDomainFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDomainFacts, omen_domain_facts_free)

/* Pure: from a domain's XML (https://libvirt.org/formatdomain.html). */
OmenDomainFacts *omen_domain_facts_new_from_xml(const char *xml, GError **error);

/* Asks libvirt, also for what is not in the XML but the dirty rate: for worker threads. */
OmenDomainFacts *omen_domain_facts_new(virDomainPtr domain, GError **error);

/* Has QEMU measure for @seconds (>= 1) how fast the guest dirties its memory. For worker threads.
 */
gboolean omen_domain_start_dirty_rate(virDomainPtr domain, guint seconds);

/* What it found, in bytes a second; -1: nothing (yet). */
double omen_domain_read_dirty_rate(virDomainPtr domain);

G_END_DECLS

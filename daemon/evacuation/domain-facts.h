/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a destination must offer to a domain, taken from its live definition. */
#pragma once

#include "hypervisor/libvirt-types.h"

G_BEGIN_DECLS

#define OMEN_DOMAIN_FACTS_ERROR (omen_domain_facts_error_quark())
GQuark omen_domain_facts_error_quark(void);

typedef enum {
    OMEN_DOMAIN_FACTS_ERROR_BAD_XML,
} OmenDomainFactsError;

typedef struct {
    char *uuid;
    char *name;
    char *virt_type;           /* "kvm", "qemu" */
    char *arch;                /* "x86_64" */
    char *machine;             /* "pc-q35-7.2" */
    char *cpu_xml;             /* <cpu>...</cpu> as it runs; NULL: none given */
    gboolean host_passthrough; /* its CPU is the host's own: no comparison is reliable */
    guint64 memory_bytes;
    gboolean has_host_devices; /* PCI and the like: can't leave */
} OmenDomainFacts;

void omen_domain_facts_free(OmenDomainFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDomainFacts, omen_domain_facts_free)

/* Pure: from a domain's XML (https://libvirt.org/formatdomain.html). */
OmenDomainFacts *omen_domain_facts_new_from_xml(const char *xml, GError **error);

/* Asks libvirt: for worker threads. */
OmenDomainFacts *omen_domain_facts_new(virDomainPtr domain, GError **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's types with automatic clean-up, and its errors as GErrors. */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

G_BEGIN_DECLS

typedef virConnect OmenVirConnect;
typedef virDomain OmenVirDomain;

static inline void
omen_vir_connect_unref(virConnectPtr connection)
{
    virConnectClose(connection);
}

static inline void
omen_vir_domain_unref(virDomainPtr domain)
{
    virDomainFree(domain);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenVirConnect, omen_vir_connect_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenVirDomain, omen_vir_domain_unref)

/* A growing list of typed parameters. */
typedef struct {
    virTypedParameterPtr items;
    int n_items;
    int capacity;
} OmenVirParameters;

static inline void
omen_vir_parameters_clear(OmenVirParameters *self)
{
    virTypedParamsFree(self->items, self->n_items);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OmenVirParameters, omen_vir_parameters_clear)

/* Errors of libvirt: the code is its virErrorNumber (VIR_ERR_NO_DOMAIN ...). Match on codes, never
 * on texts: these change from version to version. */
#define OMEN_LIBVIRT_ERROR (omen_libvirt_error_quark())
GQuark omen_libvirt_error_quark(void);

/* Sets @error from this thread's last libvirt error: "WHAT: libvirt's words", sanitised. */
void omen_libvirt_set_error(GError **error, const char *what);

/* A domain's name, fit to be shown: who defines a domain chooses it, and libvirt refuses little.
 * Here a domain has no other name; libvirt is asked by UUID. (transfer full) */
char *omen_libvirt_clean_name(const char *name);

G_END_DECLS

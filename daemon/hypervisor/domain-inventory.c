/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/domain-inventory.h"

#include <string.h>

void
omen_domain_info_free(OmenDomainInfo *self)
{
    g_free(self->name);
    g_free(self);
}

gboolean
omen_domain_info_is_active(const OmenDomainInfo *self)
{
    return self->state != VIR_DOMAIN_NOSTATE && self->state != VIR_DOMAIN_SHUTOFF &&
           self->state != VIR_DOMAIN_CRASHED;
}

const char *
omen_domain_info_get_state_name(const OmenDomainInfo *self)
{
    static const char *const names[] = {
        [VIR_DOMAIN_NOSTATE] = "unknown",      [VIR_DOMAIN_RUNNING] = "running",
        [VIR_DOMAIN_BLOCKED] = "idle",         [VIR_DOMAIN_PAUSED] = "paused",
        [VIR_DOMAIN_SHUTDOWN] = "in shutdown", [VIR_DOMAIN_SHUTOFF] = "shut off",
        [VIR_DOMAIN_CRASHED] = "crashed",      [VIR_DOMAIN_PMSUSPENDED] = "pmsuspended",
    };

    if (self->state < 0 || (gsize) self->state >= G_N_ELEMENTS(names))
        return "unknown";
    return names[self->state];
}

void
omen_inventory_request_free(gpointer data)
{
    OmenInventoryRequest *self = data;

    g_free(self->uri);
    g_clear_pointer(&self->event_address, self->free_address);
    g_clear_pointer(&self->closed_address, self->free_address);
    g_free(self);
}

void
omen_inventory_free(OmenInventory *self)
{
    g_clear_pointer(&self->infos, g_ptr_array_unref);
    if (self->connection) {
        omen_domain_events_deregister(self->connection, &self->event_ids);
        if (self->on_closed)
            virConnectUnregisterCloseCallback(self->connection, self->on_closed);
        virConnectClose(self->connection);
    }
    g_free(self);
}

static void
set_connect_error(GError **error, const char *uri)
{
    virErrorPtr last = virGetLastError();
    g_autofree char *what = NULL;

    if (last && last->code == VIR_ERR_AUTH_FAILED)
        what = g_strdup_printf(
            "no permission to speak to libvirt at %s; run virt-omend as root, or add "
            "its user to the group libvirt",
            uri);
    else
        what = g_strdup_printf("cannot connect to libvirt at %s; is libvirtd running? "
                               "(systemctl status libvirtd)",
                               uri);
    omen_libvirt_set_error(error, what);
}

static gboolean
listen_to_events(OmenInventory *inventory, OmenInventoryRequest *request, GError **error)
{
    virConnectPtr connection = inventory->connection;

    /* Drivers without a network (test:///) have neither keepalive nor a connection to lose; and
     * libvirt would take a callback for its loss, and forget it. */
    if (virConnectSetKeepAlive(connection, request->keepalive_interval_s,
                               request->keepalive_count) >= 0 &&
        virConnectRegisterCloseCallback(connection, request->on_closed, request->closed_address,
                                        request->free_address) == 0) {
        request->closed_address = NULL;
        inventory->on_closed = request->on_closed;
    }
    return omen_domain_events_register(connection, &inventory->event_ids, request->monitor_events,
                                       request->on_event, g_steal_pointer(&request->event_address),
                                       request->free_address, error);
}

static OmenDomainInfo *
describe(virDomainPtr domain, GError **error)
{
    g_autoptr(OmenDomainInfo) self = g_new0(OmenDomainInfo, 1);
    virDomainInfo info;

    self->name = omen_libvirt_clean_name(virDomainGetName(domain));
    if (virDomainGetUUIDString(domain, self->uuid) < 0 ||
        virDomainGetState(domain, &self->state, &self->reason, 0) < 0 ||
        virDomainGetInfo(domain, &info) < 0) {
        omen_libvirt_set_error(error, self->name);
        return NULL;
    }
    self->persistent = virDomainIsPersistent(domain) == 1;
    self->memory_bytes = (guint64) info.maxMem * 1024;
    return g_steal_pointer(&self);
}

static GPtrArray *
list_domains(virConnectPtr connection, GError **error)
{
    g_autoptr(GPtrArray) infos =
        g_ptr_array_new_with_free_func((GDestroyNotify) omen_domain_info_free);
    virDomainPtr *domains = NULL;
    int n_domains = virConnectListAllDomains(connection, &domains, 0);

    if (n_domains < 0) {
        omen_libvirt_set_error(error, "cannot list the domains");
        return NULL;
    }
    for (int i = 0; i < n_domains; i++) {
        /* One that goes away meanwhile is told by an event. */
        OmenDomainInfo *info = describe(domains[i], NULL);
        if (info)
            g_ptr_array_add(infos, info);
        virDomainFree(domains[i]);
    }
    free(domains);
    return g_steal_pointer(&infos);
}

gpointer
omen_domain_inventory_work(gpointer data, GError **error)
{
    OmenInventoryRequest *request = data;
    g_autoptr(OmenInventory) inventory = g_new0(OmenInventory, 1);

    memset(&inventory->event_ids, 0xff, sizeof inventory->event_ids);
    inventory->connection = virConnectOpen(request->uri);
    if (!inventory->connection) {
        set_connect_error(error, request->uri);
        return NULL;
    }
    if (!listen_to_events(inventory, request, error))
        return NULL;
    inventory->infos = list_domains(inventory->connection, error);
    return inventory->infos ? g_steal_pointer(&inventory) : NULL;
}

gpointer
omen_domain_inventory_close_work(gpointer data, GError **error G_GNUC_UNUSED)
{
    omen_inventory_free(data);
    return NULL;
}

typedef struct {
    virConnectPtr connection;
    char uuid[VIR_UUID_STRING_BUFLEN];
} Lookup;

gpointer
omen_domain_lookup_new(virConnectPtr connection, const char *uuid)
{
    Lookup *self = g_new0(Lookup, 1);

    self->connection = connection;
    g_strlcpy(self->uuid, uuid, sizeof self->uuid);
    return self;
}

void
omen_domain_lookup_free(gpointer data)
{
    Lookup *self = data;

    virConnectClose(self->connection);
    g_free(self);
}

gpointer
omen_domain_lookup_work(gpointer data, GError **error)
{
    Lookup *self = data;
    g_autoptr(OmenVirDomain) domain = virDomainLookupByUUIDString(self->connection, self->uuid);

    if (!domain) {
        omen_libvirt_set_error(error, self->uuid);
        return NULL;
    }
    return describe(domain, error);
}

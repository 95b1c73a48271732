/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/domain-storage.h"

#include "topology/domain-trouble.h"

OmenReachRequest *
omen_reach_request_new(virConnectPtr connection, const OmenDeviceQuestion *question)
{
    OmenReachRequest *self = g_new0(OmenReachRequest, 1);

    self->connection = connection;
    self->question = *question;
    self->question.names = g_strdupv(question->names);
    return self;
}

OmenReachRequest *
omen_reach_request_new_of_domain(virConnectPtr connection, const char *uuid, const char *line)
{
    OmenReachRequest *self = g_new0(OmenReachRequest, 1);

    self->connection = connection;
    self->uuid = g_strdup(uuid);
    self->line = g_strdup(line);
    return self;
}

void
omen_reach_request_count(OmenReachRequest *self, gint *n_begun)
{
    g_atomic_int_inc(n_begun);
    self->n_begun = g_atomic_rc_box_acquire(n_begun);
}

void
omen_reach_request_free(gpointer data)
{
    OmenReachRequest *self = data;

    if (self->connection)
        virConnectClose(self->connection);
    if (self->n_begun) {
        g_atomic_int_add(self->n_begun, -1);
        g_atomic_rc_box_release(self->n_begun);
    }
    g_strfreev(self->question.names);
    g_free(self->uuid);
    g_free(self->line);
    g_free(self);
}

/* The path of a volume; what libvirt does not tell stays unknown. */
static void
locate_volume(virConnectPtr connection, OmenDomainDisk *disk)
{
    virStoragePoolPtr pool = virStoragePoolLookupByName(connection, disk->pool);
    virStorageVolPtr volume = pool ? virStorageVolLookupByName(pool, disk->volume) : NULL;
    char *path = volume ? virStorageVolGetPath(volume) : NULL;
    char *xml = pool ? virStoragePoolGetXMLDesc(pool, 0) : NULL;

    if (xml)
        omen_domain_disk_set_pool(disk, xml);
    free(xml);
    if (path && disk->kind == OMEN_DISK_VOLUME)
        omen_domain_disk_set_path(disk, path);
    free(path);
    if (volume)
        virStorageVolFree(volume);
    if (pool)
        virStoragePoolFree(pool);
}

/* NULL: it does not run any more. */
static OmenDomainDisks *
read_domain(virConnectPtr connection, virDomainPtr domain)
{
    char *xml = virDomainGetXMLDesc(domain, 0);
    OmenDomainDisks *disks = xml ? omen_domain_disks_new_from_xml(xml, NULL) : NULL;
    char uuid[VIR_UUID_STRING_BUFLEN] = "";

    free(xml);
    if (disks) {
        for (guint i = 0; i < disks->disks->len; i++) {
            OmenDomainDisk *disk = g_ptr_array_index(disks->disks, i);
            if (disk->kind == OMEN_DISK_VOLUME)
                locate_volume(connection, disk);
        }
        return disks;
    }
    if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN || virDomainGetUUIDString(domain, uuid) < 0)
        return NULL;
    return omen_domain_disks_new(uuid, virDomainGetName(domain));
}

static GPtrArray *
read_domains(virConnectPtr connection, GError **error)
{
    g_autoptr(GPtrArray) all =
        g_ptr_array_new_with_free_func((GDestroyNotify) omen_domain_disks_free);
    virDomainPtr *domains = NULL;
    int n = virConnectListAllDomains(connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    if (n < 0) {
        omen_libvirt_set_error(error, "cannot list the domains");
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        OmenDomainDisks *disks = read_domain(connection, domains[i]);
        if (disks)
            g_ptr_array_add(all, disks);
        virDomainFree(domains[i]);
    }
    free(domains);
    return g_steal_pointer(&all);
}

static OmenDeviceReach *
find_of_domain(const OmenReachRequest *request, GError **error)
{
    g_autoptr(OmenVirDomain) domain =
        virDomainLookupByUUIDString(request->connection, request->uuid);
    g_autoptr(OmenDomainDisks) disks = domain ? read_domain(request->connection, domain) : NULL;
    g_autoptr(OmenStorage) storage = NULL;

    if (!disks) {
        omen_libvirt_set_error(error, "cannot look at the domain's disks");
        return NULL;
    }
    storage = omen_storage_read("");
    return omen_domain_trouble_find(storage, disks, request->line);
}

static gboolean
is_connected(const OmenReachRequest *request, GError **error)
{
    if (!request->connection)
        g_set_error(error, OMEN_LIBVIRT_ERROR, VIR_ERR_NO_CONNECT, "there is no libvirt to ask");
    return request->connection != NULL;
}

gpointer
omen_domain_storage_reach_work(gpointer data, GError **error)
{
    OmenReachRequest *request = data;
    g_autoptr(OmenStorage) storage = NULL;
    g_autoptr(GPtrArray) domains = NULL;

    if (!is_connected(request, error))
        return NULL;
    if (request->uuid)
        return find_of_domain(request, error);
    domains = read_domains(request->connection, error);
    if (!domains)
        return NULL;
    storage = omen_storage_read("");
    return omen_device_reach_find(storage, &request->question, domains);
}

gpointer
omen_domain_storage_ids_work(gpointer data, GError **error)
{
    OmenReachRequest *request = data;
    g_autoptr(OmenStorage) storage = NULL;
    g_autoptr(GPtrArray) domains = NULL;

    if (!is_connected(request, error) || !(domains = read_domains(request->connection, error)))
        return NULL;
    storage = omen_storage_read("");
    return omen_storage_ids_new(storage, domains);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/storage-ids.h"

#include <string.h>

static GPtrArray *
new_ids(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

static void
add_once(GPtrArray *ids, const char *id)
{
    if (*id && ids->len < OMEN_STORAGE_MAX_IDS &&
        !g_ptr_array_find_with_equal_func(ids, id, g_str_equal, NULL))
        g_ptr_array_add(ids, g_strdup(id));
}

/* Of whatever lies below a device, also through LVM and multipath. */
static void
add_devices(const OmenStorage *storage, GPtrArray *devices, GPtrArray *ids)
{
    g_autoptr(GHashTable) below =
        omen_block_graph_descend(omen_storage_get_graph(storage), devices);
    GHashTableIter iter;
    gpointer device;

    g_hash_table_iter_init(&iter, below);
    while (g_hash_table_iter_next(&iter, &device, NULL))
        add_once(ids, ((const OmenBlockDevice *) device)->remote_id);
}

static GPtrArray *
find_of_domain(const OmenStorage *storage, const OmenDomainDisks *domain)
{
    GPtrArray *ids = new_ids();

    for (guint i = 0; i < domain->disks->len; i++) {
        const OmenDomainDisk *disk = g_ptr_array_index(domain->disks, i);
        g_auto(OmenPlace) place = {0};
        add_once(ids, disk->remote_id);
        if (disk->kind != OMEN_DISK_PATH)
            continue;
        omen_storage_locate(storage, disk->path, &place);
        add_once(ids, place.remote_id);
        add_devices(storage, place.devices, ids);
    }
    return ids;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static void
add_known_devices(OmenStorageIds *self, const OmenStorage *storage)
{
    g_autoptr(GPtrArray) devices = omen_block_graph_list(omen_storage_get_graph(storage));

    for (guint i = 0; i < devices->len; i++) {
        g_autoptr(GPtrArray) one = g_ptr_array_new();
        g_autoptr(GPtrArray) ids = new_ids();
        OmenBlockDevice *device = g_ptr_array_index(devices, i);
        g_ptr_array_add(one, device);
        add_devices(storage, one, ids);
        if (ids->len > 0)
            g_hash_table_insert(self->of_device, g_strdup(device->name),
                                g_strdup(g_ptr_array_index(ids, 0)));
    }
}

OmenStorageIds *
omen_storage_ids_new(const OmenStorage *storage, GPtrArray *domains)
{
    OmenStorageIds *self = g_new0(OmenStorageIds, 1);

    self->of_domain =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
    self->of_device = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->all = new_ids();
    for (guint i = 0; i < domains->len; i++) {
        const OmenDomainDisks *domain = g_ptr_array_index(domains, i);
        GPtrArray *ids = find_of_domain(storage, domain);
        for (guint j = 0; j < ids->len; j++)
            add_once(self->all, g_ptr_array_index(ids, j));
        g_hash_table_replace(self->of_domain, g_strdup(domain->uuid), ids);
    }
    g_ptr_array_sort(self->all, compare);
    add_known_devices(self, storage);
    return self;
}

void
omen_storage_ids_free(OmenStorageIds *self)
{
    g_hash_table_unref(self->of_domain);
    g_hash_table_unref(self->of_device);
    g_ptr_array_unref(self->all);
    g_free(self);
}

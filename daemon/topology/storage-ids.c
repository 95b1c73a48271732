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

/* ---- what an omen is about ---- */

static gboolean
is_of_name(char letter)
{
    return g_ascii_isalnum(letter) || letter == '.' || letter == '-';
}

/* As a word of its own: 10.0.0.1 is not in 10.0.0.17. */
static gboolean
has_word(const char *line, const char *word)
{
    gsize length = strlen(word);

    for (const char *at = strstr(line, word); at; at = strstr(at + 1, word)) {
        gboolean ends =
            !is_of_name(at[length]) || (at[length] == '.' && !is_of_name(at[length + 1]));
        if (ends && (at == line || !is_of_name(at[-1])))
            return TRUE;
    }
    return FALSE;
}

/* The line names the server: "nfs: server nas1 not responding" of "nfs nas1:/export". */
static gboolean
is_named(const char *line, const char *id)
{
    const char *blank = strchr(id, ' ');
    g_autofree char *server = blank ? g_strndup(blank + 1, strcspn(blank + 1, ":")) : NULL;

    return server && *server && has_word(line, server);
}

/* (nullable), borrowed: that which the line names; else the first, if @may_guess. */
static const char *
choose(const char *line, const GPtrArray *ids, gboolean may_guess)
{
    for (guint i = 0; ids && i < ids->len; i++) {
        if (is_named(line, g_ptr_array_index(ids, i)))
            return g_ptr_array_index(ids, i);
    }
    return ids && ids->len > 0 && may_guess ? g_ptr_array_index(ids, 0) : NULL;
}

static const char *
find_of_device(const OmenStorageIds *self, const OmenStorageTrouble *trouble)
{
    const OmenDeviceReach *reach = trouble->reach;
    const char *id = g_hash_table_lookup(self->of_device, trouble->device);

    for (guint i = 0; !id && reach && reach->devices[i]; i++)
        id = g_hash_table_lookup(self->of_device, reach->devices[i]);
    return id;
}

static const char *
find_of_users(const OmenStorageIds *self, const OmenStorageTrouble *trouble)
{
    const OmenDeviceReach *reach = trouble->reach;
    const char *id = NULL;

    for (guint i = 0; reach && reach->is_shared && !id && i < reach->uses->len; i++) {
        const OmenDeviceUse *use = g_ptr_array_index(reach->uses, i);
        id = choose(trouble->line, g_hash_table_lookup(self->of_domain, use->uuid), TRUE);
    }
    return id;
}

const char *
omen_storage_ids_find(const OmenStorageIds *self, const OmenStorageTrouble *trouble)
{
    const OmenDeviceReach *reach = trouble->reach;
    const char *id = NULL;

    if (self) {
        id = find_of_device(self, trouble);
        id = id ? id : find_of_users(self, trouble);
        id = id ? id : choose(trouble->line, self->all, FALSE);
    }
    if (id)
        return id;
    return reach && !reach->is_shared && (trouble->is_of_domain || reach->devices[0]) ? NULL : "";
}

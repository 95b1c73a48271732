/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/block-graph.h"

#define MAX_DEVICES 65536
#define MAX_LINKS   (4 * MAX_DEVICES)
#define MAX_HANDLES (8 * MAX_DEVICES)

struct _OmenBlockGraph {
    GHashTable *by_name;   /* char * -> OmenBlockDevice */
    GHashTable *by_handle; /* char *, in lower case -> GPtrArray of OmenBlockDevice */
    GHashTable *by_number; /* -> OmenBlockDevice */
    guint n_links;
    guint n_handles;
};

static void
block_device_free(gpointer data)
{
    OmenBlockDevice *self = data;

    g_free(self->name);
    g_free(self->label);
    g_free(self->backing_file);
    g_free(self->remote_id);
    g_ptr_array_unref(self->below);
    g_ptr_array_unref(self->above);
    g_free(self);
}

OmenBlockGraph *
omen_block_graph_new(void)
{
    OmenBlockGraph *self = g_new0(OmenBlockGraph, 1);

    self->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, block_device_free);
    self->by_handle =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
    self->by_number = g_hash_table_new(NULL, NULL);
    return self;
}

void
omen_block_graph_free(OmenBlockGraph *self)
{
    g_hash_table_unref(self->by_number);
    g_hash_table_unref(self->by_handle);
    g_hash_table_unref(self->by_name);
    g_free(self);
}

OmenBlockDevice *
omen_block_graph_add(OmenBlockGraph *self, const char *name)
{
    OmenBlockDevice *device = omen_block_graph_lookup(self, name);

    if (device || g_hash_table_size(self->by_name) >= MAX_DEVICES)
        return device;
    device = g_new0(OmenBlockDevice, 1);
    device->name = g_strdup(name);
    device->label = g_strdup("");
    device->backing_file = g_strdup("");
    device->remote_id = g_strdup("");
    device->below = g_ptr_array_new();
    device->above = g_ptr_array_new();
    g_hash_table_insert(self->by_name, device->name, device);
    return device;
}

void
omen_block_graph_link(OmenBlockGraph *self, OmenBlockDevice *device, OmenBlockDevice *below)
{
    /* Both ends tell of a link: of a disk with many volumes the volume's side is the short one. */
    if (device == below || self->n_links >= MAX_LINKS ||
        g_ptr_array_find(device->below, below, NULL))
        return;
    self->n_links++;
    g_ptr_array_add(device->below, below);
    g_ptr_array_add(below->above, device);
}

void
omen_block_graph_add_handle(OmenBlockGraph *self, const char *handle, OmenBlockDevice *device)
{
    g_autofree char *key = g_ascii_strdown(handle, -1);
    GPtrArray *devices = g_hash_table_lookup(self->by_handle, key);

    if (self->n_handles >= MAX_HANDLES)
        return;
    self->n_handles++;
    if (!devices) {
        devices = g_ptr_array_new();
        g_hash_table_insert(self->by_handle, g_steal_pointer(&key), devices);
    }
    /* A device's handles are told together. */
    if (devices->len == 0 || g_ptr_array_index(devices, devices->len - 1) != device)
        g_ptr_array_add(devices, device);
}

static guint32
pack_number(guint major_number, guint minor_number)
{
    return (major_number << 20) | (minor_number & 0xfffff);
}

void
omen_block_graph_set_number(OmenBlockGraph *self,
                            OmenBlockDevice *device,
                            guint major_number,
                            guint minor_number)
{
    device->number = pack_number(major_number, minor_number);
    g_hash_table_replace(self->by_number, GUINT_TO_POINTER(device->number), device);
}

OmenBlockDevice *
omen_block_graph_lookup(const OmenBlockGraph *self, const char *name)
{
    return g_hash_table_lookup(self->by_name, name);
}

OmenBlockDevice *
omen_block_graph_lookup_number(const OmenBlockGraph *self, guint major_number, guint minor_number)
{
    return g_hash_table_lookup(self->by_number,
                               GUINT_TO_POINTER(pack_number(major_number, minor_number)));
}

GPtrArray *
omen_block_graph_resolve(const OmenBlockGraph *self, const char *name_or_handle)
{
    g_autofree char *key = g_ascii_strdown(name_or_handle, -1);
    OmenBlockDevice *device = omen_block_graph_lookup(self, name_or_handle);
    GPtrArray *devices = g_hash_table_lookup(self->by_handle, key);
    GPtrArray *all = g_ptr_array_new();

    if (device)
        g_ptr_array_add(all, device);
    else if (devices)
        g_ptr_array_extend(all, devices, NULL, NULL);
    return all;
}

GPtrArray *
omen_block_graph_list(const OmenBlockGraph *self)
{
    GPtrArray *all = g_ptr_array_new();
    GHashTableIter iter;
    gpointer device;

    g_hash_table_iter_init(&iter, self->by_name);
    while (g_hash_table_iter_next(&iter, NULL, &device))
        g_ptr_array_add(all, device);
    return all;
}

static GHashTable *
walk(GPtrArray *devices, gboolean upwards)
{
    GHashTable *seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GPtrArray) queue = g_ptr_array_new();

    for (guint i = 0; i < devices->len; i++) {
        gpointer device = g_ptr_array_index(devices, i);
        if (g_hash_table_insert(seen, device, NULL))
            g_ptr_array_add(queue, device);
    }
    for (guint i = 0; i < queue->len; i++) {
        OmenBlockDevice *device = g_ptr_array_index(queue, i);
        GPtrArray *next = upwards ? device->above : device->below;
        for (guint j = 0; j < next->len; j++) {
            gpointer other = g_ptr_array_index(next, j);
            if (g_hash_table_contains(seen, other))
                continue;
            g_hash_table_insert(seen, other, device);
            g_ptr_array_add(queue, other);
        }
    }
    return seen;
}

GHashTable *
omen_block_graph_climb(const OmenBlockGraph *self G_GNUC_UNUSED, GPtrArray *devices)
{
    return walk(devices, TRUE);
}

GHashTable *
omen_block_graph_descend(const OmenBlockGraph *self G_GNUC_UNUSED, GPtrArray *devices)
{
    return walk(devices, FALSE);
}

char *
omen_block_device_describe(const OmenBlockDevice *self)
{
    return *self->label ? g_strdup_printf("%s (%s)", self->label, self->name)
                        : g_strdup(self->name);
}

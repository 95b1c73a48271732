/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/block-reader.h"

#include "topology/path-walk.h"
#include "topology/remote-storage.h"

#include <stdio.h>
#include <string.h>

#define CLASS_BLOCK "/sys/class/block"
#define MAX_LISTED  65536

typedef struct {
    const char *root;
    OmenBlockGraph *graph;
} Reader;

static char *
read_attribute(const Reader *self, const char *name, const char *attribute)
{
    g_autofree char *path = g_strdup_printf(CLASS_BLOCK "/%s/%s", name, attribute);

    return omen_path_read_text(self->root, path);
}

static gboolean
has_attribute(const Reader *self, const char *name, const char *attribute)
{
    g_autofree char *path = g_strdup_printf("%s" CLASS_BLOCK "/%s/%s", self->root, name, attribute);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* "vg0-vm--a" is the volume vm-a of the group vg0. */
static char *
format_volume(const char *dm_name)
{
    GString *label = g_string_new(NULL);

    for (; *dm_name; dm_name++) {
        if (dm_name[0] == '-' && dm_name[1] == '-') {
            g_string_append_c(label, '-');
            dm_name++;
        } else {
            g_string_append_c(label, *dm_name == '-' ? '/' : *dm_name);
        }
    }
    return g_string_free(label, FALSE);
}

static void
read_mapping(const Reader *self, OmenBlockDevice *device)
{
    g_autofree char *name = read_attribute(self, device->name, "dm/name");
    g_autofree char *uuid = read_attribute(self, device->name, "dm/uuid");

    if (!name || !*name)
        return;
    g_free(device->label);
    device->label = uuid && g_str_has_prefix(uuid, "LVM-") ? format_volume(name) : g_strdup(name);
    omen_block_graph_add_handle(self->graph, name, device);
    omen_block_graph_add_handle(self->graph, device->label, device);
}

/* The parts of a device's place on the buses, ports and controllers among them: what hangs on one
 * is known by it. All of them have a number. */
static void
read_place(const Reader *self, OmenBlockDevice *device, const char *place)
{
    g_auto(GStrv) parts = g_strsplit(place, "/", 64);

    for (guint i = 0; parts[i]; i++) {
        if (strpbrk(parts[i], "0123456789") && strcmp(parts[i], device->name) != 0)
            omen_block_graph_add_handle(self->graph, parts[i], device);
    }
}

/* The controllers through which a namespace of several is reached, each at a place of its own. */
static void
read_controllers(const Reader *self, OmenBlockDevice *device, const char *subsystem)
{
    g_autofree char *folder = g_strdup_printf("/sys/class/nvme-subsystem/%s", subsystem);
    g_autoptr(GPtrArray) names = omen_path_list(self->root, folder, MAX_LISTED);

    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        guint controller;
        g_autofree char *path = g_strdup_printf("/sys/class/nvme/%s", name);
        g_autofree char *place = NULL;
        if (sscanf(name, "nvme%9u", &controller) != 1 || strchr(name, 'n') != strrchr(name, 'n') ||
            !(place = omen_path_read_link(self->root, path)))
            continue;
        read_place(self, device, place);
    }
}

static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The kernel tells of a link at both ends: the upper one is enough. */
static void
read_slaves(const Reader *self, OmenBlockDevice *device)
{
    g_autofree char *path = g_strdup_printf(CLASS_BLOCK "/%s/slaves", device->name);
    g_autoptr(GPtrArray) names = omen_path_list(self->root, path, MAX_LISTED);

    for (guint i = 0; i < names->len; i++) {
        OmenBlockDevice *other = omen_block_graph_add(self->graph, g_ptr_array_index(names, i));
        if (other)
            omen_block_graph_link(self->graph, device, other);
    }
}

/* Its folder is in that of a disk, whose name its own begins with. */
static gboolean
is_partition(const Reader *self, const char *name, const char *folder)
{
    return g_str_has_prefix(name, last_part(folder)) && has_attribute(self, name, "partition");
}

static void
read_number(const Reader *self, OmenBlockDevice *device)
{
    g_autofree char *text = read_attribute(self, device->name, "dev");
    guint major_number;
    guint minor_number;

    if (!text || sscanf(text, "%9u:%9u", &major_number, &minor_number) != 2)
        return;
    omen_block_graph_set_number(self->graph, device, major_number, minor_number);
    omen_block_graph_add_handle(self->graph, text, device);
}

/* (nullable): the first part of a place that begins with @prefix and a digit. */
static char *
find_part(const char *place, const char *prefix)
{
    g_auto(GStrv) parts = g_strsplit(place, "/", 64);
    gsize length = strlen(prefix);

    for (guint i = 0; parts[i]; i++) {
        if (g_str_has_prefix(parts[i], prefix) && g_ascii_isdigit(parts[i][length]))
            return g_strdup(parts[i]);
    }
    return NULL;
}

/* (nullable): "KIND NAME", by a name in the folder of a part of the device's place. */
static char *
read_name(const Reader *self,
          const OmenBlockDevice *device,
          const char *place,
          const char *prefix,
          const char *folder,
          const char *attribute)
{
    g_autofree char *part = find_part(place, prefix);
    g_autofree char *path = part ? g_build_filename(folder, part, attribute, NULL) : NULL;
    g_autofree char *name = path ? omen_path_read_text(self->root, path) : NULL;

    return name && *name ? g_strdup_printf("%s %s", device->remote, name) : NULL;
}

static char *
read_rbd(const Reader *self, const OmenBlockDevice *device)
{
    const char *number = device->name + strlen("rbd");
    g_autofree char *fsid_path = g_strdup_printf("/sys/bus/rbd/devices/%s/cluster_fsid", number);
    g_autofree char *pool_path = g_strdup_printf("/sys/bus/rbd/devices/%s/pool", number);
    g_autofree char *fsid = omen_path_read_text(self->root, fsid_path);
    g_autofree char *pool = omen_path_read_text(self->root, pool_path);

    return pool && *pool ? g_strdup_printf("ceph %s:%s", fsid ? fsid : "", pool) : NULL;
}

/* The target of iSCSI, the port of an array, the subsystem of NVMe, the pool: what is the same for
 * all hosts that use it, and fails as one. */
static void
read_remote_id(const Reader *self, OmenBlockDevice *device, const char *place)
{
    char *id = NULL;

    if (!device->remote)
        return;
    if (g_str_has_prefix(device->name, "rbd"))
        id = read_rbd(self, device);
    else if (strstr(place, "/rport-"))
        id = read_name(self, device, place, "rport-", "/sys/class/fc_remote_ports", "node_name");
    else if (strstr(place, "/nvme-fabrics/"))
        id = read_name(self, device, place, "nvme", "/sys/class/nvme", "subsysnqn");
    else
        id = read_name(self, device, place, "session", "/sys/class/iscsi_session", "targetname");
    if (!id)
        return;
    g_free(device->remote_id);
    device->remote_id = id;
}

/* "../../devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0/block/sdb/sdb1". */
static void
read_device(const Reader *self, const char *name)
{
    g_autofree char *path = g_strdup_printf(CLASS_BLOCK "/%s", name);
    g_autofree char *place = omen_path_read_link(self->root, path);
    OmenBlockDevice *device = place ? omen_block_graph_add(self->graph, name) : NULL;

    if (!device)
        return;
    read_number(self, device);
    device->remote = omen_remote_kind_of_device(name, place);
    read_remote_id(self, device, place);
    g_autofree char *folder = g_path_get_dirname(place);
    device->is_partition = is_partition(self, name, folder);
    if (device->is_partition) {
        OmenBlockDevice *disk = omen_block_graph_add(self->graph, last_part(folder));
        if (disk)
            omen_block_graph_link(self->graph, device, disk);
    } else {
        read_place(self, device, folder);
        if (g_str_has_prefix(last_part(folder), "nvme-subsys"))
            read_controllers(self, device, last_part(folder));
    }
    if (g_str_has_prefix(name, "dm-"))
        read_mapping(self, device);
    if (g_str_has_prefix(name, "loop")) {
        g_free(device->backing_file);
        device->backing_file = read_attribute(self, name, "loop/backing_file");
        device->backing_file = device->backing_file ? device->backing_file : g_strdup("");
    }
    if (!device->is_partition)
        read_slaves(self, device);
}

/* nvme0c1n1 is the way to the namespace nvme0n1 through the controller nvme1: what is told of the
 * way concerns the namespace. */
static void
link_nvme_paths(const Reader *self)
{
    g_autoptr(GPtrArray) devices = omen_block_graph_list(self->graph);

    for (guint i = 0; i < devices->len; i++) {
        OmenBlockDevice *path = g_ptr_array_index(devices, i);
        guint subsystem;
        guint controller;
        guint space;
        if (sscanf(path->name, "nvme%9uc%9un%9u", &subsystem, &controller, &space) != 3)
            continue;
        g_autofree char *name = g_strdup_printf("nvme%un%u", subsystem, space);
        OmenBlockDevice *head = omen_block_graph_lookup(self->graph, name);
        if (head)
            omen_block_graph_link(self->graph, head, path);
    }
}

OmenBlockGraph *
omen_block_reader_read(const char *root)
{
    Reader self = {root, omen_block_graph_new()};
    g_autoptr(GPtrArray) names = omen_path_list(root, CLASS_BLOCK, MAX_LISTED);

    for (guint i = 0; i < names->len; i++)
        read_device(&self, g_ptr_array_index(names, i));
    link_nvme_paths(&self);
    return self.graph;
}

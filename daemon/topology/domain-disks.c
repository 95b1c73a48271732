/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/domain-disks.h"

#include "topology/remote-storage.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#define MAX_DISKS 4096 /* images of one domain */
#define MAX_DEPTH 256  /* of a chain of images */
#define MAX_XML   (16 * 1024 * 1024)

G_DEFINE_QUARK(omen - domain - disks - error - quark, omen_domain_disks_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

static void
disk_free(gpointer data)
{
    OmenDomainDisk *self = data;

    g_free(self->target);
    g_free(self->path);
    g_free(self->pool);
    g_free(self->volume);
    g_free(self->alias);
    g_free(self->node);
    g_free(self->remote_id);
    g_free(self);
}

OmenDomainDisks *
omen_domain_disks_new(const char *uuid, const char *name)
{
    OmenDomainDisks *self = g_new0(OmenDomainDisks, 1);

    self->uuid = g_strdup(uuid);
    self->name = g_strdup(name);
    self->disks = g_ptr_array_new_with_free_func(disk_free);
    return self;
}

void
omen_domain_disks_free(OmenDomainDisks *self)
{
    g_free(self->uuid);
    g_free(self->name);
    g_ptr_array_unref(self->disks);
    g_free(self);
}

void
omen_domain_disk_set_path(OmenDomainDisk *self, const char *path)
{
    g_free(self->path);
    self->path = g_strdup(path);
    self->kind = OMEN_DISK_PATH;
}

static gboolean
is_named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *) node->name, name) == 0;
}

static xmlNode *
find_child(xmlNode *node, const char *name)
{
    xmlNode *child = node ? node->children : NULL;

    while (child && !is_named(child, name))
        child = child->next;
    return child;
}

/* (transfer full): "" if there is none. */
static char *
dup_attribute(xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetProp(node, BAD_CAST name) : NULL;
    char *copy = g_strdup(value ? (const char *) value : "");

    xmlFree(value);
    return copy;
}

static char *
dup_content(xmlNode *node)
{
    xmlChar *value = node ? xmlNodeGetContent(node) : NULL;
    char *copy = g_strdup(value ? (const char *) value : "");

    xmlFree(value);
    return copy;
}

/* Takes @path. NULL: there are too many. */
static OmenDomainDisk *
add(OmenDomainDisks *self, OmenDiskKind kind, const char *target, char *path)
{
    OmenDomainDisk *disk;

    if (self->disks->len >= MAX_DISKS) {
        self->is_complete = FALSE;
        g_free(path);
        return NULL;
    }
    disk = g_new0(OmenDomainDisk, 1);
    disk->kind = kind;
    disk->target = g_strdup(target);
    disk->path = path;
    disk->pool = g_strdup("");
    disk->volume = g_strdup("");
    disk->alias = g_strdup("");
    disk->node = g_strdup("");
    disk->remote_id = g_strdup("");
    g_ptr_array_add(self->disks, disk);
    return disk;
}

/* "0000:3b:00.0" of an <address domain="0x0000" bus="0x3b" slot="0x00" function="0x0"/>. */
static char *
format_pci(xmlNode *address)
{
    static const char *const names[] = {"domain", "bus", "slot", "function"};
    guint numbers[G_N_ELEMENTS(names)];

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = dup_attribute(address, names[i]);
        numbers[i] = (guint) g_ascii_strtoull(text, NULL, 0) & 0xffff;
    }
    return g_strdup_printf("%04x:%02x:%02x.%x", numbers[0], numbers[1] & 0xff, numbers[2] & 0x1f,
                           numbers[3] & 0x7);
}

static void
add_volume(OmenDomainDisks *self, const char *target, xmlNode *source)
{
    OmenDomainDisk *disk = add(self, OMEN_DISK_VOLUME, target, g_strdup(""));

    if (!disk)
        return;
    g_free(disk->pool);
    g_free(disk->volume);
    disk->pool = dup_attribute(source, "pool");
    disk->volume = dup_attribute(source, "volume");
}

/* (transfer full) (nullable): the first by name: they are written in any order. */
static char *
find_server(xmlNode *source)
{
    char *first = NULL;

    for (xmlNode *child = source->children; child; child = child->next) {
        g_autofree char *name = is_named(child, "host") ? dup_attribute(child, "name") : NULL;
        if (!name || !*name || (first && strcmp(first, name) <= 0))
            continue;
        g_free(first);
        first = g_steal_pointer(&name);
    }
    return first;
}

/* @name: of an image: the pool, volume or target is what stands before the first slash. An export
 * of NBD is an image. */
static void
set_remote_id(OmenDomainDisk *disk, xmlNode *source, const char *name)
{
    g_autofree char *server = source && disk->remote ? find_server(source) : NULL;
    g_autofree char *whole =
        g_strndup(name, g_strcmp0(disk->remote, "nbd") == 0 ? 0 : strcspn(name, "/"));

    if (!disk->remote || (!server && !*whole))
        return;
    g_free(disk->remote_id);
    disk->remote_id = g_strdup_printf("%s %s%s%s", disk->remote, server ? server : "",
                                      server && *whole ? ":" : "", whole);
}

static void
add_remote(OmenDomainDisks *self, const char *target, xmlNode *source)
{
    g_autofree char *protocol = dup_attribute(source, "protocol");
    g_autofree char *name = dup_attribute(source, "name");
    OmenDomainDisk *disk = add(self, OMEN_DISK_REMOTE, target, g_strdup(""));

    if (disk)
        disk->remote = omen_remote_kind_of_protocol(protocol);
    if (disk)
        set_remote_id(disk, source, name);
}

static void
add_source(OmenDomainDisks *self, const char *target, const char *type, xmlNode *source)
{
    static const char *const attributes[][2] = {{"file", "file"}, {"block", "dev"}, {"dir", "dir"}};

    for (guint i = 0; i < G_N_ELEMENTS(attributes); i++) {
        g_autofree char *path = NULL;
        if (strcmp(type, attributes[i][0]) != 0)
            continue;
        path = dup_attribute(source, attributes[i][1]);
        if (*path)
            add(self, OMEN_DISK_PATH, target, g_steal_pointer(&path));
        return;
    }
    if (strcmp(type, "volume") == 0)
        add_volume(self, target, source);
    else if (strcmp(type, "nvme") == 0)
        add(self, OMEN_DISK_HANDLE, target, format_pci(find_child(source, "address")));
    else if (strcmp(type, "network") == 0)
        add_remote(self, target, source);
    else
        add(self, OMEN_DISK_UNKNOWN, target, g_strdup(type));
}

/* libvirt numbers the images of a running domain. */
static void
note_node(OmenDomainDisk *disk, xmlNode *source)
{
    g_autofree char *index = dup_attribute(source, "index");

    if (!*index)
        return;
    g_free(disk->node);
    disk->node = g_strdup_printf("libvirt-%s-", index);
}

/* A <disk>, a <backingStore>, a <mirror>, a <dataStore>: each with a type and a source, and
 * possibly with one of the others in itself or in its source. */
static void
read_image(OmenDomainDisks *self, const char *target, xmlNode *image, guint depth)
{
    static const char *const inner[] = {"backingStore", "mirror", "dataStore"};
    g_autofree char *type = dup_attribute(image, "type");
    xmlNode *source = find_child(image, "source");
    guint before = self->disks->len;

    if (depth > MAX_DEPTH || self->disks->len >= MAX_DISKS) {
        self->is_complete = FALSE;
        return;
    }
    if (source && *type)
        add_source(self, target, type, source);
    if (self->disks->len > before)
        note_node(g_ptr_array_index(self->disks, before), source);
    for (guint i = 0; i < G_N_ELEMENTS(inner); i++) {
        xmlNode *one = find_child(image, inner[i]);
        xmlNode *of_source = find_child(source, inner[i]);
        if (one)
            read_image(self, target, one, depth + 1);
        if (of_source)
            read_image(self, target, of_source, depth + 1);
    }
}

static void
read_disk(OmenDomainDisks *self, xmlNode *device)
{
    g_autofree char *target = dup_attribute(find_child(device, "target"), "dev");
    g_autofree char *alias = dup_attribute(find_child(device, "alias"), "name");
    g_autofree char *kind = dup_attribute(device, "device");
    guint before = self->disks->len;

    read_image(self, target, device, 0);
    for (guint i = before; i < self->disks->len; i++) {
        OmenDomainDisk *image = g_ptr_array_index(self->disks, i);
        g_free(image->alias);
        image->alias = g_strdup(alias);
        image->is_removable = strcmp(kind, "cdrom") == 0 || strcmp(kind, "floppy") == 0;
    }
}

static void
read_hostdev(OmenDomainDisks *self, xmlNode *device)
{
    g_autofree char *type = dup_attribute(device, "type");
    xmlNode *source = find_child(device, "source");
    xmlNode *address = find_child(source, "address");

    if (strcmp(type, "pci") == 0) {
        add(self, OMEN_DISK_HANDLE, "hostdev", format_pci(address));
    } else if (strcmp(type, "scsi") == 0 && find_child(source, "adapter")) {
        g_autofree char *adapter = dup_attribute(find_child(source, "adapter"), "name");
        g_autofree char *bus = dup_attribute(address, "bus");
        g_autofree char *target = dup_attribute(address, "target");
        g_autofree char *unit = dup_attribute(address, "unit");
        const char *host = g_str_has_prefix(adapter, "scsi_host") ? adapter + 9 : "";
        add(self, OMEN_DISK_HANDLE, "hostdev",
            g_strdup_printf("%s:%s:%s:%s", host, bus, target, unit));
    } else if (strcmp(type, "scsi") == 0) {
        add_remote(self, "hostdev", source);
    } else if (strcmp(type, "storage") == 0) {
        add(self, OMEN_DISK_PATH, "hostdev", dup_content(find_child(source, "block")));
    }
}

static void
read_filesystem(OmenDomainDisks *self, xmlNode *device)
{
    xmlNode *source = find_child(device, "source");
    g_autofree char *folder = dup_attribute(source, "dir");
    g_autofree char *file = dup_attribute(source, "file");
    g_autofree char *block = dup_attribute(source, "dev");
    const char *path = *folder ? folder : *file ? file : block;

    if (*path == '/')
        add(self, OMEN_DISK_PATH, "filesystem", g_strdup(path));
}

static void
read_device(OmenDomainDisks *self, xmlNode *device)
{
    if (is_named(device, "disk")) {
        read_disk(self, device);
    } else if (is_named(device, "hostdev")) {
        read_hostdev(self, device);
    } else if (is_named(device, "filesystem")) {
        read_filesystem(self, device);
    } else if (is_named(device, "memory")) {
        xmlNode *path = find_child(find_child(device, "source"), "path");
        if (path)
            add(self, OMEN_DISK_PATH, "memory", dup_content(path));
    }
}

OmenDomainDisks *
omen_domain_disks_new_from_xml(const char *xml, GError **error)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    gsize length = strlen(xml);
    g_autoptr(xmlDoc) document =
        length <= MAX_XML ? xmlReadMemory(xml, (int) length, "domain.xml", NULL, options) : NULL;
    xmlNode *domain = document ? xmlDocGetRootElement(document) : NULL;
    xmlNode *devices;
    OmenDomainDisks *self;

    if (!domain || !is_named(domain, "domain") || !find_child(domain, "uuid")) {
        g_set_error(error, OMEN_DOMAIN_DISKS_ERROR, OMEN_DOMAIN_DISKS_ERROR_BAD_XML,
                    "libvirt's description of the domain can not be read");
        return NULL;
    }
    g_autofree char *uuid = dup_content(find_child(domain, "uuid"));
    g_autofree char *name = dup_content(find_child(domain, "name"));
    self = omen_domain_disks_new(uuid, name);
    self->is_complete = TRUE;
    devices = find_child(domain, "devices");
    for (xmlNode *device = devices ? devices->children : NULL; device; device = device->next)
        read_device(self, device);
    return self;
}

void
omen_domain_disk_set_pool(OmenDomainDisk *self, const char *xml)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    gsize length = strlen(xml);
    g_autoptr(xmlDoc) document =
        length <= MAX_XML ? xmlReadMemory(xml, (int) length, "pool.xml", NULL, options) : NULL;
    xmlNode *pool = document ? xmlDocGetRootElement(document) : NULL;
    g_autofree char *type = dup_attribute(pool, "type");
    xmlNode *source = find_child(pool, "source");
    g_autofree char *name = dup_content(find_child(source, "name"));
    g_autofree char *target = dup_attribute(find_child(source, "device"), "path");

    self->remote = omen_remote_kind_of_pool(type);
    if (!self->remote)
        return;
    self->kind = OMEN_DISK_REMOTE;
    set_remote_id(self, source, *name ? name : target);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts: links, the graph, mounts, names in lines, the disks of domains. */
#include "recorded-host.h"
#include "topology/block-graph.h"
#include "topology/device-names.h"
#include "topology/domain-disks.h"
#include "topology/mount-table.h"
#include "topology/path-walk.h"

static void
check_walk(const char *root, const char *path, const char *expected)
{
    g_autofree char *found = omen_path_walk(root, path);

    g_assert_cmpstr(found, ==, expected);
}

static void
test_path_walk(void)
{
    char *root = recorded_host_unpack("link /a /b/c\nlink /b/c ../d/e\nfolder /d/e\n"
                                      "link /ring /ring2\nlink /ring2 /ring\nlink /up ../../../d");

    check_walk(root, "/a/file", "/d/e/file");
    check_walk(root, "/a/../x", "/d/x");
    check_walk(root, "/up/e/./f//", "/d/e/f");
    check_walk(root, "/missing/below", "/missing/below");
    check_walk(root, "/", "/");
    check_walk(root, "relative", NULL);
    g_autofree char *ring = omen_path_walk(root, "/ring/x");
    g_assert_nonnull(ring);
    recorded_host_remove(root);
}

static void
test_graph(void)
{
    g_autoptr(OmenBlockGraph) graph = omen_block_graph_new();
    g_autoptr(GPtrArray) start = g_ptr_array_new();
    OmenBlockDevice *a = omen_block_graph_add(graph, "sda");
    OmenBlockDevice *b = omen_block_graph_add(graph, "sda1");
    OmenBlockDevice *c = omen_block_graph_add(graph, "dm-0");

    g_assert_true(omen_block_graph_add(graph, "sda") == a);
    omen_block_graph_link(graph, b, a);
    omen_block_graph_link(graph, b, a);
    omen_block_graph_link(graph, c, b);
    omen_block_graph_link(graph, a, c); /* a ring */
    omen_block_graph_link(graph, a, a);
    g_assert_cmpuint(b->below->len, ==, 1);
    g_ptr_array_add(start, a);
    g_autoptr(GHashTable) above = omen_block_graph_climb(graph, start);
    g_assert_cmpuint(g_hash_table_size(above), ==, 3);
    g_assert_true(g_hash_table_lookup(above, c) == b);
    g_autoptr(GHashTable) below = omen_block_graph_descend(graph, start);
    g_assert_cmpuint(g_hash_table_size(below), ==, 3);

    omen_block_graph_add_handle(graph, "ATA3", a);
    omen_block_graph_add_handle(graph, "ata3", c);
    g_autoptr(GPtrArray) both = omen_block_graph_resolve(graph, "Ata3");
    g_assert_cmpuint(both->len, ==, 2);
    g_autoptr(GPtrArray) none = omen_block_graph_resolve(graph, "ata4");
    g_assert_cmpuint(none->len, ==, 0);
    omen_block_graph_set_number(graph, a, 8, 0);
    g_assert_true(omen_block_graph_lookup_number(graph, 8, 0) == a);
    g_assert_null(omen_block_graph_lookup_number(graph, 8, 1));
}

static const char mountinfo[] =
    "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
    "23 22 8:1 / /srv rw,relatime shared:7 master:1 - xfs /dev/sda1 rw,noquota\n"
    "24 22 8:2 / /srv rw - xfs /dev/sda2 rw\n"
    "broken line\n"
    "25 22 0:40 / /a\\040b rw - overlay overlay rw,lowerdir=/x:/y,upperdir=/z\n"
    "26 22 x:y / /bad rw - ext4 /dev/q rw\n"
    "27 22 8:3 / /srvother rw - ext4 /dev/sda3 rw";

static void
test_mounts(void)
{
    g_autoptr(OmenMountTable) table = omen_mount_table_new(mountinfo);
    guint index = 0;
    const OmenMount *mount = omen_mount_table_find(table, "/srv/x/y", G_MAXUINT, &index);

    g_assert_cmpuint(omen_mount_table_get_size(table), ==, 5);
    g_assert_cmpstr(mount->source, ==, "/dev/sda2");
    mount = omen_mount_table_find(table, "/srv", index, NULL);
    g_assert_cmpstr(mount->source, ==, "/dev/sda1");
    mount = omen_mount_table_find(table, "/srvx", G_MAXUINT, NULL);
    g_assert_cmpstr(mount->mount_point, ==, "/");
    mount = omen_mount_table_find(table, "/", G_MAXUINT, NULL);
    g_assert_cmpstr(mount->mount_point, ==, "/");
    mount = omen_mount_table_find(table, "/a b/c", G_MAXUINT, NULL);
    g_assert_cmpstr(mount->fs_type, ==, "overlay");
    g_autofree char *upper = omen_mount_get_option(mount, "upperdir");
    g_assert_cmpstr(upper, ==, "/z");
    g_assert_null(omen_mount_get_option(mount, "dir"));
    g_assert_null(omen_mount_table_find(table, "/x", 0, NULL));
}

static void
test_names(void)
{
    static const struct {
        const char *line;
        const char *names;
    } cases[] = {
        {"critical medium error, dev sdb, sector 28640 op 0x0:(READ)", "sdb"},
        {"Buffer I/O error on dev sdb1, logical block 14336", "sdb1"},
        {"sd 2:0:0:0: [sdb] tag#56 Sense Key : Medium Error", "2:0:0:0 sdb"},
        {"ata3.00: failed command: READ DMA", "ata3"},
        {"ata12: hard resetting link", "ata12"},
        {"nvme nvme0: I/O 12 QID 3 timeout, reset controller", "nvme0"},
        {"blk_update_request: I/O error, dev nvme0n1p2, sector 5", "nvme0n1p2"},
        {"EXT4-fs (dm-0): I/O error while writing superblock", "dm-0"},
        {"XFS (sda3): metadata I/O error", "sda3"},
        {"BTRFS error (device sdc: state EA): bdev /dev/sdd errs: wr 0", "sdc /dev/sdd"},
        {"md/raid1:md127: Disk failure on sdb1, disabling device.", "md127 sdb1"},
        {"pcieport 0000:00:1c.0: AER: Uncorrected error received: 0000:3b:00.0",
         "0000:00:1c.0 0000:3b:00.0"},
        {"Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors", "/dev/sda"},
        {"scsi host2: error handler thread", "host2"},
        {"nfs: server host2 not responding, still trying", ""},
        {"at 12:34:56.7 the disk was sad; sdxyzzy9000000", ""},
        {"", ""},
        {"ata", ""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) names = omen_device_names_find(cases[i].line);
        g_autofree char *joined = g_strjoinv(" ", names);
        g_assert_cmpstr(joined, ==, cases[i].names);
    }
}

#define HEAD "<domain type='kvm'><name>a</name><uuid>u-a</uuid><devices>"
#define TAIL "</devices></domain>"

static OmenDomainDisks *
parse(const char *devices)
{
    g_autofree char *xml = g_strconcat(HEAD, devices, TAIL, NULL);
    OmenDomainDisks *disks = omen_domain_disks_new_from_xml(xml, NULL);

    g_assert_nonnull(disks);
    return disks;
}

static void
check_disk(OmenDomainDisks *disks, guint place, OmenDiskKind kind, const char *path)
{
    const OmenDomainDisk *disk = g_ptr_array_index(disks->disks, place);

    g_assert_cmpint(disk->kind, ==, kind);
    g_assert_cmpstr(disk->path, ==, path);
}

static void
test_disks(void)
{
    g_autoptr(OmenDomainDisks) disks = parse(
        "<disk type='file'><source file='/top.qcow2'/><target dev='vda'/>"
        "<backingStore type='file'><source file='/middle'/><backingStore type='block'>"
        "<source dev='/dev/vg0/base'/><backingStore/></backingStore></backingStore></disk>"
        "<disk type='network'><source protocol='nbd' name='x'/><target dev='vdb'/></disk>"
        "<disk type='nvme'><source type='pci' namespace='1'><address domain='0x0000' bus='0x3b' "
        "slot='0x00' function='0x0'/></source><target dev='vdc'/></disk>"
        "<disk type='file' device='cdrom'><target dev='sda'/></disk>"
        "<disk type='volume'><source pool='images' volume='v'/><target dev='vdd'/></disk>"
        "<disk type='vhostuser'><source type='unix' path='/s'/><target dev='vde'/></disk>"
        "<disk type='dir'><source dir='/iso'/><target dev='vdf'/></disk>"
        "<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x04' "
        "slot='0x02' function='0x1'/></source></hostdev>"
        "<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host2'/><address bus='0' "
        "target='1' unit='3'/></source></hostdev>"
        "<filesystem type='mount'><source dir='/share'/><target dir='t'/></filesystem>");

    g_assert_cmpstr(disks->uuid, ==, "u-a");
    g_assert_true(disks->is_complete);
    g_assert_cmpuint(disks->disks->len, ==, 11);
    check_disk(disks, 0, OMEN_DISK_PATH, "/top.qcow2");
    check_disk(disks, 1, OMEN_DISK_PATH, "/middle");
    check_disk(disks, 2, OMEN_DISK_PATH, "/dev/vg0/base");
    check_disk(disks, 3, OMEN_DISK_REMOTE, "");
    check_disk(disks, 4, OMEN_DISK_HANDLE, "0000:3b:00.0");
    check_disk(disks, 5, OMEN_DISK_VOLUME, "");
    check_disk(disks, 6, OMEN_DISK_UNKNOWN, "vhostuser");
    check_disk(disks, 7, OMEN_DISK_PATH, "/iso");
    check_disk(disks, 8, OMEN_DISK_HANDLE, "0000:04:02.1");
    check_disk(disks, 9, OMEN_DISK_HANDLE, "2:0:1:3");
    check_disk(disks, 10, OMEN_DISK_PATH, "/share");
}

static void
test_hostile_xml(void)
{
    static const char entities[] = "<!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>"
                                   "<other>&b;</other>";
    static const char *const bad[] = {
        "", "<", "<domain>", "<x/>", "<domain><name>a</name></domain>", entities,
    };
    g_autoptr(GString) deep = g_string_new("<disk type='file'><source file='/0'/>");
    g_autoptr(GString) wide = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(omen_domain_disks_new_from_xml(bad[i], &error));
        g_assert_error(error, OMEN_DOMAIN_DISKS_ERROR, OMEN_DOMAIN_DISKS_ERROR_BAD_XML);
    }
    /* libxml2 itself ends at 256 levels. */
    for (guint i = 0; i < 240; i++)
        g_string_append(deep, "<backingStore type='file'><source file='/x'/>");
    for (guint i = 0; i < 240; i++)
        g_string_append(deep, "</backingStore>");
    g_string_append(deep, "</disk>");
    g_autoptr(OmenDomainDisks) chain = parse(deep->str);
    g_assert_cmpuint(chain->disks->len, ==, 241);
    for (guint i = 0; i < 5000; i++)
        g_string_append(wide, "<disk type='file'><source file='/x'/><target dev='vda'/></disk>");
    g_autoptr(OmenDomainDisks) many = parse(wide->str);
    g_assert_cmpuint(many->disks->len, ==, 4096);
    g_assert_false(many->is_complete);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/topology/path-walk", test_path_walk);
    g_test_add_func("/topology/graph", test_graph);
    g_test_add_func("/topology/mounts", test_mounts);
    g_test_add_func("/topology/names", test_names);
    g_test_add_func("/topology/disks", test_disks);
    g_test_add_func("/topology/hostile-xml", test_hostile_xml);
    return g_test_run();
}

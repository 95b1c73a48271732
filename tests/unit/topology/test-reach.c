/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a device's trouble reaches: on the recorded machine, and on hosts that are written here. */
#include "recorded-host.h"
#include "topology/domain-trouble.h"
#include "topology/reach-search.h"
#include "topology/remote-storage.h"
#include "topology/storage-ids.h"

#include <time.h>

/* A domain with one disk. */
static OmenDomainDisks *
new_domain(const char *name, const char *kind, const char *attribute, const char *path)
{
    g_autofree char *xml =
        g_strdup_printf("<domain><name>%s</name><uuid>u-%s</uuid><devices><disk type='%s'><source "
                        "%s='%s'/><target dev='vda'/></disk></devices></domain>",
                        name, name, kind, attribute, path);

    return omen_domain_disks_new_from_xml(xml, NULL);
}

static GPtrArray *
new_domains(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify) omen_domain_disks_free);
}

static OmenDeviceReach *
ask(const OmenStorage *storage, GPtrArray *domains, const char *name, gboolean only_part)
{
    g_auto(GStrv) names = g_strsplit(name, " ", -1);
    OmenDeviceQuestion question = {.names = names, .only_part = only_part};

    return omen_device_reach_find(storage, &question, domains);
}

/* @expected: "host", "nobody", or the names of domains with spaces between. */
static void
check(const OmenStorage *storage, GPtrArray *domains, const char *name, const char *expected)
{
    g_autoptr(OmenDeviceReach) reach = ask(storage, domains, name, FALSE);
    g_autoptr(GString) found = g_string_new(NULL);

    g_test_message("%s: %s", name, reach->note);
    g_assert_cmpstr(reach->note, !=, "");
    for (guint i = 0; i < reach->uses->len; i++) {
        const OmenDeviceUse *use = g_ptr_array_index(reach->uses, i);
        g_test_message("  %s", use->chain);
        g_string_append_printf(found, "%s%s", i > 0 ? " " : "", use->name);
    }
    if (reach->reach != OMEN_REACH_DOMAINS) {
        g_assert_cmpstr(found->str, ==, "");
        g_string_assign(found, omen_reach_to_string(reach->reach));
    }
    g_assert_cmpstr(found->str, ==, expected);
}

static const char *
name_of(const OmenStorage *storage, const char *handle)
{
    g_autoptr(GPtrArray) devices = omen_storage_resolve(storage, handle);

    g_assert_cmpuint(devices->len, ==, 1);
    return ((OmenBlockDevice *) g_ptr_array_index(devices, 0))->name;
}

/* A domain on each kind of storage of the machine that tests/topology/record-machine boots. */
static GPtrArray *
make_machine_domains(void)
{
    static const char *const domains[][4] = {
        {"lvm", "block", "dev", "/dev/vg0/vm-a"},
        {"crypt", "file", "file", "/srv/crypt/images/crypt.qcow2"},
        {"mpath", "file", "file", "/srv/mp/mpath.qcow2"},
        {"nvme", "file", "file", "/srv/bind/nvme.qcow2"},
        {"loop", "file", "file", "/srv/loop/loop.raw"},
        {"btrfs", "file", "file", "/srv/btrfs/btrfs.raw"},
        {"plain", "block", "dev", "/dev/mapper/vg0-vm--b"},
        {"remote", "network", "protocol", "nbd"},
    };
    GPtrArray *all = new_domains();

    for (guint i = 0; i < G_N_ELEMENTS(domains); i++)
        g_ptr_array_add(all,
                        new_domain(domains[i][0], domains[i][1], domains[i][2], domains[i][3]));
    return all;
}

static void
test_machine(void)
{
    char *root = recorded_host_unpack_file("machine.tree");
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(GPtrArray) domains = make_machine_domains();
    const OmenBlockGraph *graph = omen_storage_get_graph(storage);
    const OmenBlockDevice *mirror = omen_block_graph_lookup(graph, "md127");
    const OmenBlockDevice *paths = omen_block_graph_lookup(graph, name_of(storage, "mpatha"));

    /* SATA: a disk with LVM, by its names, its port, its addresses; and one that nobody uses. */
    check(storage, domains, name_of(storage, "3:0:0:0"), "lvm plain");
    check(storage, domains, "ata3.00", "lvm plain");
    check(storage, domains, "ata4", "nobody");
    check(storage, domains, "0000:00:1f.2", "lvm plain");
    check(storage, domains, "/dev/vg0/vm-a", "lvm");
    check(storage, domains, "vg0/vm-b", "plain");
    check(storage, domains, name_of(storage, "vg0-vm--b"), "plain");
    /* md and dm-crypt, from each member. */
    check(storage, domains, "md127", "crypt");
    g_assert_cmpuint(mirror->below->len, ==, 2);
    for (guint i = 0; i < mirror->below->len; i++)
        check(storage, domains, ((OmenBlockDevice *) mirror->below->pdata[i])->name, "crypt");
    check(storage, domains, "secret", "crypt");
    check(storage, domains, "/srv/crypt", "crypt");
    /* Multipath, from each path. */
    check(storage, domains, "mpatha", "mpath");
    g_assert_cmpuint(paths->below->len, ==, 2);
    for (guint i = 0; i < paths->below->len; i++)
        check(storage, domains, ((OmenBlockDevice *) paths->below->pdata[i])->name, "mpath");
    /* NVMe: two controllers of one namespace, whose number is another than theirs. */
    check(storage, domains, "nvme0", "nvme loop");
    check(storage, domains, "nvme1", "nvme loop");
    check(storage, domains, "0000:00:04.0", "nvme loop");
    check(storage, domains, "nvme1c1n1", "nvme loop");
    check(storage, domains, "nvme1n1p1", "nvme loop");
    check(storage, domains, "nvme2", "nobody");
    check(storage, domains, "loop0", "loop");
    /* btrfs over two disks: each endangers all. */
    g_autoptr(GPtrArray) pool = omen_storage_resolve(storage, "/srv/btrfs");
    g_assert_cmpuint(pool->len, ==, 2);
    for (guint i = 0; i < pool->len; i++)
        check(storage, domains, ((OmenBlockDevice *) pool->pdata[i])->name, "btrfs");
    /* The whole adapter; the host itself; what is not there. */
    check(storage, domains, "host0", "crypt mpath btrfs");
    check(storage, domains, "vda", "host");
    check(storage, domains, "vda1", "host");
    check(storage, domains, "virtio0", "host");
    check(storage, domains, "sdzz", "host");
    recorded_host_remove(root);
}

static void
test_chain(void)
{
    char *root = recorded_host_unpack_file("machine.tree");
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(GPtrArray) domains = make_machine_domains();
    g_autoptr(OmenDeviceReach) lvm = ask(storage, domains, "ata3", FALSE);
    g_autoptr(OmenDeviceReach) nvme = ask(storage, domains, "nvme1n1", FALSE);
    const OmenDeviceUse *use = g_ptr_array_index(lvm->uses, 0);
    const char *disk = name_of(storage, "ata3");
    g_autofree char *expected = g_strdup_printf("%s → %s1 → vg0/vm-a (%s) → vda of lvm", disk, disk,
                                                name_of(storage, "vg0-vm--a"));

    g_assert_cmpstr(use->chain, ==, expected);
    g_assert_cmpstr(lvm->note, ==, "used by lvm, plain");
    use = g_ptr_array_index(nvme->uses, 1);
    g_assert_cmpstr(use->chain, ==, "nvme1n1 → nvme1n1p1 → loop0 → /srv/loop → vda of loop");
    recorded_host_remove(root);
}

#define ROOT_ON_SDA                                                                                \
    "link /sys/class/block/sda ../../devices/pci/0000:00:01.0/ata1/host0/block/sda\n"              \
    "text /sys/devices/pci/0000:00:01.0/ata1/host0/block/sda/dev\n 8:0\n"

#define DISK(NAME, NUMBER)                                                                         \
    "link /sys/class/block/" NAME " ../../devices/virtual/block/" NAME "\n"                        \
    "text /sys/devices/virtual/block/" NAME "/dev\n " NUMBER "\n"

/* The host's root is where nobody can say: then any disk may be it. */
static void
test_unknown_root(void)
{
    char *root = recorded_host_unpack(ROOT_ON_SDA DISK(
        "sdb", "8:16") "text /proc/1/mountinfo\n"
                       " 1 0 0:50 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n"
                       " 2 1 8:16 / /srv rw - ext4 /dev/sdb rw\n");
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(GPtrArray) domains = new_domains();

    g_ptr_array_add(domains, new_domain("a", "file", "file", "/srv/a"));
    check(storage, domains, "sdb", "host");
    check(storage, domains, "sda", "host");
    recorded_host_remove(root);
}

/* ZFS does not say on which disks it lies; but not on those that others use. */
static void
test_zfs(void)
{
    char *root = recorded_host_unpack(ROOT_ON_SDA DISK("sdb", "8:16") DISK(
        "sdc", "8:32") "text /proc/1/mountinfo\n"
                       " 1 0 8:0 / / rw - ext4 /dev/sda rw\n"
                       " 2 1 8:16 / /srv rw - ext4 /dev/sdb rw\n"
                       " 3 1 0:60 / /tank rw - zfs tank rw\n"
                       " 4 1 0:61 / /nfs rw - nfs4 server:/x rw\n"
                       " 5 1 0:62 / /fuse rw - fuse.mergerfs a:b rw\n");
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(GPtrArray) domains = new_domains();

    g_ptr_array_add(domains, new_domain("a", "file", "file", "/srv/a"));
    g_ptr_array_add(domains, new_domain("z", "file", "file", "/tank/z"));
    g_ptr_array_add(domains, new_domain("n", "file", "file", "/nfs/n"));
    check(storage, domains, "sdb", "a");
    check(storage, domains, "sdc", "z");
    check(storage, domains, "sda", "host");
    /* What lies where nobody knows is endangered by all. */
    g_ptr_array_add(domains, new_domain("f", "file", "file", "/fuse/f"));
    g_ptr_array_add(domains, omen_domain_disks_new("u-x", "x"));
    check(storage, domains, "sdb", "a f x");
    recorded_host_remove(root);
}

/* A file system's error is of one partition, a disk's of all. */
static void
test_partitions(void)
{
    char *root = recorded_host_unpack(ROOT_ON_SDA DISK(
        "sdb", "8:16") "link /sys/class/block/sdb1 ../../devices/virtual/block/sdb/sdb1\n"
                       "text /sys/devices/virtual/block/sdb/sdb1/dev\n 8:17\n"
                       "text /sys/devices/virtual/block/sdb/sdb1/partition\n 1\n"
                       "link /sys/class/block/sdb2 ../../devices/virtual/block/sdb/sdb2\n"
                       "text /sys/devices/virtual/block/sdb/sdb2/dev\n 8:18\n"
                       "text /sys/devices/virtual/block/sdb/sdb2/partition\n 2\n"
                       "text /proc/1/mountinfo\n 1 0 8:0 / / rw - ext4 /dev/sda rw\n");
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(GPtrArray) domains = new_domains();

    g_ptr_array_add(domains, new_domain("a", "block", "dev", "/dev/sdb1"));
    g_ptr_array_add(domains, new_domain("b", "block", "dev", "/dev/sdb2"));
    check(storage, domains, "sdb1", "a b");
    g_autoptr(OmenDeviceReach) reach = ask(storage, domains, "sdb1", TRUE);
    g_assert_cmpuint(reach->uses->len, ==, 1);
    /* Several names of one line are one device, or all that they stand for. */
    check(storage, domains, "8:0 sdq", "host");
    check(storage, domains, "9:9:9:9 sdb", "a b");
    recorded_host_remove(root);
}

static void
test_given_devices(void)
{
    char *root = recorded_host_unpack(
        ROOT_ON_SDA "text /proc/1/mountinfo\n 1 0 8:0 / / rw - ext4 /dev/sda rw\n");
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(GPtrArray) domains = new_domains();

    g_ptr_array_add(domains,
                    omen_domain_disks_new_from_xml(
                        "<domain><name>a</name><uuid>u</uuid><devices><hostdev type='pci'><source>"
                        "<address domain='0' bus='0x3b' slot='0' function='0'/></source></hostdev>"
                        "</devices></domain>",
                        NULL));
    check(storage, domains, "0000:3b:00.0", "a");
    check(storage, domains, "0000:3b:00.1", "host");
    recorded_host_remove(root);
}

static void
test_nothing(void)
{
    g_autoptr(OmenStorage) storage = omen_storage_read("/nonexistent");
    g_autoptr(GPtrArray) domains = new_domains();

    check(storage, domains, "sda", "host");
    check(storage, domains, "", "host");
}

/* Devices that lie on each other in a ring, loops on themselves, layers without end. */
static void
test_rings(void)
{
    char *root = recorded_host_unpack(ROOT_ON_SDA DISK("dm-0", "253:0") DISK("dm-1", "253:1") DISK(
        "loop0",
        "7:0") "link /sys/devices/virtual/block/dm-0/slaves/dm-1 x\n"
               "link /sys/devices/virtual/block/dm-1/slaves/dm-0 x\n"
               "text /sys/devices/virtual/block/loop0/loop/backing_file\n /loop/file\n"
               "link /dev/mapper/ring ring\n"
               "text /proc/1/mountinfo\n 1 0 8:0 / / rw - ext4 /dev/sda rw\n"
               " 2 1 7:0 / /loop rw - ext4 /dev/loop0 rw\n"
               " 3 1 0:50 / /layers rw - overlay overlay rw,lowerdir=/layers:/loop,upperdir=/layers/u\n");
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(GPtrArray) domains = new_domains();

    g_ptr_array_add(domains, new_domain("a", "block", "dev", "/dev/dm-0"));
    g_ptr_array_add(domains, new_domain("b", "file", "file", "/layers/b"));
    check(storage, domains, "dm-1", "a");
    check(storage, domains, "253:1", "a"); /* as the device mapper tells of it */
    check(storage, domains, "loop0", "b");
    g_ptr_array_add(domains, new_domain("c", "block", "dev", "/dev/mapper/ring"));
    check(storage, domains, "dm-1", "a c"); /* where it leads to is not known */
    recorded_host_remove(root);
}

/* A host with disks of its own and of others', and mounts of both. */
static char *
unpack_shared_host(void)
{
    return recorded_host_unpack(ROOT_ON_SDA DISK("sdb", "8:16") DISK("rbd0", "252:0") DISK(
        "dm-0",
        "253:0") "link /sys/class/block/sdc ../../devices/platform/host3/session1/target3:0:0/3:0:0:1/block/sdc\n"
                 "text /sys/devices/platform/host3/session1/target3:0:0/3:0:0:1/block/sdc/dev\n 8:32\n"
                 "link /sys/class/block/sdd ../../devices/pci/host4/rport-4:0-1/target4:0:0/4:0:0:1/block/sdd\n"
                 "text /sys/devices/pci/host4/rport-4:0-1/target4:0:0/4:0:0:1/block/sdd/dev\n 8:48\n"
                 "text /sys/class/iscsi_session/session1/targetname\n iqn.2024-01.org.example:a\n"
                 "text /sys/class/fc_remote_ports/rport-4:0-1/node_name\n 0x5006016080000000\n"
                 "text /sys/bus/rbd/devices/0/pool\n vms\n"
                 "text /sys/bus/rbd/devices/0/cluster_fsid\n c0ffee\n"
                 "link /sys/devices/virtual/block/dm-0/slaves/sdc x\n"
                 "text /proc/1/mountinfo\n 1 0 8:0 / / rw - ext4 /dev/sda rw\n"
                 " 2 1 0:60 / /nfs rw - nfs4 server:/export rw\n"
                 " 3 1 253:0 / /own rw - xfs /dev/dm-0 rw\n");
}

static gboolean
is_shared(const OmenStorage *storage, GPtrArray *domains, const OmenDeviceQuestion *question)
{
    g_autoptr(OmenDeviceReach) reach = omen_device_reach_find(storage, question, domains);

    g_test_message("%s: %s", *question->names ? *question->names : question->remote, reach->note);
    return reach->is_shared;
}

static void
check_shared(const OmenStorage *storage, GPtrArray *domains, const char *name, gboolean expected)
{
    char *names[] = {(char *) name, NULL};
    OmenDeviceQuestion question = {.names = names};

    g_assert_cmpint(is_shared(storage, domains, &question), ==, expected);
}

static OmenDomainDisks *
new_network_domain(const char *name, const char *source)
{
    g_autofree char *xml = g_strdup_printf(
        "<domain><name>%s</name><uuid>u-%s</uuid><devices><disk type='network'>%s<target "
        "dev='vda'/></disk></devices></domain>",
        name, name, source);

    return omen_domain_disks_new_from_xml(xml, NULL);
}

/* @uuid: of a domain that it reaches; NULL: nothing was found out. */
static const char *
find_meant(const OmenStorageIds *ids,
           const char *device,
           const char *line,
           const char *uuid,
           gboolean is_shared)
{
    g_autoptr(OmenDeviceReach) reach = omen_device_reach_new(OMEN_REACH_DOMAINS, "");
    OmenStorageTrouble trouble = {.device = device, .line = line, .is_of_domain = !*device};

    reach->is_shared = is_shared;
    if (uuid)
        omen_device_reach_add_use(reach, uuid, uuid, "");
    if (*device)
        omen_device_reach_set_devices(reach, g_strsplit(device, " ", -1));
    trouble.reach = uuid ? reach : NULL;
    return omen_storage_ids_find(ids, &trouble);
}

static void
check_meant(const OmenStorageIds *ids)
{
    /* A host's device; a guest's disk, by the error that QEMU met; a server that the kernel names.
     */
    g_assert_cmpstr(find_meant(ids, "sdc", "", "u-own", FALSE), ==,
                    "iscsi iqn.2024-01.org.example:a");
    g_assert_cmpstr(find_meant(ids, "sda", "", "u-local", FALSE), ==, NULL);
    g_assert_cmpstr(find_meant(ids, "", "I/O error", "u-nfs", TRUE), ==, "nfs server:/export");
    g_assert_cmpstr(find_meant(ids, "", "I/O error", "u-local", FALSE), ==, NULL);
    g_assert_cmpstr(find_meant(ids, "", "nfs: server server not responding", NULL, FALSE), ==,
                    "nfs server:/export");
    g_assert_cmpstr(find_meant(ids, "", "nfs: server17 does not respond", NULL, FALSE), ==, "");
    g_assert_cmpstr(find_meant(ids, "", "no answer of server.", NULL, FALSE), ==,
                    "nfs server:/export");
    g_assert_cmpstr(find_meant(ids, "", "task vi blocked", NULL, FALSE), ==, "");
    g_assert_cmpstr(find_meant(NULL, "sda", "", NULL, FALSE), ==, "");
}

/* Storage of other machines, by names that other hosts give it as well. */
static void
test_ids(void)
{
    static const char *const domains_of[][5] = {
        {"local", "block", "dev", "/dev/sdb", ""},
        {"iscsi", "block", "dev", "/dev/sdc", "iscsi iqn.2024-01.org.example:a"},
        {"own", "file", "file", "/own/a.qcow2", "iscsi iqn.2024-01.org.example:a"},
        {"rbd", "block", "dev", "/dev/rbd0", "ceph c0ffee:vms"},
        {"nfs", "file", "file", "/nfs/a.qcow2", "nfs server:/export"},
        {"fibre", "block", "dev", "/dev/sdd", "fibre channel 0x5006016080000000"},
    };
    static const char *const network[][3] = {
        {"ceph", "<source protocol='rbd' name='vms/a'><host name='m2'/><host name='m1'/></source>",
         "ceph m1:vms"},
        {"target", "<source protocol='iscsi' name='iqn.x:y/1'><host name='s'/></source>",
         "iscsi s:iqn.x:y"},
        {"nbd", "<source protocol='nbd' name='nbd'><host name='s' port='10809'/></source>",
         "nbd s"},
        {"none", "<source protocol='nbd'/>", ""},
    };
    char *root = unpack_shared_host();
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(GPtrArray) domains = new_domains();
    g_autoptr(OmenStorageIds) ids = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(domains_of); i++)
        g_ptr_array_add(domains, new_domain(domains_of[i][0], domains_of[i][1], domains_of[i][2],
                                            domains_of[i][3]));
    for (guint i = 0; i < G_N_ELEMENTS(network); i++)
        g_ptr_array_add(domains, new_network_domain(network[i][0], network[i][1]));
    ids = omen_storage_ids_new(storage, domains);
    for (guint i = 0; i < G_N_ELEMENTS(domains_of) + G_N_ELEMENTS(network); i++) {
        gboolean is_remote = i >= G_N_ELEMENTS(domains_of);
        const char *const *row = is_remote ? network[i - G_N_ELEMENTS(domains_of)] : domains_of[i];
        const char *expected = row[is_remote ? 2 : 4];
        g_autofree char *uuid = g_strconcat("u-", row[0], NULL);
        GPtrArray *found = g_hash_table_lookup(ids->of_domain, uuid);
        g_assert_nonnull(found);
        g_assert_cmpuint(found->len, ==, *expected ? 1 : 0);
        if (*expected)
            g_assert_cmpstr(g_ptr_array_index(found, 0), ==, expected);
    }
    g_assert_cmpuint(ids->all->len, ==, 7);
    g_assert_cmpstr(g_ptr_array_index(ids->all, 0), ==, "ceph c0ffee:vms");
    g_assert_cmpstr(g_hash_table_lookup(ids->of_device, "dm-0"), ==,
                    "iscsi iqn.2024-01.org.example:a");
    g_assert_null(g_hash_table_lookup(ids->of_device, "sda"));
    check_meant(ids);
    recorded_host_remove(root);
}

/* What other hosts use as well is no reason to go there. */
static void
test_shared(void)
{
    static const char *const domains_of[][4] = {
        {"local", "block", "dev", "/dev/sdb"},    {"iscsi", "block", "dev", "/dev/sdc"},
        {"file", "file", "file", "/own/a.qcow2"}, {"rbd", "block", "dev", "/dev/rbd0"},
        {"nfs", "file", "file", "/nfs/a.qcow2"},  {"ceph", "network", "protocol", "rbd"},
        {"fibre", "block", "dev", "/dev/sdd"},
    };
    char *root = unpack_shared_host();
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(GPtrArray) domains = new_domains();
    char *none[] = {NULL};
    char *fibre[] = {(char *) "sdd", NULL};
    OmenDeviceQuestion question = {.names = none};

    for (guint i = 0; i < G_N_ELEMENTS(domains_of); i++)
        g_ptr_array_add(domains, new_domain(domains_of[i][0], domains_of[i][1], domains_of[i][2],
                                            domains_of[i][3]));
    check_shared(storage, domains, "sdb", FALSE);
    check_shared(storage, domains, "rbd0", TRUE);
    /* A file system of this host alone on another's disk is not there on the next host. */
    check_shared(storage, domains, "sdc", FALSE);
    g_ptr_array_remove_index(domains, 2);
    check_shared(storage, domains, "sdc", TRUE);
    /* An adapter of this host may fail alone, a disk behind it does not. */
    check_shared(storage, domains, "sdd", TRUE);
    question = (OmenDeviceQuestion){.names = fibre, .of_way = TRUE};
    g_assert_false(is_shared(storage, domains, &question));
    /* Lines that name no device of this host. */
    check(storage, domains, "", "host");
    question = (OmenDeviceQuestion){.names = none, .remote = "nfs"};
    g_assert_true(is_shared(storage, domains, &question));
    question.remote = "ceph";
    g_assert_true(is_shared(storage, domains, &question));
    question.remote = "gluster";
    g_assert_false(is_shared(storage, domains, &question));
    recorded_host_remove(root);
}

static void
check_trouble(const OmenStorage *storage,
              const OmenDomainDisks *domain,
              const char *line,
              gboolean expected)
{
    g_autoptr(OmenDeviceReach) reach = omen_domain_trouble_find(storage, domain, line);

    g_test_message("%s: %s", line, reach->note);
    g_assert_cmpint(reach->is_shared, ==, expected);
    g_assert_true(omen_device_reach_includes(reach, "u"));
}

/* An error that QEMU met is of the image that it names. */
static void
test_trouble_of_domain(void)
{
    char *root = unpack_shared_host();
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    g_autoptr(OmenDomainDisks) domain = omen_domain_disks_new_from_xml(
        "<domain><name>a</name><uuid>u</uuid><devices>"
        "<disk type='file' device='disk'><source file='/nfs/a.qcow2' index='3'/>"
        "<target dev='vda'/><alias name='virtio-disk0'/></disk>"
        "<disk type='network' device='disk'><source protocol='rbd' name='p/b' index='2'/>"
        "<target dev='vdb'/><alias name='virtio-disk1'/></disk>"
        "<disk type='file' device='cdrom'><source file='/own/cd.iso' index='1'/>"
        "<target dev='sda'/><alias name='sata0-0-0'/></disk></devices></domain>",
        NULL);
    g_autoptr(OmenDomainDisks) local = omen_domain_disks_new_from_xml(
        "<domain><name>a</name><uuid>u</uuid><devices>"
        "<disk type='file'><source file='/own/a.qcow2'/><target dev='vda'/></disk>"
        "<disk type='file'><source file='/nfs/b.qcow2'/><target dev='vdb'/></disk>"
        "</devices></domain>",
        NULL);

    check_trouble(storage, domain, "BLOCK_IO_ERROR {\"node-name\":\"libvirt-2-format\"}", TRUE);
    check_trouble(storage, domain, "BLOCK_IO_ERROR {\"node-name\":\"libvirt-1-format\"}", FALSE);
    check_trouble(storage, domain, "io-error: device virtio-disk0 source unknown", TRUE);
    check_trouble(storage, domain, "io-error: device sata0-0-0 source unknown", FALSE);
    check_trouble(storage, domain, "block I/O error", TRUE);
    check_trouble(storage, local, "block I/O error", FALSE);
    check_trouble(storage, local, "io-error: source /nfs/b.qcow2 reason eio", TRUE);
    recorded_host_remove(root);
}

static void
test_pool(void)
{
    g_autoptr(OmenDomainDisks) domain = omen_domain_disks_new_from_xml(
        "<domain><name>a</name><uuid>u</uuid><devices><disk type='volume'>"
        "<source pool='p' volume='v'/><target dev='vda'/></disk></devices></domain>",
        NULL);
    OmenDomainDisk *disk = g_ptr_array_index(domain->disks, 0);

    omen_domain_disk_set_pool(disk, "<pool type='dir'/>");
    g_assert_cmpint(disk->kind, ==, OMEN_DISK_VOLUME);
    omen_domain_disk_set_pool(disk, "no XML");
    g_assert_cmpint(disk->kind, ==, OMEN_DISK_VOLUME);
    omen_domain_disk_set_pool(disk, "<pool type='rbd'/>");
    g_assert_cmpint(disk->kind, ==, OMEN_DISK_REMOTE);
    g_assert_cmpstr(disk->remote, ==, "ceph");
    omen_domain_disk_set_pool(disk,
                              "<pool type='rbd'><source><host name='mon2'/><host name='mon1'/>"
                              "<name>vms</name></source></pool>");
    g_assert_cmpstr(disk->remote_id, ==, "ceph mon1:vms");
}

static void
test_lines_of_shared(void)
{
    static const char *const lines[][2] = {
        {"kernel: nfs: server 10.0.0.2 not responding, still trying", "nfs"},
        {"kernel: libceph: osd3 down", "ceph"},
        {"kernel: rbd: rbd7: write result -5", "ceph"},
        {"kernel: block nbd0: Connection timed out", "nbd"},
        {"kernel: CIFS: VFS: \\\\srv has not responded in 180 seconds", "smb"},
        {"kernel:  connection1:0: ping timeout of 5 secs expired", "iscsi"},
        {"kernel: sd 3:0:0:1: [sdb] Unrecovered read error", NULL},
        {"sshd: connection closed", NULL},
        {"", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        g_assert_cmpstr(omen_remote_kind_of_line(lines[i][0]), ==, lines[i][1]);
}

static void
test_text(void)
{
    g_autoptr(OmenDeviceReach) reach = omen_device_reach_new(OMEN_REACH_DOMAINS, "so\tit\nis");
    omen_device_reach_add_use(reach, "u", "a\n", "x → y");
    g_autofree char *text = omen_device_reach_to_text(reach);
    g_autoptr(OmenDeviceReach) again = omen_device_reach_new_from_text(text);
    const OmenDeviceUse *use = g_ptr_array_index(again->uses, 0);

    g_assert_cmpint(again->reach, ==, OMEN_REACH_DOMAINS);
    g_assert_cmpstr(again->note, ==, "so it is");
    g_assert_cmpuint(again->uses->len, ==, 1);
    g_assert_cmpstr(use->name, ==, "a ");
    g_assert_cmpstr(use->chain, ==, "x → y");
    g_assert_null(omen_device_reach_new_from_text(""));
    g_assert_null(omen_device_reach_new_from_text("everybody\tx\n"));
}

#define MANY 1000

/* 1,000 disks, each with a file system and a domain on it. */
static void
test_many(void)
{
    g_autoptr(GString) text = g_string_new(ROOT_ON_SDA);
    g_autoptr(GString) mounts =
        g_string_new("text /proc/1/mountinfo\n 1 0 8:0 / / rw - ext4 /dev/sda rw\n");
    g_autoptr(GPtrArray) domains = new_domains();
    char *root;

    for (guint i = 0; i < MANY; i++) {
        g_autofree char *name = g_strdup_printf("d%u", i);
        g_autofree char *path = g_strdup_printf("/srv/%u/images/disk.qcow2", i);
        g_string_append_printf(text,
                               "link /sys/class/block/dm-%u ../../devices/virtual/block/dm-%u\n"
                               "text /sys/devices/virtual/block/dm-%u/dev\n 253:%u\n"
                               "text /sys/devices/virtual/block/dm-%u/dm/name\n vg-%u\n"
                               "link /sys/devices/virtual/block/dm-%u/slaves/sda x\n",
                               i, i, i, i, i, i, i);
        g_string_append_printf(mounts, " %u 1 253:%u / /srv/%u rw - ext4 /dev/dm-%u rw\n", i + 2, i,
                               i, i);
        g_ptr_array_add(domains, new_domain(name, "file", "file", path));
    }
    g_string_append(text, mounts->str);
    root = recorded_host_unpack(text->str);
    /* The processor's time: others may work on the machine as well. */
    clock_t start = clock();
    g_autoptr(OmenStorage) storage = omen_storage_read(root);
    clock_t read = clock();
    check(storage, domains, "dm-500", "d500");
    double read_ms = 1000.0 * (double) (read - start) / CLOCKS_PER_SEC;
    double resolve_ms = 1000.0 * (double) (clock() - read) / CLOCKS_PER_SEC;
    g_test_message("%d devices read in %.1f ms, %d domains resolved in %.1f ms", MANY, read_ms,
                   MANY, resolve_ms);
    if (g_test_perf())
        g_assert_cmpfloat(read_ms + resolve_ms, <, 50);
    recorded_host_remove(root);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reach/machine", test_machine);
    g_test_add_func("/reach/chain", test_chain);
    g_test_add_func("/reach/unknown-root", test_unknown_root);
    g_test_add_func("/reach/zfs", test_zfs);
    g_test_add_func("/reach/partitions", test_partitions);
    g_test_add_func("/reach/given-devices", test_given_devices);
    g_test_add_func("/reach/nothing", test_nothing);
    g_test_add_func("/reach/ids", test_ids);
    g_test_add_func("/reach/rings", test_rings);
    g_test_add_func("/reach/shared", test_shared);
    g_test_add_func("/reach/trouble-of-domain", test_trouble_of_domain);
    g_test_add_func("/reach/pool", test_pool);
    g_test_add_func("/reach/lines-of-shared", test_lines_of_shared);
    g_test_add_func("/reach/text", test_text);
    g_test_add_func("/reach/many", test_many);
    return g_test_run();
}

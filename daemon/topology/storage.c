/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/storage.h"

#include "topology/block-reader.h"
#include "topology/path-walk.h"
#include "topology/remote-storage.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MAX_LISTED     4096
#define MAX_LOWER_DIRS 64

struct _OmenStorage {
    char *root;
    OmenBlockGraph *graph;
    OmenMountTable *mounts;
    GHashTable *pools;   /* OmenBlockDevice of a btrfs -> GPtrArray of all that it is made of */
    GHashTable *claimed; /* OmenBlockDevice */
    GHashTable *own;     /* OmenBlockDevice -> static name of what of the host's lies there */
    OmenPlaceKind own_place;
    GPtrArray *own_remote; /* static words: kinds of shared storage that the host itself needs */
};

/* What the host needs to live, itself and libvirt: without it everybody is lost. A file system for
 * images below one of them is another matter. */
static const char *const own_paths[] = {
    "/",
    "/usr",
    "/etc",
    "/var",
    "/var/lib",
    "/var/run",
    "/var/lib/libvirt",
    "/var/lib/libvirt/qemu",
};

static void locate_mount(const OmenStorage *self, guint index, OmenPlace *place);

static void
place_init(OmenPlace *self)
{
    *self = (OmenPlace){OMEN_PLACE_DEVICES, g_ptr_array_new(), g_strdup(""), NULL, g_strdup("")};
}

void
omen_place_clear(OmenPlace *self)
{
    g_clear_pointer(&self->devices, g_ptr_array_unref);
    g_clear_pointer(&self->mount_point, g_free);
    g_clear_pointer(&self->remote_id, g_free);
}

static void
add_once(GPtrArray *devices, OmenBlockDevice *device)
{
    if (!g_ptr_array_find(devices, device, NULL))
        g_ptr_array_add(devices, device);
}

/* The device itself at a path that has no links any more. */
static OmenBlockDevice *
find_device(const OmenStorage *self, const char *path)
{
    g_autofree char *name = NULL;
    g_autofree char *full = g_strconcat(self->root, path, NULL);
    OmenBlockDevice *device;
    struct stat found;

    if (!g_str_has_prefix(path, "/dev/"))
        return NULL;
    name = g_strdelimit(g_strdup(path + strlen("/dev/")), "/", '!');
    device = omen_block_graph_lookup(self->graph, name);
    if (device)
        return device;
    /* A device's node of its own, as in /dev/mapper where udev does not run. */
    if (stat(full, &found) == 0 && S_ISBLK(found.st_mode))
        return omen_block_graph_lookup_number(self->graph, major(found.st_rdev),
                                              minor(found.st_rdev));
    return NULL;
}

static gboolean
is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(word, *words) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_elsewhere(const char *fs_type)
{
    static const char *const types[] = {"9p",     "virtiofs",  "tmpfs",  "devtmpfs",
                                        "ramfs",  "hugetlbfs", "proc",   "sysfs",
                                        "cgroup", "cgroup2",   "rootfs", NULL};

    return omen_remote_kind_of_file_system(fs_type) != NULL || is_one_of(fs_type, types);
}

/* A worse answer stays: what is not known of a part is not known of the whole. */
static void
worsen(OmenPlace *place, OmenPlaceKind kind)
{
    if (kind != OMEN_PLACE_ELSEWHERE)
        place->kind = MAX(place->kind, kind);
}

/* "/dev/sdb", or several with colons between them. */
static void
locate_source(const OmenStorage *self, const char *source, OmenPlace *place)
{
    g_auto(GStrv) paths = g_strsplit(source, ":", MAX_LOWER_DIRS);

    for (guint i = 0; paths[i]; i++) {
        g_autofree char *path = omen_path_walk(self->root, paths[i]);
        OmenBlockDevice *device = path ? find_device(self, path) : NULL;
        GPtrArray *pool = device ? g_hash_table_lookup(self->pools, device) : NULL;
        if (!device)
            worsen(place, OMEN_PLACE_UNKNOWN);
        else if (!pool)
            add_once(place->devices, device);
        for (guint j = 0; pool && j < pool->len; j++)
            add_once(place->devices, g_ptr_array_index(pool, j));
    }
}

/* Its folders lie in what was mounted before it: so this comes to an end. */
static void
locate_layers(const OmenStorage *self, guint index, OmenPlace *place)
{
    static const char *const options[] = {"upperdir", "lowerdir"};
    const OmenMount *mount = omen_mount_table_get(self->mounts, index);
    gboolean is_found = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        g_autofree char *text = omen_mount_get_option(mount, options[i]);
        g_auto(GStrv) folders = g_strsplit(text ? text : "", ":", MAX_LOWER_DIRS);
        for (guint j = 0; folders[j]; j++) {
            guint below;
            g_autofree char *path = omen_path_walk(self->root, folders[j]);
            if (path && omen_mount_table_find(self->mounts, path, index, &below))
                locate_mount(self, below, place);
            else
                worsen(place, OMEN_PLACE_UNKNOWN);
            is_found = TRUE;
        }
    }
    if (!is_found)
        worsen(place, OMEN_PLACE_UNKNOWN);
}

static void
locate_mount(const OmenStorage *self, guint index, OmenPlace *place)
{
    const OmenMount *mount = omen_mount_table_get(self->mounts, index);
    OmenBlockDevice *device = NULL;

    if (mount->major_number > 0)
        device =
            omen_block_graph_lookup_number(self->graph, mount->major_number, mount->minor_number);
    if (device)
        add_once(place->devices, device);
    else if (is_elsewhere(mount->fs_type))
        return;
    else if (strcmp(mount->fs_type, "overlay") == 0)
        locate_layers(self, index, place);
    else if (strcmp(mount->fs_type, "zfs") == 0)
        worsen(place, OMEN_PLACE_UNCLAIMED);
    else if (*mount->source == '/')
        locate_source(self, mount->source, place);
    else
        worsen(place, OMEN_PLACE_UNKNOWN);
}

/* What a device lies on may itself not be known. */
static void
look_for_drift(const OmenStorage *self, OmenPlace *place)
{
    g_autoptr(GHashTable) below = omen_block_graph_descend(self->graph, place->devices);
    GHashTableIter iter;
    gpointer device;

    g_hash_table_iter_init(&iter, below);
    while (g_hash_table_iter_next(&iter, &device, NULL)) {
        if (((OmenBlockDevice *) device)->is_adrift)
            worsen(place, OMEN_PLACE_UNKNOWN);
    }
}

/* What lies below a device is all of one shared storage; NULL: it is not. */
static const char *
find_remote(const OmenStorage *self, GPtrArray *devices)
{
    g_autoptr(GHashTable) below = omen_block_graph_descend(self->graph, devices);
    GHashTableIter iter;
    gpointer device;
    const char *remote = NULL;

    g_hash_table_iter_init(&iter, below);
    while (g_hash_table_iter_next(&iter, &device, NULL)) {
        const OmenBlockDevice *one = device;
        if (one->below->len > 0)
            continue;
        if (!one->remote)
            return NULL;
        remote = one->remote;
    }
    return remote;
}

static void
locate_in_mount(const OmenStorage *self, guint index, OmenPlace *place)
{
    const OmenMount *mount = omen_mount_table_get(self->mounts, index);

    g_free(place->mount_point);
    place->mount_point = g_strdup(mount->mount_point);
    place->remote = omen_remote_kind_of_file_system(mount->fs_type);
    /* A path names a device of this host, which may be another one elsewhere. */
    if (place->remote && (*mount->source != '/' || mount->source[1] == '/')) {
        g_free(place->remote_id);
        place->remote_id = g_strdup_printf("%s %s", place->remote, mount->source);
    }
    locate_mount(self, index, place);
    if (place->kind == OMEN_PLACE_DEVICES && place->devices->len == 0)
        place->kind = OMEN_PLACE_ELSEWHERE;
}

/* Whoever touches a path on a server that does not answer hangs: what is written there is enough.
 */
static gboolean
locate_untouched(const OmenStorage *self, const char *path, OmenPlace *place)
{
    guint index;
    const OmenMount *mount = *path == '/' && !strstr(path, "/../")
                                 ? omen_mount_table_find(self->mounts, path, G_MAXUINT, &index)
                                 : NULL;

    if (!mount || !omen_remote_kind_of_file_system(mount->fs_type))
        return FALSE;
    locate_in_mount(self, index, place);
    return TRUE;
}

void
omen_storage_locate(const OmenStorage *self, const char *path, OmenPlace *place)
{
    place_init(place);
    if (locate_untouched(self, path, place))
        return;
    g_autofree char *plain = omen_path_walk(self->root, path);
    OmenBlockDevice *device = plain ? find_device(self, plain) : NULL;
    const OmenMount *mount = NULL;
    guint index = 0;

    if (device)
        g_ptr_array_add(place->devices, device);
    else if (plain && !g_str_has_prefix(plain, "/dev/"))
        mount = omen_mount_table_find(self->mounts, plain, G_MAXUINT, &index);
    if (mount)
        locate_in_mount(self, index, place);
    else if (!device)
        place->kind = OMEN_PLACE_UNKNOWN;
    else
        place->remote = find_remote(self, place->devices);
    look_for_drift(self, place);
}

/* ---- reading ---- */

static void
read_pools(OmenStorage *self)
{
    g_autoptr(GPtrArray) uuids = omen_path_list(self->root, "/sys/fs/btrfs", MAX_LISTED);

    for (guint i = 0; i < uuids->len; i++) {
        g_autofree char *folder =
            g_strdup_printf("/sys/fs/btrfs/%s/devices", (char *) g_ptr_array_index(uuids, i));
        g_autoptr(GPtrArray) names = omen_path_list(self->root, folder, MAX_LISTED);
        g_autoptr(GPtrArray) pool = g_ptr_array_new();
        for (guint j = 0; j < names->len; j++) {
            OmenBlockDevice *device =
                omen_block_graph_lookup(self->graph, g_ptr_array_index(names, j));
            if (device)
                g_ptr_array_add(pool, device);
        }
        for (guint j = 0; j < pool->len; j++)
            g_hash_table_replace(self->pools, g_ptr_array_index(pool, j), g_ptr_array_ref(pool));
    }
}

static void
link_loops(OmenStorage *self)
{
    g_autoptr(GPtrArray) devices = omen_block_graph_list(self->graph);

    for (guint i = 0; i < devices->len; i++) {
        OmenBlockDevice *loop = g_ptr_array_index(devices, i);
        g_auto(OmenPlace) place = {0};
        if (!*loop->backing_file)
            continue;
        omen_storage_locate(self, loop->backing_file, &place);
        loop->is_adrift = place.kind == OMEN_PLACE_UNKNOWN || place.kind == OMEN_PLACE_UNCLAIMED;
        for (guint j = 0; j < place.devices->len; j++)
            omen_block_graph_link(self->graph, loop, g_ptr_array_index(place.devices, j));
    }
}

static void
claim(OmenStorage *self, GPtrArray *devices, const char *own_use)
{
    g_autoptr(GHashTable) below = omen_block_graph_descend(self->graph, devices);
    GHashTableIter iter;
    gpointer device;

    g_hash_table_iter_init(&iter, below);
    while (g_hash_table_iter_next(&iter, &device, NULL)) {
        g_hash_table_add(self->claimed, device);
        if (own_use && !g_hash_table_contains(self->own, device))
            g_hash_table_insert(self->own, device, (gpointer) own_use);
    }
}

static void
claim_mounted(OmenStorage *self)
{
    for (guint i = 0; i < omen_mount_table_get_size(self->mounts); i++) {
        g_auto(OmenPlace) place = {0};
        place_init(&place);
        locate_mount(self, i, &place);
        claim(self, place.devices, NULL);
    }
}

static void
claim_own(OmenStorage *self)
{
    for (guint i = 0; i < G_N_ELEMENTS(own_paths); i++) {
        g_auto(OmenPlace) place = {0};
        omen_storage_locate(self, own_paths[i], &place);
        claim(self, place.devices, own_paths[i]);
        if (place.remote)
            g_ptr_array_add(self->own_remote, (gpointer) place.remote);
        if (place.kind != OMEN_PLACE_ELSEWHERE)
            self->own_place = MAX(self->own_place, place.kind);
    }
}

static void
claim_swap(OmenStorage *self)
{
    g_autofree char *text = omen_path_read_text(self->root, "/proc/swaps");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", MAX_LISTED);

    for (guint i = 0; lines[i]; i++) {
        g_auto(OmenPlace) place = {0};
        if (*lines[i] != '/')
            continue;
        lines[i][strcspn(lines[i], " \t")] = '\0';
        omen_storage_locate(self, lines[i], &place);
        claim(self, place.devices, "swap");
    }
}

/* The mounts of the host: the daemon's own may be fewer, as systemd arranged it. */
static OmenMountTable *
read_mounts(const char *root)
{
    static const char *const paths[] = {"/proc/1/mountinfo", "/proc/self/mountinfo"};

    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *full = g_strconcat(root, paths[i], NULL);
        g_autofree char *text = NULL;
        if (g_file_get_contents(full, &text, NULL, NULL) && *text)
            return omen_mount_table_new(text);
    }
    return omen_mount_table_new("");
}

OmenStorage *
omen_storage_read(const char *root)
{
    OmenStorage *self = g_new0(OmenStorage, 1);

    self->root = g_strdup(root);
    self->graph = omen_block_reader_read(root);
    self->mounts = read_mounts(root);
    self->pools = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
    self->claimed = g_hash_table_new(NULL, NULL);
    self->own = g_hash_table_new(NULL, NULL);
    self->own_remote = g_ptr_array_new();
    read_pools(self);
    link_loops(self);
    claim_mounted(self);
    claim_own(self);
    claim_swap(self);
    return self;
}

void
omen_storage_free(OmenStorage *self)
{
    g_ptr_array_unref(self->own_remote);
    g_hash_table_unref(self->own);
    g_hash_table_unref(self->claimed);
    g_hash_table_unref(self->pools);
    omen_mount_table_free(self->mounts);
    omen_block_graph_free(self->graph);
    g_free(self->root);
    g_free(self);
}

const OmenBlockGraph *
omen_storage_get_graph(const OmenStorage *self)
{
    return self->graph;
}

GPtrArray *
omen_storage_resolve(const OmenStorage *self, const char *name)
{
    guint index;

    if (*name == '/') {
        g_autofree char *path = omen_path_walk(self->root, name);
        g_auto(OmenPlace) place = {0};
        const OmenMount *mount =
            path ? omen_mount_table_find(self->mounts, path, G_MAXUINT, &index) : NULL;
        OmenBlockDevice *device = path ? find_device(self, path) : NULL;
        place_init(&place);
        if (device)
            g_ptr_array_add(place.devices, device);
        else if (mount && strcmp(mount->mount_point, path) == 0)
            locate_mount(self, index, &place);
        return g_steal_pointer(&place.devices);
    }
    return omen_block_graph_resolve(self->graph, name);
}

const char *
omen_storage_get_own_use(const OmenStorage *self, const OmenBlockDevice *device)
{
    return g_hash_table_lookup(self->own, device);
}

OmenPlaceKind
omen_storage_get_own_place(const OmenStorage *self)
{
    return self->own_place;
}

gboolean
omen_storage_lives_on(const OmenStorage *self, const char *remote)
{
    return g_ptr_array_find_with_equal_func(self->own_remote, remote, g_str_equal, NULL);
}

gboolean
omen_storage_is_claimed(const OmenStorage *self, const OmenBlockDevice *device)
{
    return device->above->len > 0 || g_hash_table_contains(self->claimed, device);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /sys tells of block devices: where they hang, and the names that somebody gave to volumes
 * and to files behind loops. A line of the input is an attribute or where a link leads. */
#include "fuzz-file.h"

#include "topology/block-reader.h"

#include <errno.h>

static const char *const attributes[] = {
    "sda/dev",         "sda1/dev",
    "sda1/partition",  "dm-0/dev",
    "dm-0/dm/name",    "dm-0/dm/uuid",
    "loop0/dev",       "nvme0n1/dev",
    "nvme0c1n1/dev",   "loop0/loop/backing_file",
    "md0/dev",         "md0/slaves/nvme0n1",
    "dm-0/slaves/md0", "md0/slaves/loop0p1",
};
static const char *const links[] = {"sda", "sda1", "dm-0", "loop0", "md0", "nvme0n1", "nvme0c1n1"};

static void
remove_tree(const char *path)
{
    g_autoptr(GDir) dir =
        g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        remove_tree(inner);
    }
    remove(path);
}

/* All of a device lies at its link's end; where that is not a place below @root, it has none. */
static void
put_link(const char *root, const char *name, const char *end)
{
    g_autofree char *path = g_build_filename(root, "sys/class/block", name, NULL);

    if (*end && strlen(end) < 4096 && symlink(end, path) != 0 && errno != EEXIST &&
        errno != ENAMETOOLONG)
        g_error("%s: %s", path, g_strerror(errno));
}

static void
put_attribute(const char *root, const char *attribute, const char *value)
{
    g_autofree char *place = g_build_filename(root, "sys/devices/block", attribute, NULL);
    g_autofree char *folder = g_path_get_dirname(place);

    g_mkdir_with_parents(folder, 0700);
    fuzz_write(place, value, strlen(value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 64);
    g_autofree char *root = g_build_filename(fuzz_folder(), "host", NULL);
    g_autofree char *block = g_build_filename(root, "sys/class/block", NULL);
    g_autoptr(GPtrArray) devices = NULL;
    guint n = g_strv_length(lines);
    guint at = 0;

    g_mkdir_with_parents(block, 0700);
    for (guint i = 0; i < G_N_ELEMENTS(attributes) && at < n; i++)
        put_attribute(root, attributes[i], lines[at++]);
    for (guint i = 0; i < G_N_ELEMENTS(links); i++) {
        g_autofree char *usual = g_strconcat("../../devices/block/", links[i], NULL);
        put_link(root, links[i], at < n && *lines[at] ? lines[at] : usual);
        at++;
    }
    g_autoptr(OmenBlockGraph) graph = omen_block_reader_read(root);
    devices = omen_block_graph_list(graph);
    for (guint i = 0; i < devices->len; i++)
        g_free(omen_block_device_describe(g_ptr_array_index(devices, i)));
    g_hash_table_unref(omen_block_graph_climb(graph, devices));
    g_hash_table_unref(omen_block_graph_descend(graph, devices));
    remove_tree(root);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/self/mountinfo, where whoever mounts a file system chooses names: and paths looked for in
 * it. */
#include "fuzz.h"

#include "topology/mount-table.h"

#include <string.h>

static void
look_up(const OmenMountTable *table, const char *path, guint before)
{
    guint index = 0;
    const OmenMount *mount = omen_mount_table_find(table, path, before, &index);

    if (!mount)
        return;
    if (mount != omen_mount_table_get(table, index) || index >= before ||
        !g_str_has_prefix(path, mount->mount_point))
        g_error("%s is not below %s", path, mount->mount_point);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    g_autoptr(OmenMountTable) table = omen_mount_table_new(text);
    guint n = omen_mount_table_get_size(table);

    look_up(table, "/", G_MAXUINT);
    look_up(table, "/var/lib/libvirt/images/g1.qcow2", G_MAXUINT);
    for (guint i = 0; i < MIN(n, 32); i++) {
        const OmenMount *mount = omen_mount_table_get(table, i);
        g_autofree char *below = g_strconcat(mount->mount_point, "/a/b", NULL);
        g_free(omen_mount_get_option(mount, "upperdir"));
        if (!mount->root || !mount->source || !mount->fs_type)
            g_error("a mount of nothing");
        look_up(table, mount->mount_point, G_MAXUINT);
        look_up(table, mount->mount_point, i);
        if (*below == '/')
            look_up(table, below, i + 1);
    }
    return 0;
}

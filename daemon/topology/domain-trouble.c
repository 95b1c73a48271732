/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/domain-trouble.h"

#include <string.h>

/* How surely a line means an image. */
typedef enum {
    MEANT_NOT,
    MEANT_PERHAPS,
    MEANT_AS_DISK,
    MEANT_ITSELF,
} Meant;

static gboolean
is_told(const char *line, const char *name)
{
    gsize length = strlen(name);
    const char *found = length > 0 ? strstr(line, name) : NULL;

    /* "virtio-disk1" is not "virtio-disk10". */
    while (found && (g_ascii_isalnum(found[length]) || found[length] == '/'))
        found = strstr(found + 1, name);
    return found != NULL;
}

static Meant
weigh(const OmenDomainDisk *image, const char *line)
{
    if (image->kind == OMEN_DISK_PATH && is_told(line, image->path))
        return MEANT_ITSELF;
    if (*image->node && strstr(line, image->node))
        return MEANT_ITSELF;
    if (is_told(line, image->alias))
        return MEANT_AS_DISK;
    return image->is_removable ? MEANT_NOT : MEANT_PERHAPS;
}

/* (transfer full) (nullable): NULL: it is this host's own, as far as is known. */
static char *
find_remote(const OmenStorage *storage, const OmenDomainDisk *image)
{
    g_auto(OmenPlace) place = {0};

    if (image->kind == OMEN_DISK_REMOTE)
        return g_strdup(image->remote);
    if (image->kind != OMEN_DISK_PATH)
        return NULL;
    omen_storage_locate(storage, image->path, &place);
    return g_strdup(place.remote);
}

OmenDeviceReach *
omen_domain_trouble_find(const OmenStorage *storage,
                         const OmenDomainDisks *domain,
                         const char *line)
{
    OmenDeviceReach *reach = omen_device_reach_new(OMEN_REACH_DOMAINS, "");
    g_autoptr(GString) way = g_string_new(NULL);
    Meant best = MEANT_PERHAPS;
    gboolean is_shared = domain->is_complete;

    for (guint i = 0; i < domain->disks->len; i++)
        best = MAX(best, weigh(g_ptr_array_index(domain->disks, i), line));
    for (guint i = 0; i < domain->disks->len; i++) {
        const OmenDomainDisk *image = g_ptr_array_index(domain->disks, i);
        g_autofree char *remote = NULL;
        if (weigh(image, line) < best)
            continue;
        remote = find_remote(storage, image);
        is_shared = is_shared && remote;
        g_string_append_printf(way, "%s%s of %s lies on %s", way->len > 0 ? "; " : "",
                               image->target, domain->name,
                               remote ? remote : "storage of this host");
    }
    g_free(reach->note);
    reach->note = g_strdup(way->len > 0 ? way->str : "it is not known where its disks are stored");
    reach->is_shared = is_shared && way->len > 0;
    omen_device_reach_add_use(reach, domain->uuid, domain->name, reach->note);
    return reach;
}

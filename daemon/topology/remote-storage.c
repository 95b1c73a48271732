/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/remote-storage.h"

#include <string.h>

#define FIBRE_CHANNEL "fibre channel"
#define NVME_FABRIC   "nvme over a network"

typedef struct {
    const char *word;
    const char *kind;
} Name;

static const Name file_systems[] = {
    {"nfs", "nfs"},
    {"nfs4", "nfs"},
    {"cifs", "smb"},
    {"smb3", "smb"},
    {"ceph", "ceph"},
    {"fuse.ceph", "ceph"},
    {"fuse.ceph-fuse", "ceph"},
    {"fuse.glusterfs", "gluster"},
    {"fuse.sshfs", "ssh"},
    {"fuse.s3fs", "s3"},
    {"afs", "afs"},
    {"lustre", "lustre"},
    {"beegfs", "beegfs"},
    {"gpfs", "gpfs"},
    /* On a device that several hosts mount at once. */
    {"gfs2", "gfs2"},
    {"ocfs2", "ocfs2"},
};

/* Also the types of pools that have no path. */
static const Name protocols[] = {
    {"rbd", "ceph"},  {"gluster", "gluster"}, {"iscsi", "iscsi"},       {"iscsi-direct", "iscsi"},
    {"nbd", "nbd"},   {"nfs", "nfs"},         {"sheepdog", "sheepdog"}, {"ssh", "ssh"},
    {"http", "http"}, {"https", "http"},      {"ftp", "ftp"},           {"ftps", "ftp"},
    {"tftp", "tftp"}, {"vxhs", "vxhs"},
};

/* How the words of a line begin; what follows is a number or no letter. */
static const Name words[] = {
    {"nfs", "nfs"},          {"nfsv", "nfs"},          {"cifs", "smb"},    {"smb", "smb"},
    {"ceph", "ceph"},        {"libceph", "ceph"},      {"rbd", "ceph"},    {"nbd", "nbd"},
    {"gluster", "gluster"},  {"glusterfs", "gluster"}, {"iscsi", "iscsi"}, {"iscsid", "iscsi"},
    {"connection", "iscsi"},
};

static const char *
find(const Name *names, gsize n, const char *word)
{
    for (gsize i = 0; i < n; i++) {
        if (strcmp(names[i].word, word) == 0)
            return names[i].kind;
    }
    return NULL;
}

const char *
omen_remote_kind_of_file_system(const char *fs_type)
{
    return find(file_systems, G_N_ELEMENTS(file_systems), fs_type);
}

const char *
omen_remote_kind_of_protocol(const char *protocol)
{
    return find(protocols, G_N_ELEMENTS(protocols), protocol);
}

const char *
omen_remote_kind_of_pool(const char *type)
{
    /* The volumes of an "iscsi" pool are devices of this host. */
    return strcmp(type, "iscsi") == 0 ? NULL : omen_remote_kind_of_protocol(type);
}

static gboolean
is_numbered(const char *name, const char *prefix)
{
    return g_str_has_prefix(name, prefix) && g_ascii_isdigit(name[strlen(prefix)]);
}

const char *
omen_remote_kind_of_device(const char *name, const char *place)
{
    if (is_numbered(name, "rbd"))
        return "ceph";
    if (is_numbered(name, "nbd"))
        return "nbd";
    if (strstr(place, "/nvme-fabrics/"))
        return NVME_FABRIC;
    if (strstr(place, "/rport-"))
        return FIBRE_CHANNEL;
    return strstr(place, "/session") && strstr(place, "/target") ? "iscsi" : NULL;
}

/* "connection1:0" is how the kernel names one of iSCSI; the bare word is anybody's. */
static const char *
kind_of_word(char *word)
{
    gsize length = strlen(word);

    while (length > 0 && g_ascii_isdigit(word[length - 1]))
        length--;
    if (strncmp(word, "connection", length) == 0 && word[length] == '\0')
        return NULL;
    word[length] = '\0';
    return find(words, G_N_ELEMENTS(words), word);
}

const char *
omen_remote_kind_of_line(const char *line)
{
    g_autofree char *lower = g_ascii_strdown(line, -1);
    const char *kind = NULL;

    for (char *rest = lower; *rest && !kind;) {
        gsize length = 0;
        while (g_ascii_isalnum(rest[length]))
            length++;
        g_autofree char *word = g_strndup(rest, length);
        kind = kind_of_word(word);
        rest += MAX(length, 1);
    }
    return kind;
}

gboolean
omen_remote_kind_has_own_way(const char *kind)
{
    return strcmp(kind, FIBRE_CHANNEL) == 0 || strcmp(kind, NVME_FABRIC) == 0;
}

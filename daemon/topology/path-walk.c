/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/path-walk.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as the kernel's own limit */
#define MAX_TEXT  4096

char *
omen_path_read_link(const char *root, const char *path)
{
    g_autofree char *full = g_strconcat(root, path, NULL);
    char target[PATH_MAX];
    ssize_t length = readlink(full, target, sizeof target);

    return length > 0 && (gsize) length < sizeof target ? g_strndup(target, (gsize) length) : NULL;
}

/* Takes the last component away; nothing from the root. */
static void
go_up(GString *path)
{
    const char *slash = strrchr(path->str, '/');

    g_string_truncate(path, slash ? (gsize) (slash - path->str) : 0);
}

/* @left: components to be walked, the next one last. */
static void
push_components(GPtrArray *left, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    for (guint i = g_strv_length(parts); i > 0; i--) {
        if (*parts[i - 1] && strcmp(parts[i - 1], ".") != 0)
            g_ptr_array_add(left, g_strdup(parts[i - 1]));
    }
}

char *
omen_path_walk(const char *root, const char *path)
{
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) done = g_string_new(NULL);
    guint n_links = 0;

    if (*path != '/' || strlen(path) >= PATH_MAX)
        return NULL;
    push_components(left, path);
    while (left->len > 0 && done->len < PATH_MAX) {
        g_autofree char *part = g_ptr_array_steal_index(left, left->len - 1);
        g_autofree char *target = NULL;

        if (strcmp(part, "..") == 0) {
            go_up(done);
            continue;
        }
        g_string_append_printf(done, "/%s", part);
        target = n_links < MAX_LINKS ? omen_path_read_link(root, done->str) : NULL;
        if (!target)
            continue;
        n_links++;
        if (*target == '/')
            g_string_truncate(done, 0);
        else
            go_up(done);
        push_components(left, target);
    }
    return done->len > 0 ? g_strdup(done->str) : g_strdup("/");
}

char *
omen_path_read_text(const char *root, const char *path)
{
    g_autofree char *full = g_strconcat(root, path, NULL);
    char text[MAX_TEXT + 1];
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length;

    if (fd < 0)
        return NULL;
    length = read(fd, text, MAX_TEXT);
    close(fd);
    if (length < 0)
        return NULL;
    text[length] = '\0';
    return g_strdup(g_strstrip(text));
}

GPtrArray *
omen_path_list(const char *root, const char *path, guint limit)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *full = g_strconcat(root, path, NULL);
    g_autoptr(GDir) folder = g_dir_open(full, 0, NULL);
    const char *name;

    while (folder && names->len < limit && (name = g_dir_read_name(folder)))
        g_ptr_array_add(names, g_strdup(name));
    return names;
}

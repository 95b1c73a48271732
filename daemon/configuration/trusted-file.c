/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration/trusted-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
refuse(GError **error, const char *path, const char *why)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM, "%s is not trusted: %s", path, why);
    return FALSE;
}

gboolean
omen_trusted_file_check(const char *path, GError **error)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return TRUE;
    if (info.st_uid != 0 && info.st_uid != geteuid())
        return refuse(error, path, "another user owns it; check what it holds, then chown root");
    if ((info.st_mode & 002) || ((info.st_mode & 020) && info.st_gid != 0))
        return refuse(error, path, "others may write to it; check what it holds, then chmod go-w");
    return TRUE;
}

gboolean
omen_trusted_file_check_folder(const char *folder, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    if (!omen_trusted_file_check(folder, error))
        return FALSE;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (!omen_trusted_file_check(path, error))
            return FALSE;
    }
    return TRUE;
}

static char *
fail(GError **error, const char *path, const char *why)
{
    g_set_error(error, G_FILE_ERROR, (gint) g_file_error_from_errno(errno), "%s: %s", path,
                why ? why : g_strerror(errno));
    return NULL;
}

/* All of @descriptor, a file of less than @size bytes. FALSE: errno says why, EFBIG for a longer
 * one. */
static gboolean
read_all(int descriptor, char *text, gsize size, gsize *length)
{
    gssize n = 1;

    *length = 0;
    while (n > 0 && *length < size) {
        n = read(descriptor, text + *length, size - *length);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            *length += (gsize) n;
    }
    if (*length == size)
        errno = EFBIG;
    return n >= 0 && *length < size;
}

char *
omen_trusted_file_read(const char *path, gsize max_length, gsize *length, GError **error)
{
    g_autofree char *text = NULL;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    gboolean good;

    if (descriptor < 0)
        return fail(error, path, NULL);
    if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
        g_close(descriptor, NULL);
        errno = EINVAL;
        return fail(error, path, "it is not a regular file");
    }
    text = g_malloc(max_length + 1);
    good = read_all(descriptor, text, max_length + 1, length);
    g_close(descriptor, NULL);
    if (!good)
        return fail(error, path, NULL);
    text[*length] = '\0';
    return g_steal_pointer(&text);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/secret-file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SECRET 4096

/* (transfer full): what @path reads, with @info. */
static char *
read_file(const char *path, struct stat *info)
{
    g_autofree char *text = g_malloc0(MAX_SECRET + 1);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = -1;

    if (descriptor >= 0 && fstat(descriptor, info) == 0)
        length = read(descriptor, text, MAX_SECRET);
    if (descriptor >= 0)
        g_close(descriptor, NULL);
    return length < 0 ? NULL : g_steal_pointer(&text);
}

char *
omen_secret_file_read(const char *path, GError **error)
{
    const char *credentials = g_getenv("CREDENTIALS_DIRECTORY");
    gboolean is_credential = !strchr(path, '/');
    g_autofree char *file = NULL;
    g_autofree char *text = NULL;
    struct stat info = {0};

    if (is_credential && !credentials) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "systemd gave this service no credentials; give it %s by LoadCredential=, or "
                    "name a file by its absolute path",
                    path);
        return NULL;
    }
    file = is_credential ? g_build_filename(credentials, path, NULL) : g_strdup(path);
    text = read_file(file, &info);
    if (!text) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the file can't be read");
        return NULL;
    }
    /* What systemd gives may be opened to a service's own user by an ACL, which shows as a group's
     * right. */
    if (!is_credential && info.st_mode & 077) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                    "others may read the file; chmod 600 it, and replace the secret in it");
        return NULL;
    }
    g_strdelimit(text, "\r\n", '\0');
    if (!*text) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "its first line is empty");
        return NULL;
    }
    /* From here on it may stand anywhere in this process's memory, of which no dump is written. */
    prctl(PR_SET_DUMPABLE, 0);
    return g_steal_pointer(&text);
}

gboolean
omen_secret_may_go_to(GUri *url)
{
    const char *host = g_uri_get_host(url);
    g_autoptr(GInetAddress) address = host ? g_inet_address_new_from_string(host) : NULL;

    return g_strcmp0(g_uri_get_scheme(url), "https") == 0 || g_strcmp0(host, "localhost") == 0 ||
           (address && g_inet_address_get_is_loopback(address));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/health-check.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PROBE_NAME     ".health-check"
#define PROBE_BYTES    (256 * 1024)
#define MAX_STALLED_MS 20000 /* of the last minute, in which all work waited for memory */
#define MINUTE_MS      60000

/* ---- what is written can be read ---- */

static gboolean
write_all(int fd, const guint8 *bytes, gsize n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return FALSE;
        bytes += done;
        n -= (gsize) done;
    }
    return TRUE;
}

static gboolean
read_all(int fd, guint8 *bytes, gsize n)
{
    while (n > 0) {
        ssize_t done = read(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return FALSE;
        bytes += done;
        n -= (gsize) done;
    }
    return TRUE;
}

/* From the disk, not from the memory that holds it since it was written. */
static gboolean
is_kept(int fd, const guint8 *bytes, gsize n)
{
    g_autofree guint8 *found = g_malloc0(n);

    if (!write_all(fd, bytes, n) || fsync(fd) < 0)
        return FALSE;
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    errno = EIO;
    return lseek(fd, 0, SEEK_SET) == 0 && read_all(fd, found, n) && memcmp(found, bytes, n) == 0;
}

static char *
check_folder(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, PROBE_NAME, NULL);
    g_autofree guint8 *bytes = g_malloc(PROBE_BYTES);
    gboolean good;
    int fd = g_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return g_strdup_printf("%s cannot be written: %s", folder, g_strerror(errno));
    for (gsize i = 0; i < PROBE_BYTES; i++)
        bytes[i] = (guint8) g_random_int();
    good = is_kept(fd, bytes, PROBE_BYTES);
    g_autofree char *why = g_strdup(g_strerror(errno));
    close(fd);
    g_unlink(path);
    return good ? NULL : g_strdup_printf("%s does not keep what is written: %s", folder, why);
}

/* ---- what the kernel says of its devices ---- */

static char *
read_word(const char *folder, const char *name, const char *file)
{
    g_autofree char *path = g_build_filename(folder, name, file, NULL);
    char *text = NULL;

    if (g_file_get_contents(path, &text, NULL, NULL))
        return g_strstrip(text);
    return NULL;
}

static char *
check_device(const char *folder, const char *name)
{
    g_autofree char *state = read_word(folder, name, "device/state");
    g_autofree char *degraded = read_word(folder, name, "md/degraded");

    if (state && !g_str_equal(state, "running") && !g_str_equal(state, "live"))
        return g_strdup_printf("%s is %s", name, state);
    if (degraded && !g_str_equal(degraded, "0"))
        return g_strdup_printf("%s lacks %s of its disks", name, degraded);
    return NULL;
}

static char *
check_devices(const char *root)
{
    g_autofree char *folder = g_strconcat(root, "/sys/block", NULL);
    g_autoptr(GDir) devices = g_dir_open(folder, 0, NULL);
    const char *name;

    while (devices && (name = g_dir_read_name(devices))) {
        char *wrong = check_device(folder, name);
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* "full avg10=0.00 avg60=1.23 ...": the share of the last minute, in percent. */
static char *
check_memory(const char *root)
{
    g_autofree char *path = g_strconcat(root, "/proc/pressure/memory", NULL);
    g_autofree char *text = NULL;
    const char *full;
    const char *average;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !(full = strstr(text, "full ")) ||
        !(average = strstr(full, "avg60=")))
        return NULL;
    if (g_ascii_strtod(average + strlen("avg60="), NULL) * MINUTE_MS / 100 < MAX_STALLED_MS)
        return NULL;
    return g_strdup("memory is short: tasks stalled for much of the last minute");
}

char *
omen_health_check_run(const OmenHealthCheck *self)
{
    char *wrong = check_devices(self->root);

    if (!wrong)
        wrong = check_memory(self->root);
    if (!wrong)
        wrong = check_folder(self->folder);
    return wrong;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/pressure-meter.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CGROUPS   "/sys/fs/cgroup"
#define NO_LIMIT  (G_GUINT64_CONSTANT(1) << 60) /* what version 1 writes is about this */
#define FILE_MAX  16384
#define SMOOTHING 0.2 /* weight of the newest number of runnable tasks */

/* FALSE where it can't be read. @text ends in NUL. */
static gboolean
read_text(const char *root, const char *path, char text[FILE_MAX])
{
    g_autofree char *full = g_strconcat(root, path, NULL);
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, FILE_MAX - 1);

    if (fd >= 0)
        close(fd);
    text[MAX(n, 0)] = '\0';
    return n > 0;
}

/* "some avg10=1.23 avg60=...\nfull avg10=...": 0 where there is none. */
static double
read_stall(const char *root, const char *path, const char *word)
{
    char text[FILE_MAX];
    const char *line = read_text(root, path, text) ? strstr(text, word) : NULL;
    const char *value = line ? strstr(line, "avg10=") : NULL;

    return value ? g_ascii_strtod(value + strlen("avg10="), NULL) : 0;
}

/* The number after a name at the beginning of a line; 0: none. */
static guint64
find_number(const char *text, const char *name)
{
    gsize length = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (strncmp(line, name, length) == 0)
            return g_ascii_strtoull(line + length, NULL, 10);
    }
    return 0;
}

/* "MemAvailable:   123 kB" */
static guint64
find_kib(const char *text, const char *name)
{
    return find_number(text, name) * 1024;
}

static double
measure_steal(OmenPressureMeter *self, const char *text)
{
    guint64 t[8] = {0};
    guint64 ticks = 0;
    double share;

    if (sscanf(text,
               "cpu %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
               " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
               " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
               &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
        return 0;
    for (guint i = 0; i < G_N_ELEMENTS(t); i++)
        ticks += t[i];
    share = self->ticks > 0 && ticks > self->ticks && t[7] >= self->steal
                ? 100.0 * (double) (t[7] - self->steal) / (double) (ticks - self->ticks)
                : 0;
    self->ticks = ticks;
    self->steal = t[7];
    return share;
}

/* Tasks that run or would, a CPU. One look tells little: they come and go. The first lines alone
 * may fill the buffer on a host of many CPUs, so these are taken from elsewhere. */
static double
measure_run_queue(OmenPressureMeter *self)
{
    char text[FILE_MAX];
    guint runnable;

    if (!read_text(self->root, "/proc/loadavg", text) ||
        sscanf(text, "%*f %*f %*f %u/", &runnable) != 1)
        return 0;
    self->runnable = self->runnable > 0
                         ? self->runnable + SMOOTHING * ((double) runnable - self->runnable)
                         : (double) runnable;
    return self->runnable / (double) g_get_num_processors();
}

static void
measure_dirty(OmenPressureMeter *self, OmenPressureSample *sample)
{
    char text[FILE_MAX];
    guint64 pages;
    guint64 limit;

    if (!read_text(self->root, "/proc/vmstat", text))
        return;
    pages = find_number(text, "nr_dirty ") + find_number(text, "nr_writeback ");
    limit = find_number(text, "nr_dirty_threshold ");
    sample->dirty = pages * (guint64) sysconf(_SC_PAGESIZE);
    sample->dirty_share = limit > 0 ? 100.0 * (double) pages / (double) limit : 0;
}

gboolean
omen_pressure_meter_read_host(OmenPressureMeter *self, OmenPressureSample *sample)
{
    char text[FILE_MAX];

    if (!read_text(self->root, "/proc/meminfo", text))
        return FALSE;
    sample->swap_total = find_kib(text, "SwapTotal:");
    sample->swap_used = sample->swap_total - MIN(sample->swap_total, find_kib(text, "SwapFree:"));
    sample->memory_available = find_kib(text, "MemAvailable:");
    sample->memory_total = find_kib(text, "MemTotal:");
    sample->available = sample->memory_available + sample->swap_total - sample->swap_used;
    sample->total = sample->memory_total + sample->swap_total;
    sample->has_stalls = read_text(self->root, "/proc/pressure/memory", text);
    sample->some_avg10 = read_stall(self->root, "/proc/pressure/memory", "some");
    sample->full_avg10 = read_stall(self->root, "/proc/pressure/memory", "full");
    sample->cpu_avg10 = read_stall(self->root, "/proc/pressure/cpu", "some");
    sample->io_some_avg10 = read_stall(self->root, "/proc/pressure/io", "some");
    sample->io_full_avg10 = read_stall(self->root, "/proc/pressure/io", "full");
    sample->steal = read_text(self->root, "/proc/stat", text) ? measure_steal(self, text) : 0;
    sample->run_queue = measure_run_queue(self);
    measure_dirty(self, sample);
    return TRUE;
}

/* A number of bytes; NO_LIMIT for "max"; FALSE if there is no such file. */
static gboolean
read_bytes(const char *folder, const char *file, guint64 *bytes)
{
    g_autofree char *path = g_strconcat("/", file, NULL);
    char text[FILE_MAX];

    if (!read_text(folder, path, text))
        return FALSE;
    *bytes = g_str_has_prefix(text, "max") ? NO_LIMIT : g_ascii_strtoull(text, NULL, 10);
    return TRUE;
}

static gboolean
read_limit(const char *folder, guint64 *used, guint64 *limit)
{
    return (read_bytes(folder, "memory.current", used) &&
            read_bytes(folder, "memory.max", limit)) ||
           (read_bytes(folder, "memory.usage_in_bytes", used) &&
            read_bytes(folder, "memory.limit_in_bytes", limit));
}

gboolean
omen_pressure_meter_read_group(const char *folder, OmenPressureSample *sample)
{
    guint64 used;
    guint64 limit;

    if (!read_limit(folder, &used, &limit))
        return FALSE;
    if (limit < NO_LIMIT) {
        sample->total = limit;
        sample->available = limit > used ? limit - used : 0;
    }
    sample->some_avg10 = read_stall(folder, "/memory.pressure", "some");
    sample->full_avg10 = read_stall(folder, "/memory.pressure", "full");
    sample->cpu_avg10 = read_stall(folder, "/cpu.pressure", "some");
    sample->io_full_avg10 = read_stall(folder, "/io.pressure", "full");
    return TRUE;
}

guint64
omen_pressure_meter_read_pid(const OmenPressureMeter *self, const char *pid_file)
{
    char text[FILE_MAX];

    return read_text(self->root, pid_file, text) ? g_ascii_strtoull(text, NULL, 10) : 0;
}

/* (transfer full) (nullable): "/machine.slice/...", below which of the mounts. */
static char *
read_path(const OmenPressureMeter *self, guint64 pid, const char **mount)
{
    g_autofree char *path = g_strdup_printf("/proc/%" G_GUINT64_FORMAT "/cgroup", pid);
    g_auto(GStrv) lines = NULL;
    char text[FILE_MAX];

    if (!read_text(self->root, path, text))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *memory = strstr(lines[i], ":memory:/");
        *mount = CGROUPS "/memory";
        if (memory)
            return g_strdup(memory + strlen(":memory:"));
    }
    *mount = CGROUPS;
    for (guint i = 0; lines[i]; i++)
        if (g_str_has_prefix(lines[i], "0::/"))
            return g_strdup(lines[i] + strlen("0::"));
    return NULL;
}

char *
omen_pressure_meter_find_group(const OmenPressureMeter *self, guint64 pid)
{
    const char *mount;
    g_autofree char *path = read_path(self, pid, &mount);
    g_autofree char *found = NULL;

    /* Up to the domain's own group: the slices above are everyone's. */
    while (path && strlen(path) > 1) {
        g_autofree char *folder = g_strconcat(self->root, mount, path, NULL);
        gboolean is_own =
            g_str_has_suffix(path, ".scope") || g_str_has_suffix(path, ".libvirt-qemu");
        guint64 used;
        guint64 limit;

        if (g_str_has_suffix(path, ".slice"))
            break;
        if (read_limit(folder, &used, &limit)) {
            if (limit < NO_LIMIT)
                return g_steal_pointer(&folder);
            if (!found)
                found = g_steal_pointer(&folder);
        }
        if (is_own)
            break;
        *strrchr(path, '/') = '\0';
    }
    return g_steal_pointer(&found);
}

guint64
omen_pressure_meter_read_claim(const OmenPressureMeter *self, guint64 pid, guint64 memory_bytes)
{
    g_autofree char *path = g_strdup_printf("/proc/%" G_GUINT64_FORMAT "/status", pid);
    char text[FILE_MAX];
    guint64 taken;

    if (pid == 0 || !read_text(self->root, path, text))
        return 0;
    taken = find_kib(text, "VmRSS:") + find_kib(text, "VmSwap:") + find_kib(text, "HugetlbPages:");
    return memory_bytes > taken ? memory_bytes - taken : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/pressure-source.h"

#include "source/pressure-gauge.h"
#include "source/reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PERIOD_MS 4000
#define CGROUPS   "/sys/fs/cgroup"
#define NO_LIMIT  (G_GUINT64_CONSTANT(1) << 60) /* what version 1 writes is about this */
#define FILE_MAX  16384
/* 200 ms of 2 s; the kernel lets anyone watch windows of whole 2 s. */
#define TRIGGER       "some 200000 2000000"
#define AFTER_WAKE_MS 1000

struct _OmenPressureSource {
    OmenSource parent_instance;

    char *folder;   /* NULL: the host, or by the process */
    char *pid_file; /* NULL: not by a process */
    OmenReader *reader;
};

G_DEFINE_FINAL_TYPE(OmenPressureSource, omen_pressure_source, OMEN_TYPE_SOURCE)

/* The thread's own. */
typedef struct {
    gboolean is_host;
    char *folder;
    char *pid_file;
    OmenPressureGauge gauge;
    OmenReader *reader;
    guint64 steal; /* as last read, in ticks */
    guint64 ticks;
} Meter;

static void
meter_free(gpointer data)
{
    Meter *self = data;

    g_free(self->folder);
    g_free(self->pid_file);
    g_free(self);
}

/* FALSE where it can't be read. @text ends in NUL. */
static gboolean
read_text(const char *path, char text[FILE_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, FILE_MAX - 1);

    if (fd >= 0)
        close(fd);
    text[MAX(n, 0)] = '\0';
    return n > 0;
}

/* "some avg10=1.23 avg60=...\nfull avg10=...": 0 where there is none. */
static double
read_stall(const char *path, const char *word)
{
    char text[FILE_MAX];
    const char *line = read_text(path, text) ? strstr(text, word) : NULL;
    const char *value = line ? strstr(line, "avg10=") : NULL;

    return value ? g_ascii_strtod(value + strlen("avg10="), NULL) : 0;
}

/* "MemAvailable:   123 kB" */
static guint64
find_kib(const char *text, const char *name)
{
    const char *line = strstr(text, name);

    return line ? g_ascii_strtoull(line + strlen(name), NULL, 10) * 1024 : 0;
}

static double
measure_steal(Meter *self)
{
    char text[FILE_MAX];
    guint64 t[8] = {0};
    guint64 ticks = 0;
    double share;

    if (!read_text("/proc/stat", text) ||
        sscanf(text, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &t[0], &t[1], &t[2], &t[3], &t[4],
               &t[5], &t[6], &t[7]) != 8)
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

static gboolean
measure_host(Meter *self, OmenPressureSample *sample)
{
    char text[FILE_MAX];

    if (!read_text("/proc/meminfo", text))
        return FALSE;
    sample->available = find_kib(text, "MemAvailable:") + find_kib(text, "SwapFree:");
    sample->total = find_kib(text, "MemTotal:") + find_kib(text, "SwapTotal:");
    sample->some_avg10 = read_stall("/proc/pressure/memory", "some");
    sample->full_avg10 = read_stall("/proc/pressure/memory", "full");
    sample->cpu_avg10 = read_stall("/proc/pressure/cpu", "some");
    sample->io_full_avg10 = read_stall("/proc/pressure/io", "full");
    sample->steal = measure_steal(self);
    return TRUE;
}

/* A number of bytes; NO_LIMIT for "max"; FALSE if there is no such file. */
static gboolean
read_bytes(const char *folder, const char *file, guint64 *bytes)
{
    g_autofree char *path = g_build_filename(folder, file, NULL);
    char text[FILE_MAX];

    if (!read_text(path, text))
        return FALSE;
    *bytes = g_str_has_prefix(text, "max") ? NO_LIMIT : g_ascii_strtoull(text, NULL, 10);
    return TRUE;
}

static gboolean
measure_group(const char *folder, OmenPressureSample *sample)
{
    g_autofree char *memory = g_build_filename(folder, "memory.pressure", NULL);
    g_autofree char *cpu = g_build_filename(folder, "cpu.pressure", NULL);
    g_autofree char *io = g_build_filename(folder, "io.pressure", NULL);
    guint64 used;
    guint64 limit;

    if (!(read_bytes(folder, "memory.current", &used) &&
          read_bytes(folder, "memory.max", &limit)) &&
        !(read_bytes(folder, "memory.usage_in_bytes", &used) &&
          read_bytes(folder, "memory.limit_in_bytes", &limit)))
        return FALSE;
    if (limit < NO_LIMIT) {
        sample->total = limit;
        sample->available = limit > used ? limit - used : 0;
    }
    sample->some_avg10 = read_stall(memory, "some");
    sample->full_avg10 = read_stall(memory, "full");
    sample->cpu_avg10 = read_stall(cpu, "some");
    sample->io_full_avg10 = read_stall(io, "full");
    return TRUE;
}

/* (transfer full) (nullable): the folder of a process's group, of version 2 or of version 1's
 * memory.
 */
static char *
find_group(const char *pid_file)
{
    char text[FILE_MAX];
    g_autofree char *path = NULL;
    g_auto(GStrv) lines = NULL;
    guint64 pid;

    if (!read_text(pid_file, text) || (pid = g_ascii_strtoull(text, NULL, 10)) == 0)
        return NULL;
    path = g_strdup_printf("/proc/%" G_GUINT64_FORMAT "/cgroup", pid);
    if (!read_text(path, text))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *memory = strstr(lines[i], ":memory:/");
        if (memory)
            return g_build_filename(CGROUPS "/memory", memory + strlen(":memory:"), NULL);
    }
    for (guint i = 0; lines[i]; i++)
        if (g_str_has_prefix(lines[i], "0::/"))
            return g_build_filename(CGROUPS, lines[i] + strlen("0::"), NULL);
    return NULL;
}

static gboolean
measure(Meter *self, OmenPressureSample *sample)
{
    g_autofree char *folder = self->pid_file ? find_group(self->pid_file) : NULL;

    if (self->is_host)
        return measure_host(self, sample);
    if (!folder)
        folder = g_strdup(self->folder);
    return folder && measure_group(folder, sample);
}

static void
tell(OmenPriority priority, const char *message, gpointer user_data)
{
    Meter *self = user_data;
    const OmenRecord record = {
        .time_us = g_get_real_time(),
        .priority = priority,
        .identifier = "pressure",
        .identifier_length = strlen("pressure"),
        .message = message,
        .message_length = strlen(message),
    };

    omen_reader_add(self->reader, &record);
}

/* Wakes when tasks begin to stall. Returns an epoll descriptor, -1 where the kernel has no PSI. */
static int
watch_stalls(const Meter *self, int *psi)
{
    g_autofree char *path =
        self->is_host
            ? g_strdup("/proc/pressure/memory")
            : g_build_filename(self->folder ? self->folder : "/nowhere", "memory.pressure", NULL);
    int watch;

    *psi = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (*psi < 0)
        return -1;
    watch = epoll_create1(EPOLL_CLOEXEC);
    if (watch < 0 || write(*psi, TRIGGER, strlen(TRIGGER) + 1) < 0 ||
        epoll_ctl(watch, EPOLL_CTL_ADD, *psi, &(struct epoll_event){.events = EPOLLPRI}) < 0) {
        if (watch >= 0)
            close(watch);
        close(*psi);
        *psi = -1;
        return -1;
    }
    return watch;
}

static void
run(OmenReader *reader, gpointer data)
{
    Meter *self = data;
    int psi;
    int watch = watch_stalls(self, &psi);

    self->reader = reader;
    do {
        OmenPressureSample sample = {.time_us = g_get_monotonic_time()};
        if (measure(self, &sample)) {
            omen_reader_set_problem(reader, NULL);
            omen_pressure_gauge_push(&self->gauge, &sample, tell, self);
        } else if (!self->pid_file) {
            omen_reader_set_problem(reader, "there is nothing to measure yet; it is waited for");
        }
        omen_reader_flush(reader, NULL);
        /* Stalls wake it at most once a second. */
    } while (omen_reader_wait(reader, -1, AFTER_WAKE_MS) &&
             omen_reader_wait(reader, watch, PERIOD_MS - AFTER_WAKE_MS));
    if (watch >= 0) {
        close(watch);
        close(psi);
    }
}

static void
omen_pressure_source_start(OmenSource *source)
{
    OmenPressureSource *self = OMEN_PRESSURE_SOURCE(source);
    Meter *meter = g_new0(Meter, 1);

    meter->is_host = !self->folder && !self->pid_file;
    meter->folder = g_strdup(self->folder);
    meter->pid_file = g_strdup(self->pid_file);
    self->reader = omen_reader_start(source, "pressure", run, meter, meter_free);
}

static void
omen_pressure_source_stop(OmenSource *source)
{
    g_clear_pointer(&OMEN_PRESSURE_SOURCE(source)->reader, omen_reader_stop);
}

static void
omen_pressure_source_finalize(GObject *object)
{
    OmenPressureSource *self = OMEN_PRESSURE_SOURCE(object);

    g_clear_pointer(&self->reader, omen_reader_stop);
    g_free(self->folder);
    g_free(self->pid_file);
    G_OBJECT_CLASS(omen_pressure_source_parent_class)->finalize(object);
}

static void
omen_pressure_source_class_init(OmenPressureSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_pressure_source_finalize;
    source_class->start = omen_pressure_source_start;
    source_class->stop = omen_pressure_source_stop;
}

static void
omen_pressure_source_init(OmenPressureSource *self G_GNUC_UNUSED)
{
}

static OmenPressureSource *
make(const char *name, OmenProvenance provenance)
{
    g_autofree char *full = name ? g_strconcat("pressure:", name, NULL) : g_strdup("pressure");

    return g_object_new(OMEN_TYPE_PRESSURE_SOURCE, "name", full, "provenance", (int) provenance,
                        NULL);
}

OmenSource *
omen_pressure_source_new(void)
{
    return OMEN_SOURCE(make(NULL, OMEN_PROVENANCE_HOST));
}

OmenSource *
omen_pressure_source_new_for_group(const char *name, const char *folder, OmenProvenance provenance)
{
    OmenPressureSource *self = make(name, provenance);

    self->folder = g_strdup(folder);
    return OMEN_SOURCE(self);
}

OmenSource *
omen_pressure_source_new_for_process(const char *name, const char *pid_file)
{
    OmenPressureSource *self = make(name, OMEN_PROVENANCE_DOMAIN);

    self->pid_file = g_strdup(pid_file);
    return OMEN_SOURCE(self);
}

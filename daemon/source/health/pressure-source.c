/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/pressure-source.h"

#include "source/health/pressure-meter.h"
#include "source/reader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PERIOD_MS 4000
/* Of a domain whose stalls the kernel tells; of one that can not be measured, or not yet. */
#define CALM_PERIOD_MS    8000
#define NOTHING_PERIOD_MS 16000
#define QEMU_PIDS         "/run/libvirt/qemu/"
/* 200 ms of 2 s; the kernel lets anyone watch windows of whole 2 s. */
#define TRIGGER       "some 200000 2000000"
#define AFTER_WAKE_MS 1000

/* What domains may take: told by the main context, read by the thread. */
typedef struct {
    gatomicrefcount references;
    GMutex lock;
    GHashTable *bytes; /* name -> guint64 */
} Claims;

static Claims *
claims_new(void)
{
    Claims *self = g_new0(Claims, 1);

    g_atomic_ref_count_init(&self->references);
    g_mutex_init(&self->lock);
    self->bytes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return self;
}

static Claims *
claims_ref(Claims *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

static void
claims_unref(Claims *self)
{
    if (!g_atomic_ref_count_dec(&self->references))
        return;
    g_hash_table_unref(self->bytes);
    g_mutex_clear(&self->lock);
    g_free(self);
}

struct _OmenPressureSource {
    OmenSource parent_instance;

    char *folder;   /* NULL: the host, or by the process */
    char *pid_file; /* NULL: not by a process */
    Claims *claims;
    OmenPressureHistory *history;
    OmenReader *reader;
};

G_DEFINE_FINAL_TYPE(OmenPressureSource, omen_pressure_source, OMEN_TYPE_SOURCE)

/* The thread's own. */
typedef struct {
    gboolean is_host;
    char *folder;
    char *pid_file;
    Claims *claims;
    OmenPressureHistory *history;
    OmenPressureGauge gauge;
    OmenPressureMeter meter;
    OmenReader *reader;
    char *watched;        /* the folder whose stalls wake it; NULL: none */
    gboolean is_measured; /* when it was looked at last */
    gboolean was_woken;   /* by stalls, not by time */
    int psi;              /* both -1: not watched */
    int watch;
} Measurer;

static void
measurer_free(gpointer data)
{
    Measurer *self = data;

    claims_unref(self->claims);
    omen_pressure_history_unref(self->history);
    g_free(self->folder);
    g_free(self->pid_file);
    g_free(self->watched);
    g_free(self);
}

/* What the domains of this host may still take, in bytes. */
static guint64
sum_claims(const Measurer *self)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->claims->lock);
    GHashTableIter iter;
    gpointer name;
    gpointer bytes;
    guint64 sum = 0;

    g_hash_table_iter_init(&iter, self->claims->bytes);
    while (g_hash_table_iter_next(&iter, &name, &bytes)) {
        g_autofree char *pid_file = g_strconcat(QEMU_PIDS, name, ".pid", NULL);
        sum += omen_pressure_meter_read_claim(&self->meter,
                                              omen_pressure_meter_read_pid(&self->meter, pid_file),
                                              *(const guint64 *) bytes);
    }
    return sum;
}

/* (transfer full) (nullable) */
static char *
find_folder(const Measurer *self)
{
    guint64 pid = self->pid_file ? omen_pressure_meter_read_pid(&self->meter, self->pid_file) : 0;

    if (self->pid_file)
        return pid > 0 ? omen_pressure_meter_find_group(&self->meter, pid) : NULL;
    return g_strdup(self->folder);
}

static gboolean
measure(Measurer *self, const char *folder, OmenPressureSample *sample)
{
    if (!self->is_host)
        return folder && omen_pressure_meter_read_group(folder, sample);
    sample->claims = sum_claims(self);
    return omen_pressure_meter_read_host(&self->meter, sample);
}

static void
tell(OmenPriority priority, const char *message, gpointer user_data)
{
    Measurer *self = user_data;
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

static void
stop_watching(Measurer *self)
{
    if (self->watch >= 0)
        close(self->watch);
    if (self->psi >= 0)
        close(self->psi);
    self->watch = self->psi = -1;
    g_clear_pointer(&self->watched, g_free);
}

/* Has the kernel wake it when tasks begin to stall; where that has no PSI, it only looks now and
 * then. @folder: (nullable): of the group. */
static void
watch_stalls(Measurer *self, const char *folder)
{
    g_autofree char *path = NULL;

    if (!self->is_host && g_strcmp0(folder, self->watched) == 0)
        return;
    stop_watching(self);
    if (!self->is_host && !folder)
        return;
    self->watched = g_strdup(folder);
    path = self->is_host ? g_strdup("/proc/pressure/memory")
                         : g_build_filename(folder, "memory.pressure", NULL);
    self->psi = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    self->watch = self->psi >= 0 ? epoll_create1(EPOLL_CLOEXEC) : -1;
    if (self->watch < 0 || write(self->psi, TRIGGER, strlen(TRIGGER) + 1) < 0 ||
        epoll_ctl(self->watch, EPOLL_CTL_ADD, self->psi,
                  &(struct epoll_event){.events = EPOLLPRI}) < 0) {
        g_autofree char *tried = g_steal_pointer(&self->watched);
        stop_watching(self);
        self->watched = g_steal_pointer(&tried);
    }
}

static void
keep(Measurer *self, const OmenPressureSample *sample)
{
    const OmenStalls stalls = {
        .memory = sample->some_avg10,
        .cpu = sample->cpu_avg10,
        .io = sample->io_some_avg10,
    };

    if (sample->has_stalls)
        omen_pressure_history_add(self->history, sample->time_us, &stalls);
}

static void
look(Measurer *self)
{
    OmenPressureSample sample = {.time_us = g_get_monotonic_time()};
    g_autofree char *folder = find_folder(self);

    if (!self->is_host)
        watch_stalls(self, folder);
    self->is_measured = measure(self, folder, &sample);
    if (self->is_measured) {
        omen_reader_set_problem(self->reader, NULL);
        omen_pressure_gauge_push(&self->gauge, &sample, tell, self);
        keep(self, &sample);
    } else if (!self->pid_file) {
        omen_reader_set_problem(self->reader, "nothing to measure yet; waiting");
    }
    omen_reader_flush(self->reader, NULL);
}

static int
choose_period_ms(const Measurer *self)
{
    if (self->is_host || self->was_woken)
        return PERIOD_MS;
    if (!self->is_measured)
        return NOTHING_PERIOD_MS;
    return self->watch >= 0 ? CALM_PERIOD_MS : PERIOD_MS;
}

/* Until the next look: stalls wake it at most once a second. FALSE: it is over. */
static gboolean
rest(Measurer *self, OmenReader *reader)
{
    gint64 began_us = g_get_monotonic_time();
    gint64 passed_ms;

    if (!omen_reader_wait(reader, self->watch, choose_period_ms(self)))
        return FALSE;
    passed_ms = (g_get_monotonic_time() - began_us) / 1000;
    self->was_woken = passed_ms < PERIOD_MS;
    return passed_ms >= AFTER_WAKE_MS ||
           omen_reader_wait(reader, -1, (int) (AFTER_WAKE_MS - passed_ms));
}

static void
run(OmenReader *reader, gpointer data)
{
    Measurer *self = data;

    self->reader = reader;
    if (self->is_host)
        watch_stalls(self, NULL);
    do
        look(self);
    while (rest(self, reader));
    stop_watching(self);
}

static void
omen_pressure_source_start(OmenSource *source)
{
    OmenPressureSource *self = OMEN_PRESSURE_SOURCE(source);
    Measurer *measurer = g_new0(Measurer, 1);

    measurer->psi = measurer->watch = -1;
    measurer->meter.root = "";
    measurer->claims = claims_ref(self->claims);
    measurer->history = omen_pressure_history_ref(self->history);
    measurer->is_host = !self->folder && !self->pid_file;
    measurer->folder = g_strdup(self->folder);
    measurer->pid_file = g_strdup(self->pid_file);
    self->reader = omen_reader_start(source, "pressure", run, measurer, measurer_free);
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
    claims_unref(self->claims);
    omen_pressure_history_unref(self->history);
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
omen_pressure_source_init(OmenPressureSource *self)
{
    self->claims = claims_new();
    self->history = omen_pressure_history_new();
}

static OmenPressureSource *
make(const char *name, OmenProvenance provenance)
{
    g_autofree char *full = name ? g_strconcat("pressure:", name, NULL) : g_strdup("pressure");
    OmenPressureSource *self =
        g_object_new(OMEN_TYPE_PRESSURE_SOURCE, "name", full, "provenance", (int) provenance, NULL);

    omen_source_set_origin(OMEN_SOURCE(self), OMEN_ORIGIN_MEASURED);
    return self;
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

OmenPressureHistory *
omen_pressure_source_get_history(OmenPressureSource *self)
{
    return self->history;
}

void
omen_pressure_source_set_domain(OmenPressureSource *self, const char *name, guint64 memory_bytes)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->claims->lock);

    if (strchr(name, '/'))
        return;
    if (memory_bytes == 0)
        g_hash_table_remove(self->claims->bytes, name);
    else
        g_hash_table_replace(self->claims->bytes, g_strdup(name),
                             g_memdup2(&memory_bytes, sizeof memory_bytes));
}

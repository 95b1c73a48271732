/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/pressure-history.h"

#include "source/peaks.h"

#define NOT_MEASURED -1

struct _OmenPressureHistory {
    gatomicrefcount references;
    GMutex lock;
    OmenPeaks *memory;
    OmenPeaks *cpu;
    OmenPeaks *io;
};

static OmenPeaks *
make_peaks(void)
{
    return omen_peaks_new(OMEN_PRESSURE_HISTORY_STEPS, OMEN_PRESSURE_HISTORY_STEP_S, NOT_MEASURED);
}

OmenPressureHistory *
omen_pressure_history_new(void)
{
    OmenPressureHistory *self = g_new0(OmenPressureHistory, 1);

    g_atomic_ref_count_init(&self->references);
    g_mutex_init(&self->lock);
    self->memory = make_peaks();
    self->cpu = make_peaks();
    self->io = make_peaks();
    return self;
}

OmenPressureHistory *
omen_pressure_history_ref(OmenPressureHistory *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void
omen_pressure_history_unref(OmenPressureHistory *self)
{
    if (!g_atomic_ref_count_dec(&self->references))
        return;
    omen_peaks_free(self->memory);
    omen_peaks_free(self->cpu);
    omen_peaks_free(self->io);
    g_mutex_clear(&self->lock);
    g_free(self);
}

void
omen_pressure_history_add(OmenPressureHistory *self, gint64 now_us, const OmenStalls *stalls)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);

    omen_peaks_add(self->memory, now_us, stalls->memory);
    omen_peaks_add(self->cpu, now_us, stalls->cpu);
    omen_peaks_add(self->io, now_us, stalls->io);
}

static const OmenPeaks *
find_peaks(const OmenPressureHistory *self, const char *resource)
{
    if (g_str_equal(resource, "memory"))
        return self->memory;
    if (g_str_equal(resource, "cpu"))
        return self->cpu;
    return g_str_equal(resource, "io") ? self->io : NULL;
}

double *
omen_pressure_history_list(OmenPressureHistory *self, const char *resource, gint64 now_us)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&self->lock);
    const OmenPeaks *peaks = find_peaks(self, resource);
    double *out = peaks ? g_new(double, OMEN_PRESSURE_HISTORY_STEPS) : NULL;

    if (peaks)
        omen_peaks_list(peaks, now_us, out);
    return out;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/pressure-gauge.h"

#define WINDOW_US    (G_GINT64_CONSTANT(120) * G_USEC_PER_SEC)
#define SPAN_MIN_US  (G_GINT64_CONSTANT(40) * G_USEC_PER_SEC)
#define SAMPLES_MIN  6
#define FIT_MIN      0.9  /* of the line, as a coefficient of determination */
#define USED_MIN     0.55 /* with more than that left, much can happen before it is gone */
#define HIGH_S       240
#define CRITICAL_S   90
#define CALM_US      (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC) /* before a level falls again */
#define SOME_HIGH    40
#define FULL_HIGH    10
#define FULL_CRIT    40
#define CPU_HIGH     80
#define STEAL_HIGH   20
#define IO_FULL_HIGH 80

typedef struct {
    double n, t, y, tt, ty, yy; /* sums: of 1, time, value, and their products */
} Sums;

static Sums
sum_up(const OmenPressureGauge *self, gint64 *first_us, gint64 *last_us)
{
    guint n = MIN(self->n_samples, OMEN_PRESSURE_SAMPLES);
    Sums sums = {0};

    *last_us = self->time_us[(self->n_samples - 1) % OMEN_PRESSURE_SAMPLES];
    *first_us = *last_us;
    for (guint i = 1; i <= n; i++) {
        guint at = (self->n_samples - i) % OMEN_PRESSURE_SAMPLES;
        double t = (double) (self->time_us[at] - *last_us) / G_USEC_PER_SEC;
        double y = self->available[at];
        if (*last_us - self->time_us[at] > WINDOW_US)
            break;
        *first_us = self->time_us[at];
        sums = (Sums){sums.n + 1,      sums.t + t,      sums.y + y,
                      sums.tt + t * t, sums.ty + t * y, sums.yy + y * y};
    }
    return sums;
}

double
omen_pressure_gauge_foretell(const OmenPressureGauge *self, double *rate_out)
{
    gint64 first_us;
    gint64 last_us;

    if (self->n_samples < SAMPLES_MIN)
        return 0;
    Sums s = sum_up(self, &first_us, &last_us);
    double var_t = s.n * s.tt - s.t * s.t;
    double var_y = s.n * s.yy - s.y * s.y;
    double both = s.n * s.ty - s.t * s.y;
    double rate = var_t > 0 ? -both / var_t : 0;

    if (s.n < SAMPLES_MIN || last_us - first_us < SPAN_MIN_US || rate <= 0 || var_y <= 0 ||
        both * both / (var_t * var_y) < FIT_MIN)
        return 0;
    if (rate_out)
        *rate_out = rate;
    return self->available[(self->n_samples - 1) % OMEN_PRESSURE_SAMPLES] / rate;
}

/* A level rises at once, and falls after a time of calm. TRUE: it changed. */
static gboolean
change_level(OmenPressureGauge *self, OmenPressureKind kind, OmenPressureLevel level, gint64 now_us)
{
    if (level > self->levels[kind]) {
        self->levels[kind] = level;
        self->calm_since_us[kind] = 0;
        return TRUE;
    }
    if (level == self->levels[kind]) {
        self->calm_since_us[kind] = 0;
        return FALSE;
    }
    if (self->calm_since_us[kind] == 0)
        self->calm_since_us[kind] = now_us;
    if (now_us - self->calm_since_us[kind] < CALM_US)
        return FALSE;
    self->levels[kind] = level;
    self->calm_since_us[kind] = 0;
    return TRUE;
}

static void
take_memory(OmenPressureGauge *self,
            const OmenPressureSample *sample,
            OmenPressureFunc function,
            gpointer user_data)
{
    double rate = 0;
    double left_s = 0;
    double left = sample->total > 0 ? (double) sample->available / (double) sample->total : 1;
    OmenPressureLevel level = OMEN_PRESSURE_CALM;
    g_autofree char *message = NULL;
    g_autofree char *forecast = NULL;

    if (sample->total > 0 && 1 - left >= USED_MIN)
        left_s = omen_pressure_gauge_foretell(self, &rate);
    if (sample->some_avg10 >= SOME_HIGH || sample->full_avg10 >= FULL_HIGH ||
        (left_s > 0 && left_s < HIGH_S))
        level = OMEN_PRESSURE_HIGH;
    if (sample->full_avg10 >= FULL_CRIT || (left_s > 0 && left_s < CRITICAL_S))
        level = OMEN_PRESSURE_CRITICAL;
    if (!change_level(self, OMEN_PRESSURE_MEMORY, level, sample->time_us))
        return;

    if (level == OMEN_PRESSURE_CALM) {
        function(OMEN_PRIORITY_INFO, "memory is not under pressure any more", user_data);
        return;
    }
    forecast = left_s > 0 ? g_strdup_printf(", falling by %.1f%% a minute: gone in %.0f s",
                                            100 * rate * 60 / (double) sample->total, left_s)
                          : g_strdup("");
    message = g_strdup_printf("memory pressure: some avg10=%.2f full avg10=%.2f, "
                              "%.0f%% of %" G_GUINT64_FORMAT " MiB left%s",
                              sample->some_avg10, sample->full_avg10, 100 * left,
                              sample->total >> 20, forecast);
    function(level == OMEN_PRESSURE_CRITICAL ? OMEN_PRIORITY_CRITICAL : OMEN_PRIORITY_WARNING,
             message, user_data);
}

static void
take_simple(OmenPressureGauge *self,
            OmenPressureKind kind,
            const OmenPressureSample *sample,
            OmenPressureFunc function,
            gpointer user_data)
{
    gboolean is_cpu = kind == OMEN_PRESSURE_CPU;
    gboolean is_high = is_cpu ? sample->cpu_avg10 >= CPU_HIGH || sample->steal >= STEAL_HIGH
                              : sample->io_full_avg10 >= IO_FULL_HIGH;
    g_autofree char *message = NULL;

    if (!change_level(self, kind, is_high ? OMEN_PRESSURE_HIGH : OMEN_PRESSURE_CALM,
                      sample->time_us))
        return;
    if (!is_high)
        message = g_strdup_printf("%s no longer waited for much", is_cpu ? "cpu is" : "io is");
    else if (is_cpu)
        message = g_strdup_printf("cpu pressure: some avg10=%.2f, steal %.0f%%", sample->cpu_avg10,
                                  sample->steal);
    else
        message = g_strdup_printf("io pressure: full avg10=%.2f", sample->io_full_avg10);
    function(is_high ? OMEN_PRIORITY_WARNING : OMEN_PRIORITY_INFO, message, user_data);
}

void
omen_pressure_gauge_push(OmenPressureGauge *self,
                         const OmenPressureSample *sample,
                         OmenPressureFunc function,
                         gpointer user_data)
{
    guint at = self->n_samples++ % OMEN_PRESSURE_SAMPLES;

    self->time_us[at] = sample->time_us;
    self->available[at] = (double) sample->available;
    take_memory(self, sample, function, user_data);
    take_simple(self, OMEN_PRESSURE_CPU, sample, function, user_data);
    take_simple(self, OMEN_PRESSURE_IO, sample, function, user_data);
}

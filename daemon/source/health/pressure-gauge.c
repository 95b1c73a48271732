/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/pressure-gauge.h"

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
#define RUN_HIGH     4                                         /* tasks a CPU */
#define SWAP_HIGH    0.1                                       /* of all swap, within the window */
#define SWAP_MIN     ((double) (G_GUINT64_CONSTANT(64) << 20)) /* bytes of growth */
#define DIRTY_HIGH   80
#define SHORT        0.15 /* of memory available, where claims can hardly be met */
#define MIB(bytes)   ((guint64) (bytes) >> 20)

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

static double
foretell(const OmenPressureGauge *self, double *rate_out)
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
        left_s = foretell(self, &rate);
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

/* How much more swap is used than at the least within the window. */
static double
measure_swap_growth(const OmenPressureGauge *self)
{
    guint n = MIN(self->n_samples, OMEN_PRESSURE_SAMPLES);
    guint last = (self->n_samples - 1) % OMEN_PRESSURE_SAMPLES;
    double least = self->swap_used[last];

    for (guint i = 1; i <= n; i++) {
        guint at = (self->n_samples - i) % OMEN_PRESSURE_SAMPLES;
        if (self->time_us[last] - self->time_us[at] > WINDOW_US)
            break;
        least = MIN(least, self->swap_used[at]);
    }
    return self->swap_used[last] - least;
}

/* What has one level: @high and @calm are lines, of which that of the new level is told. */
static void
take_simple(OmenPressureGauge *self,
            OmenPressureKind kind,
            gboolean is_high,
            gint64 now_us,
            const char *high,
            const char *calm,
            OmenPressureFunc function,
            gpointer user_data)
{
    if (change_level(self, kind, is_high ? OMEN_PRESSURE_HIGH : OMEN_PRESSURE_CALM, now_us))
        function(is_high ? OMEN_PRIORITY_WARNING : OMEN_PRIORITY_INFO, is_high ? high : calm,
                 user_data);
}

static void
take_cpu(OmenPressureGauge *self,
         const OmenPressureSample *sample,
         OmenPressureFunc function,
         gpointer user_data)
{
    gboolean is_high = sample->cpu_avg10 >= CPU_HIGH || sample->steal >= STEAL_HIGH ||
                       sample->run_queue >= RUN_HIGH;
    g_autofree char *high =
        g_strdup_printf("cpu pressure: some avg10=%.2f, steal %.0f%%, run queue %.1f a CPU",
                        sample->cpu_avg10, sample->steal, sample->run_queue);

    take_simple(self, OMEN_PRESSURE_CPU, is_high, sample->time_us, high,
                "cpu is no longer waited for much", function, user_data);
}

static void
take_storage(OmenPressureGauge *self,
             const OmenPressureSample *sample,
             OmenPressureFunc function,
             gpointer user_data)
{
    g_autofree char *io = g_strdup_printf("io pressure: full avg10=%.2f", sample->io_full_avg10);
    g_autofree char *dirty = g_strdup_printf("dirty pressure: %" G_GUINT64_FORMAT
                                             " MiB wait to be written, %.0f%% of what may",
                                             MIB(sample->dirty), sample->dirty_share);

    take_simple(self, OMEN_PRESSURE_IO, sample->io_full_avg10 >= IO_FULL_HIGH, sample->time_us, io,
                "io is no longer waited for much", function, user_data);
    take_simple(self, OMEN_PRESSURE_DIRTY, sample->dirty_share >= DIRTY_HIGH, sample->time_us,
                dirty, "what is dirty is written again", function, user_data);
}

static void
take_swap(OmenPressureGauge *self,
          const OmenPressureSample *sample,
          OmenPressureFunc function,
          gpointer user_data)
{
    double growth = measure_swap_growth(self);
    double total = (double) sample->swap_total;
    g_autofree char *high =
        g_strdup_printf("swap pressure: %" G_GUINT64_FORMAT
                        " MiB more in 2 minutes, %.0f%% of %" G_GUINT64_FORMAT " MiB used",
                        MIB(growth), total > 0 ? 100 * (double) sample->swap_used / total : 0,
                        MIB(sample->swap_total));

    take_simple(self, OMEN_PRESSURE_SWAP, growth >= SWAP_MIN && growth >= SWAP_HIGH * total,
                sample->time_us, high, "swap does not grow any more", function, user_data);
}

/* Domains may have been promised more than there is: worth knowing, and dangerous once it is short.
 */
static void
take_claims(OmenPressureGauge *self,
            const OmenPressureSample *sample,
            OmenPressureFunc function,
            gpointer user_data)
{
    gboolean is_over = sample->claims > sample->available;
    gboolean is_short = (double) sample->memory_available < SHORT * (double) sample->memory_total;
    OmenPressureLevel level = !is_over   ? OMEN_PRESSURE_CALM
                              : is_short ? OMEN_PRESSURE_CRITICAL
                                         : OMEN_PRESSURE_HIGH;
    g_autofree char *message = NULL;

    if (!change_level(self, OMEN_PRESSURE_CLAIMS, level, sample->time_us))
        return;
    message =
        level == OMEN_PRESSURE_CALM
            ? g_strdup("memory commitment can be met")
            : g_strdup_printf("%s: domains may still claim %" G_GUINT64_FORMAT
                              " MiB, %" G_GUINT64_FORMAT " MiB is available",
                              level == OMEN_PRESSURE_CRITICAL ? "memory commitment can not be met"
                                                              : "memory is overcommitted",
                              MIB(sample->claims), MIB(sample->available));
    function(level == OMEN_PRESSURE_CRITICAL ? OMEN_PRIORITY_WARNING : OMEN_PRIORITY_INFO, message,
             user_data);
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
    self->swap_used[at] = (double) sample->swap_used;
    take_memory(self, sample, function, user_data);
    take_cpu(self, sample, function, user_data);
    take_storage(self, sample, function, user_data);
    take_swap(self, sample, function, user_data);
    take_claims(self, sample, function, user_data);
}

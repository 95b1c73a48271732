/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "robustness.h"

#include "runs.h"

#include <math.h>
#include <string.h>

#define FAULT_RECORDS 20 /* at most, of a fault that is put into the training */
#define STEP_S        3600

/* If @from's marks are at @i, @to's are at the next record: its copy, or what follows if it is
 * lost.
 */
static void
move_marks(Series *to, const Series *from, gsize i)
{
    if (from->label == (gssize) i)
        to->label = to->keys->len;
    if (from->failure == (gssize) i)
        to->failure = to->keys->len;
}

static void
copy_record(Series *to, const Series *from, gsize i)
{
    move_marks(to, from, i);
    g_array_append_val(to->keys, g_array_index(from->keys, guint32, i));
    g_array_append_val(to->times, g_array_index(from->times, double, i));
}

static void
lose(Series *to, const Series *from, GRand *random, double share, G_GNUC_UNUSED const Series *other)
{
    for (gsize i = 0; i < from->keys->len; i++) {
        if (g_rand_double(random) >= share)
            copy_record(to, from, i);
        else
            move_marks(to, from, i);
    }
}

static void
repeat(
    Series *to, const Series *from, GRand *random, double share, G_GNUC_UNUSED const Series *other)
{
    for (gsize i = 0; i < from->keys->len; i++) {
        copy_record(to, from, i);
        if (g_rand_double(random) >= share)
            continue;
        g_array_append_val(to->keys, g_array_index(from->keys, guint32, i));
        g_array_append_val(to->times, g_array_index(from->times, double, i));
    }
}

/* Records of one second in any order; the marks stay where they are. */
static void
shuffle(Series *to,
        const Series *from,
        GRand *random,
        G_GNUC_UNUSED double share,
        G_GNUC_UNUSED const Series *other)
{
    guint32 *keys = NULL;
    gsize begin = 0;

    for (gsize i = 0; i < from->keys->len; i++)
        copy_record(to, from, i);
    keys = (guint32 *) (gpointer) to->keys->data;
    for (gsize i = 0; i < to->keys->len; i++) {
        if (floor(g_array_index(to->times, double, i)) !=
            floor(g_array_index(to->times, double, begin)))
            begin = i;
        gsize j = begin + (gsize) g_rand_int_range(random, 0, (gint32) (i - begin + 1));
        guint32 key = keys[i];
        keys[i] = keys[j];
        keys[j] = key;
    }
}

/* From the middle on the clock says an hour less; the records come as before. */
static void
step_clock(Series *to,
           const Series *from,
           G_GNUC_UNUSED GRand *random,
           double share,
           G_GNUC_UNUSED const Series *other)
{
    for (gsize i = 0; i < from->keys->len; i++) {
        copy_record(to, from, i);
        if (i >= from->keys->len / 2)
            g_array_index(to->times, double, i) += share * STEP_S;
    }
}

/* Two hosts' records in one stream, in step with each other. */
static void
interleave(Series *to,
           const Series *from,
           G_GNUC_UNUSED GRand *random,
           G_GNUC_UNUSED double share,
           const Series *other)
{
    gsize taken = 0;

    for (gsize i = 0; i < from->keys->len; i++) {
        gsize due = (i + 1) * other->keys->len / from->keys->len;

        copy_record(to, from, i);
        for (; taken < due; taken++) {
            g_array_append_val(to->keys, g_array_index(other->keys, guint32, taken));
            g_array_append_val(to->times, g_array_index(from->times, double, i));
        }
    }
}

/* The beginning of this very fault is in the training as well. */
static void
spoil_training(Series *to,
               const Series *from,
               G_GNUC_UNUSED GRand *random,
               G_GNUC_UNUSED double share,
               G_GNUC_UNUSED const Series *other)
{
    for (gsize i = 0; i < from->keys->len; i++) {
        copy_record(to, from, i);
        if (i != EVALUATION_PROBATION / 2 || from->label < 0)
            continue;
        for (gsize j = (gsize) from->label;
             j < (gsize) from->failure && j < (gsize) from->label + FAULT_RECORDS; j++) {
            g_array_append_val(to->keys, g_array_index(from->keys, guint32, j));
            g_array_append_val(to->times, g_array_index(from->times, double, i));
        }
    }
}

#define LAST_RECORD_S 1735733532 /* 2025-01-01 12:12:12, behind all of the series */

static void
append_record(Series *to,
              const Series *from,
              G_GNUC_UNUSED GRand *random,
              G_GNUC_UNUSED double share,
              G_GNUC_UNUSED const Series *other)
{
    guint32 key = 0;
    double time = LAST_RECORD_S;

    for (gsize i = 0; i < from->keys->len; i++)
        copy_record(to, from, i);
    if (from->label < 0)
        return;
    if (from->failure == (gssize) from->keys->len)
        to->failure = from->failure;
    g_array_append_val(to->keys, key);
    g_array_append_val(to->times, time);
}

typedef struct {
    const char *name;
    void (*spoil)(Series *to, const Series *from, GRand *random, double share, const Series *other);
    double share;
} Spoil;

static const Spoil spoils[] = {
    {"as it is", lose, 0},
    {"1 % of the lines lost", lose, 0.01},
    {"10 % of the lines lost", lose, 0.1},
    {"30 % of the lines lost", lose, 0.3},
    {"in any order within a second", shuffle, 0},
    {"10 % of the lines twice", repeat, 0.1},
    {"every line twice", repeat, 1},
    {"the clock goes back an hour", step_clock, -1},
    {"the clock goes on an hour", step_clock, 1},
    {"a benign series interleaved", interleave, 0},
    {"the fault in the training too", spoil_training, 0},
};

static const Spoil last_record = {"with the paper's last record", append_record, 0};

/* The benign series that @i-th series is mixed with. */
static const Series *
find_other(const SeriesSet *set, guint i)
{
    for (guint j = 1; j <= set->series->len; j++) {
        const Series *other = set->series->pdata[(i + j * 7) % set->series->len];

        if (other->label < 0 && other != set->series->pdata[i])
            return other;
    }
    return set->series->pdata[i];
}

static SeriesSet *
spoil_set(const SeriesSet *set, const Spoil *spoil)
{
    SeriesSet *spoilt = series_set_new();

    for (guint i = 0; i < set->series->len; i++) {
        const Series *from = set->series->pdata[i];
        Series *to = series_new(from->scenario, from->name);
        GRand *random = g_rand_new_with_seed(i + 1);

        to->label = -1;
        to->failure = G_MAXSSIZE;
        spoil->spoil(to, from, random, spoil->share, find_other(set, i));
        to->failure = MIN(to->failure, (gssize) to->keys->len);
        g_ptr_array_add(spoilt->series, to);
        g_rand_free(random);
    }
    return spoilt;
}

gboolean
robustness_report(Report *report,
                  EvaluationDetector *detector,
                  const SeriesSet *set,
                  double threshold,
                  GError **error)
{
    const char *series_set = report->series_set;

    for (guint i = 0; i < G_N_ELEMENTS(spoils); i++) {
        g_autofree char *name = g_strdup_printf("%s, %s", series_set, spoils[i].name);
        g_autoptr(SeriesSet) spoilt = spoil_set(set, &spoils[i]);
        g_autoptr(GArray) runs = runs_score(detector, spoilt, error);

        if (!runs)
            return FALSE;
        report->series_set = name;
        runs_report_rates(report, detector->name, runs, NULL, threshold);
        report->series_set = series_set;
    }
    return TRUE;
}

gboolean
robustness_report_last_record(Report *report,
                              EvaluationDetector *detector,
                              const SeriesSet *set,
                              GError **error)
{
    const char *series_set = report->series_set;
    g_autofree char *name = g_strdup_printf("%s, %s", series_set, last_record.name);
    g_autoptr(SeriesSet) spoilt = spoil_set(set, &last_record);
    g_autoptr(GArray) runs = runs_score(detector, spoilt, error);

    if (!runs)
        return FALSE;
    report->series_set = name;
    runs_report_areas(report, detector, runs);
    report->series_set = series_set;
    return TRUE;
}

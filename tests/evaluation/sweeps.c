/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sweeps.h"

#include "runs.h"
#include "stores.h"

#include <virt-omen/profile.h>

#define LENGTH   4
#define TRAINING 150
#define TIMES    3

static const guint trainings[] = {50, 100, 150, 200, 300};
static const guint lengths[] = {2, 3, 4, 6, 8, 12};

static gboolean
sweep_size(Report *report,
           EvaluationDetector *detector,
           const SeriesSet *set,
           double threshold,
           GError **error)
{
    g_autoptr(GArray) runs = runs_score(detector, set, error);
    g_autofree char *early = NULL;
    g_autofree char *alarms = NULL;
    Rates rates;

    if (!runs)
        return FALSE;
    rates = scorer_rates(runs, NULL, threshold);
    early =
        g_strdup_printf("early detection %% at M=%u m=%u", detector->training, detector->length);
    alarms =
        g_strdup_printf("false positive %% at M=%u m=%u", detector->training, detector->length);
    report_add(report, detector->name, "strict", "all", early, 100 * rates.early_detection);
    report_add(report, detector->name, "strict", "all", alarms, 100 * rates.false_positive);
    g_array_unref(rates.lead_s);
    return TRUE;
}

gboolean
sweep_sizes(Report *report,
            EvaluationDetector *detector,
            const SeriesSet *set,
            double threshold,
            GError **error)
{
    gboolean done = TRUE;

    for (guint i = 0; i < G_N_ELEMENTS(trainings) * G_N_ELEMENTS(lengths); i++) {
        detector->training = trainings[i / G_N_ELEMENTS(lengths)];
        detector->length = lengths[i % G_N_ELEMENTS(lengths)];
        done = done && sweep_size(report, detector, set, threshold, error);
    }
    detector->training = 0;
    detector->length = 0;
    return done;
}

/* Scores all series with stores of @kind. */
static void
run_store(const SeriesSet *set, PaperStoreKind kind, double similarity, guint64 *n_compared)
{
    for (guint i = 0; i < set->series->len; i++) {
        const Series *series = set->series->pdata[i];
        const guint32 *keys = (const guint32 *) (gpointer) series->keys->data;
        g_autoptr(PaperStore) store = paper_store_new(kind, LENGTH, similarity);

        for (guint j = LENGTH - 1; j < series->keys->len; j++) {
            if (j < TRAINING)
                paper_store_add(store, keys + j + 1 - LENGTH);
            else
                paper_store_score(store, keys + j + 1 - LENGTH);
        }
        *n_compared += paper_store_get_n_compared(store);
    }
}

static void
run_profile(const SeriesSet *set, OmenMetric metric, double similarity)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;

    config.metric = metric;
    config.similarity = similarity;
    for (guint i = 0; i < set->series->len; i++) {
        const Series *series = set->series->pdata[i];
        g_autoptr(OmenProfile) profile = omen_profile_new(&config);
        OmenScore score;

        for (guint j = 0; j < series->keys->len; j++)
            omen_profile_push(profile, g_array_index(series->keys, guint32, j), &score);
    }
}

typedef struct {
    const char *name;
    gboolean ours;
    PaperStoreKind kind;
    OmenMetric metric;
} StoreKind;

static const StoreKind stores[] = {
    {"the paper's list", FALSE, PAPER_STORE_LIST, 0},
    {"the paper's heap", FALSE, PAPER_STORE_HEAP, 0},
    {"this engine, the paper's metric", TRUE, 0, OMEN_METRIC_PAPER},
    {"this engine, its own metric", TRUE, 0, OMEN_METRIC_TRANSITION},
};

static guint64
count_scored(const SeriesSet *set)
{
    guint64 n = 0;

    for (guint i = 0; i < set->series->len; i++) {
        guint length = ((const Series *) set->series->pdata[i])->keys->len;

        n += length > TRAINING ? length - TRAINING : 0;
    }
    return n;
}

/* Microseconds a scored record, the least of a few times: what else the machine did is in the rest.
 */
static double
time_store(const SeriesSet *set, const StoreKind *kind, double eta, guint64 *n_compared)
{
    double least_us = G_MAXDOUBLE;

    for (guint i = 0; i < TIMES; i++) {
        gint64 begin_us = runs_cpu_time_us();

        *n_compared = 0;
        if (kind->ours)
            run_profile(set, kind->metric, eta);
        else
            run_store(set, kind->kind, eta, n_compared);
        least_us = MIN(least_us, (double) (runs_cpu_time_us() - begin_us));
    }
    return least_us / (double) MAX(count_scored(set), 1);
}

static void
sweep_store(Report *report, const SeriesSet *set, const StoreKind *kind)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(Point));
    g_autoptr(GArray) compared = g_array_new(FALSE, FALSE, sizeof(Point));

    for (guint i = 0; i <= 9; i++) {
        double eta = i * 0.05;
        guint64 n_compared = 0;
        double time_us = time_store(set, kind, eta, &n_compared);
        g_autofree char *metric = g_strdup_printf("time a record us at eta=%.2f", eta);
        g_autofree char *rows = g_strdup_printf("rows compared at eta=%.2f", eta);
        Point time = {eta, time_us};
        Point row = {eta, (double) n_compared / (double) MAX(count_scored(set), 1)};

        report_add(report, kind->name, "none", "all", metric, time.y);
        g_array_append_val(times, time);
        if (kind->ours)
            continue;
        report_add(report, kind->name, "none", "all", rows, row.y);
        g_array_append_val(compared, row);
    }
    report_add_curve(report, "eta time", kind->name, times);
    if (!kind->ours)
        report_add_curve(report, "eta rows", kind->name, compared);
}

void
sweep_similarity(Report *report, const SeriesSet *set)
{
    for (guint i = 0; i < G_N_ELEMENTS(stores); i++)
        sweep_store(report, set, &stores[i]);
}

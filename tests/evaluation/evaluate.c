/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* evaluate [--quick] --data DIR OUTDIR: runs every detector over the series and reports. */
#include "detectors.h"
#include "report.h"
#include "scorer.h"

#include <math.h>

#define QUICK_STEP 5 /* --quick takes every fifth series */

static const char *const scenarios[] = {"hdd", "oom", "buffer-io", "cpu"};
static const char *const criteria[] = {NULL, "relaxed", "strict"};

static double
quantile(const GArray *sorted, double share)
{
    guint at = (guint) floor(share * (sorted->len - 1));

    return g_array_index(sorted, double, at);
}

static void
report_rates(Report *report,
             const EvaluationDetector *detector,
             const GArray *runs,
             const char *scenario,
             double threshold)
{
    Rates rates = scorer_rates(runs, scenario, threshold);
    g_autoptr(GArray) lead_s = rates.lead_s;
    const char *where = scenario ? scenario : "all";
    double sum = 0;

    report_add(report, detector->name, "strict", where, "early detection %",
               100 * rates.early_detection);
    report_add(report, detector->name, "strict", where, "false positive %",
               100 * rates.false_positive);
    if (lead_s->len == 0)
        return;
    for (guint i = 0; i < lead_s->len; i++)
        sum += g_array_index(lead_s, double, i);
    report_add(report, detector->name, "strict", where, "mean lead s", sum / lead_s->len);
    report_add(report, detector->name, "strict", where, "median lead s", quantile(lead_s, 0.5));
    report_add(report, detector->name, "strict", where, "10th percentile lead s",
               quantile(lead_s, 0.1));
}

static void
report_runs(Report *report, const EvaluationDetector *detector, const GArray *runs)
{
    double threshold = detector->threshold;

    for (guint c = CRITERION_RELAXED; c <= CRITERION_STRICT; c++) {
        for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++)
            report_add(report, detector->name, criteria[c], scenarios[i], "AUC",
                       scorer_auc(runs, scenarios[i], c, detector->sweep_top));
        for (guint i = 0; i < G_N_ELEMENTS(nab_profiles); i++) {
            g_autofree char *metric = g_strdup_printf("NAB %s", nab_profiles[i].name);
            NabResult nab = scorer_nab(runs, c, &nab_profiles[i]);

            report_add(report, detector->name, criteria[c], "all", metric, nab.score);
            if (i == 0 && c == CRITERION_RELAXED && isnan(threshold))
                threshold = nab.threshold;
        }
    }
    report_add(report, detector->name, "none", "all", "threshold", threshold);
    report_rates(report, detector, runs, NULL, threshold);
    for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++)
        report_rates(report, detector, runs, scenarios[i], threshold);
}

static gboolean
evaluate(Report *report, EvaluationDetector *detector, const SeriesSet *set, GError **error)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(Run));
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
    gint64 begin_us = g_get_monotonic_time();
    gint64 records = 0;

    for (guint i = 0; i < set->series->len; i++) {
        const Series *series = set->series->pdata[i];
        double *scores = evaluation_detector_score(detector, series, error);
        Run run = {series, scores};

        if (!scores)
            return FALSE;
        g_ptr_array_add(kept, scores);
        g_array_append_val(runs, run);
        records += series->keys->len;
    }
    report_add(report, detector->name, "none", "all", "time a record us",
               (double) (g_get_monotonic_time() - begin_us) / (double) MAX(records, 1));
    report_runs(report, detector, runs);
    g_printerr("%s: %u series, fitted: %s\n", detector->name, set->series->len, detector->fitted);
    return TRUE;
}

static gboolean
evaluate_all(const char *data, const char *folder, gboolean quick, GError **error)
{
    g_autoptr(SeriesSet) set = series_set_load(data, quick ? QUICK_STEP : 1, error);
    g_autoptr(GPtrArray) figures = g_ptr_array_new_with_free_func(figure_free);
    g_autoptr(GArray) detectors = NULL;
    Report report = {figures, quick ? "vmft-lad, every fifth" : "vmft-lad",
                     quick ? "A partial run: not all series." : "All labelled and benign series."};
    gboolean done = TRUE;

    if (!set)
        return FALSE;
    detectors = evaluation_detectors(set);
    for (guint i = 0; i < detectors->len; i++) {
        EvaluationDetector *detector = &g_array_index(detectors, EvaluationDetector, i);

        done = done && evaluate(&report, detector, set, error);
    }
    return done && report_write(&report, folder, error);
}

int
main(int argc, char **argv)
{
    g_autofree char *data = g_strdup(g_getenv("OMEN_EVALUATION_DATA"));
    gboolean quick = FALSE;
    GOptionEntry entries[] = {
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &data, "Folder with series.csv", "DIR"},
        {"quick", 0, 0, G_OPTION_ARG_NONE, &quick, "Every fifth series only", NULL},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("OUTDIR");
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2 || !data) {
        g_printerr("evaluate: %s\n", error ? error->message : "wants --data DIR and OUTDIR");
        return 2;
    }
    if (g_mkdir_with_parents(argv[1], 0755) != 0 || !evaluate_all(data, argv[1], quick, &error)) {
        g_printerr("evaluate: %s\n", error ? error->message : "can't make the output folder");
        return 1;
    }
    return 0;
}

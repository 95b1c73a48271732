/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* evaluate [--quick] [--rows-only] [--only DETECTOR]... [--without DETECTOR]... --data DIR OUTDIR:
 * runs detectors over the series. */
#include "robustness.h"
#include "runs.h"
#include "sweeps.h"

#include <string.h>

#define QUICK_STEP 5 /* --quick takes every fifth series */

/* Those whose settings are swept, and those that meet spoiled logs. */
static const char *const swept[] = {"virt-omen", "VMFT-LAD", NULL};
static const char *const spoiled[] = {
    "virt-omen", "VMFT-LAD with gpt-3.5-turbo", "VMFT-LAD", "gpt-3.5-turbo alone", "EXPoSE", NULL};

/* Those that the paper ran on series with a last record of its own. */
static const char *const ended[] = {"HTM", "ARTime", NULL};

#define SWEEP_THRESHOLD 0.15 /* of VMFT-LAD: the paper's */

typedef struct {
    char *data;
    gboolean quick, rows_only;
    GStrv only, without; /* (nullable): names of detectors */
} Options;

static guint64
count_records(const SeriesSet *set)
{
    guint64 records = 0;

    for (guint i = 0; i < set->series->len; i++)
        records += ((const Series *) set->series->pdata[i])->keys->len;
    return records;
}

static gboolean
evaluate(Report *report,
         EvaluationDetector *detector,
         const SeriesSet *set,
         gboolean rows_only,
         GError **error)
{
    gint64 begin_us = runs_cpu_time_us();
    g_autoptr(GArray) runs = runs_score(detector, set, error);
    double time_us = (double) (runs_cpu_time_us() - begin_us);
    double threshold = 0;

    if (!runs)
        return FALSE;
    report_add(report, detector->name, "none", "all", "time a record us",
               time_us / (double) MAX(count_records(set), 1));
    threshold = runs_report(report, detector, runs);
    if (strcmp(detector->name, swept[0]) == 0)
        runs_report_alarms(report, detector, runs, threshold);
    if (rows_only)
        return TRUE;
    if (g_strv_contains(spoiled, detector->name) &&
        !robustness_report(report, detector, set, threshold, error))
        return FALSE;
    if (g_strv_contains(ended, detector->name) &&
        !robustness_report_last_record(report, detector, set, error))
        return FALSE;
    return !g_strv_contains(swept, detector->name) ||
           sweep_sizes(report, detector, set,
                       strcmp(detector->name, "VMFT-LAD") == 0 ? SWEEP_THRESHOLD : threshold,
                       error);
}

/* What the reader has to know of this run: is it of all series? */
static char *
make_remark(const Options *options, const SeriesSet *set)
{
    g_autofree char *path = g_build_filename(options->data, "remark.txt", NULL);
    g_autofree char *own = NULL;

    if (g_file_get_contents(path, &own, NULL, NULL))
        g_strdelimit(g_strchomp(own), "\\\"\n", ' ');
    return g_strdup_printf("%s%s%s%u series, %" G_GUINT64_FORMAT " records.", own ? own : "",
                           own ? " " : "",
                           options->quick ? "A partial run: every fifth series. " : "",
                           set->series->len, count_records(set));
}

static gboolean
is_wanted(const Options *options, const char *detector)
{
    const char *const *only = (const char *const *) options->only;
    const char *const *without = (const char *const *) options->without;

    return (!only || g_strv_contains(only, detector)) &&
           (!without || !g_strv_contains(without, detector));
}

static gboolean
evaluate_all(const Options *options, const char *folder, GError **error)
{
    g_autoptr(SeriesSet) set =
        series_set_load(options->data, options->quick ? QUICK_STEP : 1, error);
    g_autoptr(GArray) detectors = NULL;
    g_autofree char *remark = NULL;
    Report report;
    gboolean done = TRUE;

    if (!set)
        return FALSE;
    remark = make_remark(options, set);
    report_init(&report, options->quick ? "vmft-lad, every fifth" : "vmft-lad", remark);
    detectors = evaluation_detectors(set);
    report.n_detectors = detectors->len;
    for (guint i = 0; i < detectors->len && done; i++) {
        EvaluationDetector *detector = &g_array_index(detectors, EvaluationDetector, i);

        if (!is_wanted(options, detector->name))
            continue;
        g_printerr("%2u of %u: %s (fitted: %s)\n", i + 1, detectors->len, detector->name,
                   detector->fitted);
        report_add_detector(&report, i, detector->name, detector->fitted);
        done = evaluate(&report, detector, set, options->rows_only, error);
    }
    if (done && !options->rows_only && !options->only)
        sweep_similarity(&report, set);
    done = done && report_write(&report, folder, error);
    report_clear(&report);
    return done;
}

int
main(int argc, char **argv)
{
    Options options = {.data = g_strdup(g_getenv("OMEN_EVALUATION_DATA"))};
    g_autofree char *data = NULL;
    g_auto(GStrv) only = NULL;
    g_auto(GStrv) without = NULL;
    GOptionEntry entries[] = {
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &options.data, "Folder with series.csv", "DIR"},
        {"quick", 0, 0, G_OPTION_ARG_NONE, &options.quick, "Every fifth series only", NULL},
        {"rows-only", 0, 0, G_OPTION_ARG_NONE, &options.rows_only, "No sweeps, no spoiled logs",
         NULL},
        {"without", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.without,
         "Not this detector; may be repeated", "NAME"},
        {"only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.only, "This detector; may be repeated",
         "NAME"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("OUTDIR");
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    gboolean parsed = g_option_context_parse(context, &argc, &argv, &error);
    data = options.data;
    only = options.only;
    without = options.without;
    if (!parsed || argc != 2 || !data) {
        g_printerr("evaluate: %s\n", error ? error->message : "wants --data DIR and OUTDIR");
        return 2;
    }
    if (g_mkdir_with_parents(argv[1], 0755) != 0 || !evaluate_all(&options, argv[1], &error)) {
        g_printerr("evaluate: %s\n", error ? error->message : "can't make the output folder");
        return 1;
    }
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runs.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define FOLDS 5

static const char *const scenarios[] = {"hdd", "oom", "buffer-io", "cpu"};
static const char *const criteria[] = {NULL, "relaxed", "strict"};

gint64
runs_cpu_time_us(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
run_clear(gpointer run)
{
    g_free((gpointer) ((Run *) run)->scores);
}

GArray *
runs_score(EvaluationDetector *detector, const SeriesSet *set, GError **error)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(Run));

    g_array_set_clear_func(runs, run_clear);
    for (guint i = 0; i < set->series->len; i++) {
        const Series *series = set->series->pdata[i];
        Run run = {series, evaluation_detector_score(detector, series, error)};

        if (!run.scores)
            return NULL;
        g_array_append_val(runs, run);
    }
    return g_steal_pointer(&runs);
}

static double
quantile(const GArray *sorted, double share)
{
    return g_array_index(sorted, double, (guint) floor(share * (sorted->len - 1)));
}

void
runs_report_rates(Report *report,
                  const char *detector,
                  const GArray *runs,
                  const char *scenario,
                  double threshold)
{
    Rates rates = scorer_rates(runs, scenario, threshold);
    g_autoptr(GArray) lead_s = rates.lead_s;
    const char *where = scenario ? scenario : "all";

    report_add(report, detector, "strict", where, "early detection %", 100 * rates.early_detection);
    report_add(report, detector, "strict", where, "false positive %", 100 * rates.false_positive);
    if (lead_s->len == 0)
        return;
    report_add(report, detector, "strict", where, "mean lead s", rates.mean_lead_s);
    report_add(report, detector, "strict", where, "half-sum lead s", rates.half_sum_s);
    report_add(report, detector, "strict", where, "median lead s", quantile(lead_s, 0.5));
    report_add(report, detector, "strict", where, "10th percentile lead s", quantile(lead_s, 0.1));
}

static void
report_roc(Report *report,
           const EvaluationDetector *detector,
           const GArray *runs,
           Criterion criterion,
           const char *scenario)
{
    g_autoptr(GArray) roc = scorer_roc(runs, scenario, criterion, detector->sweep_top);
    g_autofree char *plot = g_strdup_printf("roc %s %s", criteria[criterion], scenario);

    report_add(report, detector->name, criteria[criterion], scenario, "AUC", scorer_area(roc));
    report_add_curve(report, plot, detector->name, roc);
}

void
runs_report_areas(Report *report, const EvaluationDetector *detector, const GArray *runs)
{
    for (guint c = CRITERION_RELAXED; c <= CRITERION_STRICT; c++)
        for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++)
            report_add(report, detector->name, criteria[c], scenarios[i], "AUC",
                       scorer_auc(runs, scenarios[i], c, detector->sweep_top));
}

/* What each threshold gives under NAB's standard profile. */
static void
report_nab_sweep(Report *report, const char *detector, Criterion criterion, const NabCurve *curve)
{
    g_autofree char *plot = g_strdup_printf("nab %s", criteria[criterion]);
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(Point));

    for (guint i = 1; i <= 50; i++) {
        Point point = {i / 50.0, scorer_nab_score(curve, scorer_nab_raw(curve, i / 50.0))};

        g_array_append_val(points, point);
    }
    report_add_curve(report, plot, detector, points);
}

/* The threshold of each fifth of the series is the one that suits the other four best. */
static double
cross_validate(const GArray *runs, Criterion criterion)
{
    double raw = 0, null = 0, perfect = 0;

    for (guint fold = 0; fold < FOLDS; fold++) {
        g_autoptr(GArray) others = g_array_new(FALSE, FALSE, sizeof(Run));
        g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(Run));

        for (guint i = 0; i < runs->len; i++)
            g_array_append_val(i % FOLDS == fold ? own : others, g_array_index(runs, Run, i));
        NabCurve fitted = scorer_nab_curve(others, NULL, criterion, &nab_profiles[0]);
        NabCurve tried = scorer_nab_curve(own, NULL, criterion, &nab_profiles[0]);
        raw += scorer_nab_raw(&tried, scorer_nab_best(&fitted));
        null += tried.null;
        perfect += tried.perfect;
        g_array_unref(fitted.points);
        g_array_unref(tried.points);
    }
    return perfect > null ? 100 * (raw - null) / (perfect - null) : 0;
}

/* Each scenario's threshold is its own best: what one setting for all gives away. Series without a
 * failure belong to none, so they are left out. */
static double
tune_scenarios(const GArray *runs, Criterion criterion)
{
    double raw = 0, null = 0, perfect = 0;

    for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++) {
        NabCurve curve = scorer_nab_curve(runs, scenarios[i], criterion, &nab_profiles[0]);

        raw += scorer_nab_raw(&curve, scorer_nab_best(&curve));
        null += curve.null;
        perfect += curve.perfect;
        g_array_unref(curve.points);
    }
    return perfect > null ? 100 * (raw - null) / (perfect - null) : 0;
}

/* Returns the threshold: the detector's own, or @threshold, or the best here. */
static double
report_nab(Report *report,
           const EvaluationDetector *detector,
           const GArray *runs,
           Criterion criterion,
           double threshold)
{
    const char *under = criteria[criterion];

    for (guint i = 0; i < G_N_ELEMENTS(nab_profiles); i++) {
        g_autofree char *metric = g_strdup_printf("NAB %s", nab_profiles[i].name);
        g_autofree char *at = g_strdup_printf("NAB %s at the threshold", nab_profiles[i].name);
        NabCurve curve = scorer_nab_curve(runs, NULL, criterion, &nab_profiles[i]);
        double best = scorer_nab_best(&curve);

        if (isnan(threshold))
            threshold = best;
        report_add(report, detector->name, under, "all", metric,
                   scorer_nab_score(&curve, scorer_nab_raw(&curve, best)));
        report_add(report, detector->name, under, "all", at,
                   scorer_nab_score(&curve, scorer_nab_raw(&curve, threshold)));
        if (i == 0)
            report_nab_sweep(report, detector->name, criterion, &curve);
        g_array_unref(curve.points);
    }
    report_add(report, detector->name, under, "all", "NAB standard, cross-validated",
               cross_validate(runs, criterion));
    report_add(report, detector->name, under, "all", "NAB standard, a threshold a scenario",
               tune_scenarios(runs, criterion));
    return threshold;
}

/* Scores of one series, over the seconds from its failure. */
static void
report_time_line(Report *report, const char *detector, const Run *run)
{
    const Series *series = run->series;
    const double *times = (const double *) (gpointer) series->times->data;
    double failure = times[series->failure];
    g_autofree char *plot = g_strdup_printf("time line %s %s", series->scenario, series->name);
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(Point));
    Point marks[] = {{times[EVALUATION_PROBATION] - failure, 0},
                     {times[series->label] - failure, 0},
                     {times[series->times->len - 1] - failure, 0}};

    g_array_append_vals(points, marks, G_N_ELEMENTS(marks));
    report_add_curve(report, plot, "marks", points);
    g_array_set_size(points, 0);
    for (gsize i = EVALUATION_PROBATION; i < series->times->len; i++) {
        Point point = {times[i] - failure, run->scores[i]};

        if (point.y > 0)
            g_array_append_val(points, point);
    }
    report_add_curve(report, plot, detector, points);
}

/* Of the first series of each scenario whose failure is in it. */
static void
report_time_lines(Report *report, const EvaluationDetector *detector, const GArray *runs)
{
    for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++) {
        for (guint j = 0; j < runs->len; j++) {
            const Run *run = &g_array_index(runs, Run, j);

            if (strcmp(run->series->scenario, scenarios[i]) != 0 ||
                (gsize) run->series->failure >= run->series->times->len ||
                run->series->label < EVALUATION_PROBATION)
                continue;
            report_time_line(report, detector->name, run);
            break;
        }
    }
}

double
runs_report(Report *report, const EvaluationDetector *detector, const GArray *runs)
{
    double threshold = detector->threshold;

    for (guint c = CRITERION_RELAXED; c <= CRITERION_STRICT; c++) {
        for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++)
            report_roc(report, detector, runs, c, scenarios[i]);
        threshold = report_nab(report, detector, runs, c, threshold);
    }
    report_add(report, detector->name, "none", "all", "threshold", threshold);
    runs_report_rates(report, detector->name, runs, NULL, threshold);
    for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++)
        runs_report_rates(report, detector->name, runs, scenarios[i], threshold);
    report_time_lines(report, detector, runs);
    return threshold;
}

void
runs_report_alarms(Report *report,
                   const EvaluationDetector *detector,
                   const GArray *runs,
                   double threshold)
{
    for (guint i = 0; i < runs->len; i++) {
        const Run *run = &g_array_index(runs, Run, i);
        const Series *series = run->series;
        gsize end = series->label < 0 ? series->keys->len : (gsize) series->label;

        for (gsize j = EVALUATION_PROBATION; j < end; j++) {
            g_autofree char *name = NULL;

            if (run->scores[j] < threshold)
                continue;
            name = g_strdup_printf("%s/%s", series->scenario, series->name);
            report_add_alarm(
                report, detector->name, name, end - j,
                series_set_text(detector->set, g_array_index(series->keys, guint32, j)));
        }
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * peers [--data DIR] [--all [--top THRESHOLD]] [--only NAME]: the baselines beside the scores that
 * the paper recorded of them. DIR/peer-scores/MODEL-SCENARIO-SERIES.csv holds
 * timestamp,value,anomaly_score.
 */
#include "detectors.h"
#include "rank.h"
#include "scorer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PAPER_TOP    0.35 /* where the paper's sweep of thresholds ends */
#define ANOTHER_SEED 42   /* of HTM, to see how much of its scores is its draws' */

typedef struct {
    const char *detector, *recorded; /* NULL: no scores of it */
    double published[2][4];          /* AUC relaxed and strict, over the paper's whole set */
    double threshold, early_detection, false_positive; /* the paper's, and what it saw at it */
} Peer;

static const char *const scenarios[] = {"hdd", "oom", "buffer-io", "cpu"};

static const Peer peers[] = {
    {"HTM",
     "numenta",
     {{0.988, 0.977, 0.990, 0.888}, {0.987, 0.623, 0.989, 0.680}},
     0.505,
     0.6208,
     0.0007},
    {"KNN-CAD",
     "knncad",
     {{0.684, 0.626, 0.607, 0.677}, {0.659, 0.304, 0.607, 0.664}},
     1,
     0.7658,
     0.0074},
    {"EXPoSE",
     "expose",
     {{0.512, 0.499, 0.501, 0.511}, {0.512, 0.499, 0.501, 0.511}},
     0.972,
     0.8513,
     0.0039},
    {"EXPoSE, exact sums",
     "expose",
     {{0.512, 0.499, 0.501, 0.511}, {0.512, 0.499, 0.501, 0.511}},
     0.972,
     0.8513,
     0.0039},
    {"ARTime",
     "ARTime",
     {{0.997, 0.986, 0.995, 0.780}, {0.973, 0.546, 0.995, 0.458}},
     0.308,
     0.7825,
     0.0024},
    /* 0.5 of our scores: the paper's are 0 or 1. It gives no AUC. */
    {"DeepLog", NULL, {{NAN, NAN, NAN, NAN}, {NAN, NAN, NAN, NAN}}, 0.5, 1, 0.0037},
    {"DeepLog, first records", NULL, {{NAN, NAN, NAN, NAN}, {NAN, NAN, NAN, NAN}}, 0.5, 1, 0.0037},
};

/* What was recorded of a series: the values as they were fed, and a score of each. */
typedef struct {
    Series fed; /* borrows all but keys and times */
    GArray *scores;
} Recorded;

static void
recorded_free(gpointer data)
{
    Recorded *self = data;

    g_array_unref(self->fed.keys);
    g_array_unref(self->fed.times);
    g_array_unref(self->scores);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recorded, recorded_free)

/* A recorded run may hold a record more than @series: the paper's end with one of value 0, which
 * counts where a detector is told the range of the values. */
static Recorded *
recorded_load(const char *path, const Series *series, GError **error)
{
    g_autofree char *contents = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(Recorded) self = g_new0(Recorded, 1);

    self->fed = *series;
    self->fed.keys = g_array_new(FALSE, FALSE, sizeof(guint32));
    self->fed.times = g_array_new(FALSE, FALSE, sizeof(double));
    self->scores = g_array_new(FALSE, FALSE, sizeof(double));
    if (!g_file_get_contents(path, &contents, NULL, error))
        return NULL;
    lines = g_strsplit(contents, "\n", -1);
    for (guint i = 1; lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], ",", -1);

        if (g_strv_length(fields) != 3)
            continue;
        guint32 key = (guint32) g_ascii_strtoull(fields[1], NULL, 10);
        double score = g_ascii_strtod(fields[2], NULL);
        guint at = MIN(self->scores->len, MAX(series->times->len, 1) - 1);
        g_array_append_val(self->fed.keys, key);
        g_array_append_vals(self->fed.times, &g_array_index(series->times, double, at), 1);
        g_array_append_val(self->scores, score);
    }
    if (self->scores->len < series->keys->len || self->scores->len > series->keys->len + 1) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %u scores of %u records", path,
                    self->scores->len, series->keys->len);
        return NULL;
    }
    return g_steal_pointer(&self);
}

static void
print_auc(const GArray *ours, const GArray *recorded, const char *scenario, double top)
{
    for (guint c = CRITERION_RELAXED; c <= CRITERION_STRICT; c++)
        g_print(" %.4f / %.4f |", scorer_auc(ours, scenario, c, top),
                scorer_auc(recorded, scenario, c, top));
}

/* Rank correlation of HTM's scores with those of another seed; NAN of what draws nothing. */
static double
seed_correlation(const EvaluationDetector *detector, const Run *ours)
{
    EvaluationDetector other = *detector;
    g_autofree double *scores = NULL;
    gsize n = ours->series->keys->len;
    gsize first = MIN(n, EVALUATION_PROBATION);

    other.seed = ANOTHER_SEED;
    if (strcmp(detector->name, "HTM") == 0)
        scores = evaluation_detector_score(&other, ours->series, NULL);
    return scores ? rank_correlation(ours->scores + first, scores + first, n - first) : NAN;
}

static void
print_number(double number)
{
    if (isnan(number))
        g_print(" - |");
    else
        g_print(" %.4f |", number);
}

static void
print_pair(const EvaluationDetector *detector, const Run *ours, const Run *recorded)
{
    g_autoptr(GArray) left = g_array_new(FALSE, FALSE, sizeof(Run));
    g_autoptr(GArray) right = g_array_new(FALSE, FALSE, sizeof(Run));
    gsize n = ours->series->keys->len;
    gsize first = MIN(n, EVALUATION_PROBATION);
    double largest = 0;

    for (gsize i = first; i < n; i++)
        largest = fmax(largest, fabs(ours->scores[i] - recorded->scores[i]));
    g_print("| %s | %s/%s | %" G_GSIZE_FORMAT " |", detector->name, ours->series->scenario,
            ours->series->name, n - first);
    print_number(rank_correlation(ours->scores + first, recorded->scores + first, n - first));
    print_number(seed_correlation(detector, ours));
    print_number(largest);
    g_array_append_vals(left, ours, 1);
    g_array_append_vals(right, recorded, 1);
    if (ours->series->label < 0)
        g_print(" - | - |");
    else
        print_auc(left, right, NULL, 1);
    g_print("\n");
}

/* Every series of @set that the paper's scores are at hand for. */
static gboolean
compare_peer(const Peer *peer,
             EvaluationDetector *detector,
             const SeriesSet *set,
             const char *folder,
             GError **error)
{
    g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(recorded_free);
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) ours = g_array_new(FALSE, FALSE, sizeof(Run));
    g_autoptr(GArray) theirs = g_array_new(FALSE, FALSE, sizeof(Run));

    for (guint i = 0; i < set->series->len; i++) {
        const Series *series = set->series->pdata[i];
        g_autofree char *path = g_strdup_printf("%s/peer-scores/%s-%s-%s.csv", folder,
                                                peer->recorded, series->scenario, series->name);
        Recorded *recorded = NULL;
        double *scores = NULL;

        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        recorded = recorded_load(path, series, error);
        if (!recorded)
            return FALSE;
        g_ptr_array_add(records, recorded);
        scores = evaluation_detector_score(detector, &recorded->fed, error);
        if (!scores)
            return FALSE;
        g_ptr_array_add(kept, scores);
        Run left = {&recorded->fed, scores};
        Run right = {&recorded->fed, (const double *) (gpointer) recorded->scores->data};
        g_array_append_val(ours, left);
        g_array_append_val(theirs, right);
        print_pair(detector, &left, &right);
    }
    g_print("| %s | all of these |  |  |  |  |", peer->detector);
    print_auc(ours, theirs, NULL, 1);
    g_print("\n| %s | all of these, thresholds to %.2f |  |  |  |  |", peer->detector, PAPER_TOP);
    print_auc(ours, theirs, NULL, PAPER_TOP);
    g_print("\n");
    return TRUE;
}

/* @series as the paper fed it: a fault series ends with a record of value 0. */
static Series *
as_fed(const Series *series)
{
    Series *fed = g_memdup2(series, sizeof *series);
    guint32 end = 0;

    fed->keys = g_array_copy(series->keys);
    fed->times = g_array_copy(series->times);
    if (series->label >= 0) {
        double last = 0;

        if (series->times->len > 0)
            last = g_array_index(series->times, double, series->times->len - 1);
        g_array_append_val(fed->keys, end);
        g_array_append_val(fed->times, last);
    }
    return fed;
}

static void
fed_free(gpointer data)
{
    Series *self = data;

    g_array_unref(self->keys);
    g_array_unref(self->times);
    g_free(self);
}

/* Returns: (transfer full) (element-type Run), its scores in @kept; NULL: @error. */
static GArray *
run_all(EvaluationDetector *detector, const GPtrArray *series, GPtrArray *kept, GError **error)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(Run));

    for (guint i = 0; i < series->len; i++) {
        Run run = {series->pdata[i], NULL};
        double *scores = evaluation_detector_score(detector, run.series, error);

        if (!scores)
            return NULL;
        g_ptr_array_add(kept, scores);
        run.scores = scores;
        g_array_append_val(runs, run);
    }
    return g_steal_pointer(&runs);
}

/* At the paper's threshold: ours / as the paper fed them / published. */
static void
print_rates(const Peer *peer, const GArray *runs, const GArray *ended)
{
    Rates ours = scorer_rates(runs, NULL, peer->threshold);
    Rates fed = scorer_rates(ended, NULL, peer->threshold);
    g_autoptr(GArray) lead_s G_GNUC_UNUSED = ours.lead_s;
    g_autoptr(GArray) fed_lead_s G_GNUC_UNUSED = fed.lead_s;

    g_print(" %.2f / %.2f / %.2f | %.3f / %.3f / %.3f |", 100 * ours.early_detection,
            100 * fed.early_detection, 100 * peer->early_detection, 100 * ours.false_positive,
            100 * fed.false_positive, 100 * peer->false_positive);
}

static void
print_areas(double ours, double ended, double published)
{
    g_print(" %.3f / %.3f / ", ours, ended);
    if (isnan(published))
        g_print("- |");
    else
        g_print("%.3f |", published);
}

/* Of the processor, training included: the machine may have other work. */
static gint64
cpu_us(void)
{
    struct timespec time = {0};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/* AUC over all of @set beside what was published of the paper's whole set. */
static gboolean
compare_published(const Peer *peer,
                  EvaluationDetector *detector,
                  const SeriesSet *set,
                  double top,
                  GError **error)
{
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) fed = g_ptr_array_new_with_free_func(fed_free);
    g_autoptr(GArray) runs = NULL;
    g_autoptr(GArray) ended = NULL;
    gint64 begin_us = cpu_us(), us = 0, records = 0;

    runs = run_all(detector, set->series, kept, error);
    us = cpu_us() - begin_us;
    for (guint i = 0; i < set->series->len; i++) {
        g_ptr_array_add(fed, as_fed(set->series->pdata[i]));
        records += ((const Series *) set->series->pdata[i])->keys->len;
    }
    ended = runs ? run_all(detector, fed, kept, error) : NULL;
    for (guint c = CRITERION_RELAXED; ended && c <= CRITERION_STRICT; c++) {
        g_print("| %s | %s |", peer->detector, c == CRITERION_RELAXED ? "relaxed" : "strict");
        for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++)
            print_areas(scorer_auc(runs, scenarios[i], c, top),
                        scorer_auc(ended, scenarios[i], c, top),
                        peer->published[c - CRITERION_RELAXED][i]);
        if (c == CRITERION_RELAXED)
            g_print(" - | - |");
        else
            print_rates(peer, runs, ended);
        g_print(" %.1f |\n", (double) us / (double) MAX(records, 1));
    }
    return ended != NULL;
}

static EvaluationDetector *
find_detector(const GArray *detectors, const char *name)
{
    for (guint i = 0; i < detectors->len; i++)
        if (strcmp(g_array_index(detectors, EvaluationDetector, i).name, name) == 0)
            return &g_array_index(detectors, EvaluationDetector, i);
    return NULL;
}

static gboolean
compare_all(const char *folder, gboolean whole, const char *only, double top, GError **error)
{
    g_autoptr(SeriesSet) set = series_set_load(folder, 1, error);
    g_autoptr(GArray) detectors = set ? evaluation_detectors(set) : NULL;
    gboolean done = set != NULL;

    if (whole)
        g_print("Ours / with the record of value 0 that ended the paper's fault series /"
                " published: AUC, and rates at the paper's threshold\n\n"
                "| baseline | criterion | hdd | oom | buffer-io | cpu | early detection %% |"
                " false positive %% | us a record |\n"
                "| --- | --- | --- | --- | --- | --- | --- | --- | ---: |\n");
    else
        g_print("Rank correlation and largest difference after probation; AUC ours / recorded\n\n"
                "| baseline | series | records | rank correlation | of HTM with another seed |"
                " largest difference | relaxed | strict |\n"
                "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |\n");
    for (guint i = 0; done && i < G_N_ELEMENTS(peers); i++) {
        EvaluationDetector *detector = find_detector(detectors, peers[i].detector);

        if (!detector || (only && strcmp(only, peers[i].detector) != 0) ||
            (!whole && !peers[i].recorded))
            continue;
        done = whole ? compare_published(&peers[i], detector, set, top, error)
                     : compare_peer(&peers[i], detector, set, folder, error);
    }
    return done;
}

int
main(int argc, char **argv)
{
    g_autofree char *data = g_strdup(g_getenv("OMEN_EVALUATION_DATA"));
    g_autofree char *only = NULL;
    gboolean whole = FALSE;
    double top = 1;
    GOptionEntry entries[] = {
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &data, "Folder with series.csv and peer-scores",
         "DIR"},
        {"all", 0, 0, G_OPTION_ARG_NONE, &whole, "All series, beside the published AUC", NULL},
        {"top", 0, 0, G_OPTION_ARG_DOUBLE, &top, "Where --all's thresholds end (1)", "THRESHOLD"},
        {"only", 0, 0, G_OPTION_ARG_STRING, &only, "This baseline only", "NAME"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    setvbuf(stdout, NULL, _IOLBF, 0); /* it takes minutes: show each line */
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 1 || !data) {
        g_printerr("peers: %s\n", error ? error->message : "wants --data DIR");
        return 2;
    }
    if (!compare_all(data, whole, only, top, &error)) {
        g_printerr("peers: %s\n", error->message);
        return 1;
    }
    return 0;
}

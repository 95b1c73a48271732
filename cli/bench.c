/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen bench: how fast the engine is on a log, one thread, the best of several passes. */
#include "command.h"
#include "input.h"

#include <string.h>
#include <sys/resource.h>

#define PASSES    3
#define MAX_BYTES (512 * 1024 * 1024)
#define N_STAGES  4

typedef struct {
    GPtrArray *lines; /* GBytes */
    guint64 n_bytes;
    OmenJudge *judge;
} Load;

static gboolean
load_lines(Load *load, const char *path, GError **error)
{
    g_auto(Input) input = {0};
    g_autoptr(GError) local = NULL;
    const char *line;
    gsize length;

    if (!input_open(&input, path, error))
        return FALSE;
    while (load->n_bytes < MAX_BYTES && (line = input_read(&input, &length, &local))) {
        g_ptr_array_add(load->lines, g_bytes_new(line, length));
        load->n_bytes += length + 1;
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    else if (load->lines->len == 0)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s is empty", path);
    return load->lines->len > 0 && (!error || !*error);
}

static OmenRecord
record_of(const Load *load, guint index)
{
    OmenLineContext context = {0};
    OmenRecord record;
    gsize length;
    const char *line = g_bytes_get_data(g_ptr_array_index(load->lines, index), &length);

    omen_line_format_parse(OMEN_LINE_FORMAT_AUTO, &context, line ? line : "", length, &record);
    return record;
}

static double
time_parse(const Load *load, guint32 *keys)
{
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;
    g_autoptr(OmenMiner) miner = omen_miner_new(&config, NULL);
    gint64 began = g_get_monotonic_time();

    for (guint i = 0; i < load->lines->len; i++) {
        OmenRecord record = record_of(load, i);
        OmenParse parse;
        omen_miner_parse(miner, record.message, record.message_length, &parse);
        keys[i] = parse.cluster;
    }
    return (double) (g_get_monotonic_time() - began) / G_USEC_PER_SEC;
}

static double
time_score(const Load *load, const guint32 *keys)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    g_autoptr(OmenProfile) profile = omen_profile_new(&config);
    gint64 began = g_get_monotonic_time();

    for (guint i = 0; i < load->lines->len; i++) {
        OmenScore score;
        omen_profile_push(profile, keys[i], &score);
        if (score.anomalous)
            omen_profile_learn(profile);
    }
    return (double) (g_get_monotonic_time() - began) / G_USEC_PER_SEC;
}

static double
time_judge(const Load *load)
{
    gint64 began = g_get_monotonic_time();

    for (guint i = 0; i < load->lines->len; i++) {
        OmenRecord record = record_of(load, i);
        g_autofree char *message = g_strndup(record.message, record.message_length);
        OmenEvidence evidence = {OMEN_PROVENANCE_HOST, record.priority, "", message};
        OmenVerdict verdict;
        omen_judge_judge(load->judge, &evidence, &verdict);
    }
    return (double) (g_get_monotonic_time() - began) / G_USEC_PER_SEC;
}

static double
time_whole(const Load *load)
{
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(OmenDetector) detector =
        omen_detector_new(&config, OMEN_PROVENANCE_HOST, load->judge, NULL);
    gint64 began = g_get_monotonic_time();

    for (guint i = 0; i < load->lines->len; i++) {
        OmenRecord record = record_of(load, i);
        OmenDecision decision;
        omen_detector_push(detector, &record, &decision);
    }
    return (double) (g_get_monotonic_time() - began) / G_USEC_PER_SEC;
}

static void
measure(const Load *load, double best[N_STAGES])
{
    g_autofree guint32 *keys = g_new(guint32, load->lines->len);

    for (guint pass = 0; pass < PASSES; pass++) {
        const double seconds[N_STAGES] = {time_parse(load, keys), time_score(load, keys),
                                          time_judge(load), time_whole(load)};
        for (guint i = 0; i < N_STAGES; i++)
            best[i] = pass == 0 ? seconds[i] : MIN(best[i], seconds[i]);
    }
}

static void
report(const Load *load, const double best[N_STAGES], gboolean json)
{
    static const char *const names[N_STAGES] = {"parse", "score", "judge", "whole"};
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    if (json)
        printf("{");
    for (guint i = 0; i < N_STAGES; i++) {
        double seconds = MAX(best[i], 1e-6);
        double lines = (double) load->lines->len / seconds;
        double bytes = (double) load->n_bytes / seconds;
        if (json)
            printf("\"%s\": {\"lines_per_second\": %.1f, \"bytes_per_second\": %.1f}, ", names[i],
                   lines, bytes);
        else
            printf("%-6s %12.0f lines/s %10.1f MB/s\n", names[i], lines, bytes / 1e6);
    }
    if (json)
        printf("\"peak_memory_bytes\": %lld}\n", (long long) usage.ru_maxrss * 1024);
    else
        printf("peak memory %lld MiB, the log itself included\n",
               (long long) usage.ru_maxrss / 1024);
}

int
command_bench(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autofree char *knowledge = input_knowledge_dir();
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify) g_bytes_unref);
    g_autoptr(OmenJudge) judge = NULL;
    g_autoptr(GError) error = NULL;
    Load load = {.lines = lines};
    double best[N_STAGES];
    int status;

    if (!command_parse_options(entries, &argc, &argv, &status))
        return status;
    if (argc != 2)
        return command_fail("bench", EXIT_USAGE, "name one FILE, or - for standard input");
    judge = omen_judge_new("embedded", knowledge, &error);
    load.judge = judge;
    if (!judge || !load_lines(&load, argv[1], &error))
        return command_fail("bench", EXIT_FAILED, "%s", error->message);
    measure(&load, best);
    report(&load, best, json);
    return EXIT_GOOD;
}

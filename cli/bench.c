/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen bench: how fast the engine is on a log, one thread, the best of several passes. */
#include "baseline.h"
#include "bench-order.h"
#include "command.h"
#include "input.h"

#include <string.h>
#include <sys/resource.h>

#define PASSES    5
#define MAX_BYTES (512 * 1024 * 1024)

typedef struct {
    GByteArray *bytes;
    GByteArray *renumbered; /* NULL: the lines are as they were */
    BenchOrder order;
    GArray *lines;    /* BenchLine, as they are */
    GArray *messages; /* BenchLine: their messages alone */
    OmenLineFormat format;
    guint64 n_bytes;
    OmenJudge *judge;
    guint32 *keys; /* template numbers, by the latest parse */
} Load;

/* A stage of the way of a line: seconds for the whole load, once. */
typedef struct {
    const char *name;
    double (*time)(Load *load);
} Stage;

static void
load_clear(Load *load)
{
    g_clear_pointer(&load->bytes, g_byte_array_unref);
    g_clear_pointer(&load->renumbered, g_byte_array_unref);
    g_clear_pointer(&load->lines, g_array_unref);
    g_clear_pointer(&load->messages, g_array_unref);
    g_clear_object(&load->judge);
    g_free(load->keys);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Load, load_clear)

static OmenRecord
record_of(const Load *load, guint index)
{
    const BenchLine *line = &g_array_index(load->lines, BenchLine, index);
    OmenLineContext context = {0};
    OmenRecord record;

    omen_line_format_parse(load->format, &context, line->text, line->length, &record);
    return record;
}

/* Lines are read into one block, @repeat times over. */
static gboolean
load_lines(Load *load, const char *path, guint repeat, GError **error)
{
    g_auto(Input) input = {0};
    g_autoptr(GError) local = NULL;
    g_autoptr(GArray) lengths = g_array_new(FALSE, FALSE, sizeof(gsize));
    const char *line;
    gsize length;
    gsize at = 0;

    if (!input_open(&input, path, error))
        return FALSE;
    while (load->bytes->len < MAX_BYTES && (line = input_read(&input, &length, &local))) {
        g_byte_array_append(load->bytes, (const guint8 *) line, (guint) length);
        g_array_append_val(lengths, length);
    }
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    for (guint i = 0; i < repeat; i++) {
        at = 0;
        for (guint j = 0; j < lengths->len; j++) {
            BenchLine row = {(const char *) load->bytes->data + at,
                             g_array_index(lengths, gsize, j)};
            g_array_append_val(load->lines, row);
            at += row.length;
        }
    }
    load->renumbered = bench_order_apply(load->order, load->lines);
    for (guint i = 0; i < load->lines->len; i++)
        load->n_bytes += g_array_index(load->lines, BenchLine, i).length + 1;
    if (load->lines->len == 0)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s is empty", path);
    return load->lines->len > 0;
}

static void
cut_messages(Load *load)
{
    for (guint i = 0; i < load->lines->len; i++) {
        OmenRecord record = record_of(load, i);
        BenchLine message = {record.message, record.message_length};
        g_array_append_val(load->messages, message);
    }
    load->keys = g_new0(guint32, load->lines->len);
}

static double
since(gint64 began)
{
    return (double) (g_get_monotonic_time() - began) / G_USEC_PER_SEC;
}

static double
time_tokenizer(Load *load)
{
    gint64 began = g_get_monotonic_time();

    for (guint i = 0; i < load->messages->len; i++) {
        const BenchLine *message = &g_array_index(load->messages, BenchLine, i);
        baseline_tokenize(message->text, message->length);
    }
    return since(began);
}

static double
time_pcre_masks(Load *load)
{
    g_autoptr(BaselineMasks) masks = baseline_masks_new();
    gint64 began = g_get_monotonic_time();

    for (guint i = 0; i < load->messages->len; i++) {
        const BenchLine *message = &g_array_index(load->messages, BenchLine, i);
        baseline_masks_apply(masks, message->text, message->length);
    }
    return since(began);
}

static double
time_miner(Load *load, OmenMinerAlgorithm algorithm, gboolean masks)
{
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;
    g_autoptr(OmenMiner) miner = NULL;
    gint64 began;

    config.algorithm = algorithm;
    config.masks = masks;
    miner = omen_miner_new(&config, NULL);
    began = g_get_monotonic_time();
    for (guint i = 0; i < load->messages->len; i++) {
        const BenchLine *message = &g_array_index(load->messages, BenchLine, i);
        OmenParse parse;
        omen_miner_parse(miner, message->text, message->length, &parse);
        load->keys[i] = parse.cluster;
    }
    return since(began);
}

static double
time_drain3(Load *load)
{
    return time_miner(load, OMEN_MINER_DRAIN, TRUE);
}

static double
time_drain3_plain(Load *load)
{
    return time_miner(load, OMEN_MINER_DRAIN, FALSE);
}

static double
time_parse(Load *load)
{
    return time_miner(load, OMEN_MINER_SHAPE, TRUE);
}

/* On the template numbers of time_parse(), which comes before it. */
static double
time_score(Load *load)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    g_autoptr(OmenProfile) profile = omen_profile_new(&config);
    gint64 began = g_get_monotonic_time();

    for (guint i = 0; i < load->lines->len; i++) {
        OmenScore score;
        omen_profile_push(profile, load->keys[i], &score);
        if (score.anomalous)
            omen_profile_learn(profile);
    }
    return since(began);
}

static double
time_judge(Load *load)
{
    g_autofree char *message = NULL;
    gint64 began = g_get_monotonic_time();

    for (guint i = 0; i < load->messages->len; i++) {
        const BenchLine *line = &g_array_index(load->messages, BenchLine, i);
        OmenEvidence evidence = {OMEN_PROVENANCE_HOST, OMEN_PRIORITY_INFO, "", NULL};
        OmenVerdict verdict;
        g_free(message);
        message = g_strndup(line->text, line->length);
        evidence.message = message;
        omen_judge_judge(load->judge, &evidence, &verdict);
    }
    return since(began);
}

static double
time_whole(Load *load)
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
    return since(began);
}

static const Stage stages[] = {
    {"tokenizer", time_tokenizer},
    {"pcre_masks", time_pcre_masks},
    {"drain3_plain", time_drain3_plain},
    {"drain3", time_drain3},
    {"parse", time_parse},
    {"score", time_score},
    {"judge", time_judge},
    {"whole", time_whole},
};

/* The stages take turns, so that a slow moment of the machine meets them all. */
static void
measure(Load *load, double best[G_N_ELEMENTS(stages)])
{
    for (guint pass = 0; pass < PASSES; pass++) {
        for (guint i = 0; i < G_N_ELEMENTS(stages); i++) {
            double seconds = stages[i].time(load);
            best[i] = pass == 0 ? seconds : MIN(best[i], seconds);
        }
    }
}

static void
report(const Load *load, const double best[G_N_ELEMENTS(stages)], gboolean json)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    if (json)
        printf("{\"lines\": %u, ", load->lines->len);
    for (guint i = 0; i < G_N_ELEMENTS(stages); i++) {
        double seconds = MAX(best[i], 1e-6);
        double lines = (double) load->lines->len / seconds;
        double bytes = (double) load->n_bytes / seconds;
        if (json)
            printf("\"%s\": {\"lines_per_second\": %.1f, \"bytes_per_second\": %.1f}, ",
                   stages[i].name, lines, bytes);
        else
            printf("%-12s %12.0f lines/s %9.1f MB/s %9.1f ns a line %6.2f x tokenizer\n",
                   stages[i].name, lines, bytes / 1e6, 1e9 / lines, best[0] / seconds);
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
    int repeat = 1;
    g_autofree char *format = NULL;
    g_autofree char *order = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        {"format", 0, 0, G_OPTION_ARG_STRING, &format,
         "plain, syslog, iso, rfc5424, kmsg, journal, auto (default)", "FORMAT"},
        {"order", 0, 0, G_OPTION_ARG_STRING, &order,
         "file (default), interleaved, shuffled, numbers (all others, and of other lengths)",
         "ORDER"},
        {"repeat", 0, 0, G_OPTION_ARG_INT, &repeat, "Take the file N times over", "N"},
        G_OPTION_ENTRY_NULL,
    };
    g_autofree char *knowledge = input_knowledge_dir();
    g_autoptr(GError) error = NULL;
    g_auto(Load) load = {.format = OMEN_LINE_FORMAT_AUTO};
    double best[G_N_ELEMENTS(stages)];
    int status;

    if (!command_parse_options(entries, &argc, &argv, &status))
        return status;
    if (argc != 2 || repeat < 1)
        return command_fail("bench", EXIT_USAGE, "name one FILE, or - for standard input");
    if (format && !omen_line_format_from_string(format, &load.format))
        return command_fail("bench", EXIT_USAGE,
                            "\"%s\" is not a known format; see virt-omen bench --help", format);
    if (order && !bench_order_from_string(order, &load.order))
        return command_fail("bench", EXIT_USAGE,
                            "\"%s\" is not a known order; see virt-omen bench --help", order);
    load.bytes = g_byte_array_new();
    load.lines = g_array_new(FALSE, FALSE, sizeof(BenchLine));
    load.messages = g_array_new(FALSE, FALSE, sizeof(BenchLine));
    load.judge = omen_judge_new("embedded", knowledge, &error);
    if (!load.judge || !load_lines(&load, argv[1], (guint) repeat, &error))
        return command_fail("bench", EXIT_FAILED, "%s", error->message);
    cut_messages(&load);
    measure(&load, best);
    report(&load, best, json);
    return EXIT_GOOD;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the engine costs where a log file can't show it: large stores, many streams, a start with
 * much to restore, a hostile stream. Prints a table; nothing here is a test.
 */
#include <malloc.h>
#include <virt-omen/detector.h>

#define N_STREAMS 1000

static double
since_ns(gint64 began, guint64 n)
{
    return (double) (g_get_monotonic_time() - began) * 1000.0 / (double) n;
}

/* A profile whose store is n subsequences of a random stream, and that stream in @normal. */
static OmenProfile *
fill_profile(OmenMetric metric, guint n, guint n_keys, GRand *random, GArray *normal)
{
    OmenProfileConfig config = OMEN_PROFILE_CONFIG_INIT;
    OmenProfile *profile;
    OmenScore score;

    config.metric = metric;
    config.training = 0;
    config.max_subsequences = n;
    profile = omen_profile_new(&config);
    while (omen_profile_get_n_subsequences(profile) < n - n / 15) {
        guint32 key = (guint32) g_rand_int_range(random, 1, (gint32) n_keys);
        omen_profile_push(profile, key, &score);
        omen_profile_learn(profile);
        g_array_append_val(normal, key);
    }
    return profile;
}

/* Anomalous: known keys in an order that is not; normal: what the store was filled with, the whole
 * of it again and again. */
static void
bench_score(OmenMetric metric, const char *name, guint n)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    g_autoptr(GArray) normal = g_array_new(FALSE, FALSE, sizeof(guint32));
    guint n_keys = MAX(20, n / 30);
    g_autoptr(OmenProfile) profile = fill_profile(metric, n, n_keys, random, normal);
    enum {
        N = 400000
    };
    g_autofree guint32 *keys = g_new(guint32, N);
    double anomalous;
    gint64 began;
    OmenScore score;

    for (guint i = 0; i < N; i++)
        keys[i] = (guint32) g_rand_int_range(random, 1, (gint32) n_keys);
    began = g_get_monotonic_time();
    for (guint i = 0; i < N; i++)
        omen_profile_push(profile, keys[i], &score);
    anomalous = since_ns(began, N);
    began = g_get_monotonic_time();
    for (guint i = 0; i < N; i++)
        omen_profile_push(profile, g_array_index(normal, guint32, i % normal->len), &score);
    printf("score %-10s store of %6u: normal %5.1f ns, anomalous %5.1f ns a record\n", name, n,
           since_ns(began, N), anomalous);
}

/* What QEMU and libvirt say of a domain in normal life. */
static void
live(OmenDetector *detector, guint n)
{
    static const char *const lines[] = {
        "starting up libvirt version: 9.0.0, qemu version: 7.2.9, process",
        "char device redirected to /dev/pts/7 (label charserial0) for",
        "lifecycle: started (booted)",
        "agent lifecycle: connected (channel event)",
        "warning: host doesn't support requested feature: CPUID.80000001H",
        "block job completed for vda after",
        "rtc change: offset",
        "migration iteration",
        "device added: net0 of",
        "balloon change to KiB",
    };

    for (guint i = 0; i < n; i++) {
        char line[256];
        OmenRecord record = {.identifier = "qemu", .message = line};
        OmenDecision decision;
        record.message_length =
            (gsize) g_snprintf(line, sizeof line, "%s %u", lines[i % G_N_ELEMENTS(lines)], i);
        omen_detector_push(detector, &record, &decision);
    }
}

static void
bench_streams(OmenJudge *judge)
{
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(GPtrArray) streams =
        g_ptr_array_new_with_free_func((GDestroyNotify) omen_detector_free);
    gsize before = mallinfo2().uordblks + mallinfo2().hblkhd;

    for (guint i = 0; i < N_STREAMS; i++) {
        OmenDetector *detector = omen_detector_new(&config, OMEN_PROVENANCE_DOMAIN, judge, NULL);
        live(detector, 500);
        g_ptr_array_add(streams, detector);
    }
    printf("memory of %u domain streams in normal life: %.1f MiB\n", N_STREAMS,
           (double) (mallinfo2().uordblks + mallinfo2().hblkhd - before) / (1024 * 1024));
}

static char *
write_letters(char *at, guint number)
{
    for (; number > 0; number /= 26)
        *at++ = (char) ('a' + number % 26);
    return at;
}

static void
bench_start(OmenJudge *judge)
{
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(OmenDetector) host = omen_detector_new(&config, OMEN_PROVENANCE_HOST, judge, NULL);
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    g_autoptr(GArray) stream = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(OmenProfile) profile = fill_profile(OMEN_METRIC_TRANSITION, 1072, 40, random, stream);
    g_autoptr(GVariant) host_state = NULL;
    g_autoptr(GVariant) store_state = g_variant_ref_sink(omen_profile_save(profile));
    gint64 began;

    for (guint i = 1; i <= 10000; i++) {
        char line[64] = "service ";
        OmenRecord record = {.identifier = "", .message = line};
        OmenDecision decision;
        record.message_length = (gsize) (write_letters(line + 8, i) - line);
        omen_detector_push(host, &record, &decision);
    }
    host_state = g_variant_ref_sink(omen_detector_save(host));
    g_variant_get_data(host_state);
    g_variant_get_data(store_state);
    began = g_get_monotonic_time();
    omen_detector_free(
        omen_detector_restore(&config, OMEN_PROVENANCE_HOST, judge, host_state, NULL));
    for (guint i = 0; i < N_STREAMS; i++)
        omen_profile_free(omen_profile_restore(&config.profile, store_state, NULL));
    printf("start with 10000 templates and %u stores of %u subsequences: %.3f s\n", N_STREAMS,
           omen_profile_get_n_subsequences(profile),
           (double) (g_get_monotonic_time() - began) / G_USEC_PER_SEC);
}

typedef struct {
    GString *text;
    GArray *ends; /* guint32 */
} Lines;

static double
time_lines(OmenMiner *miner, const Lines *lines)
{
    gint64 began = g_get_monotonic_time();
    gsize start = 0;
    OmenParse parse;

    for (guint i = 0; i < lines->ends->len; i++) {
        gsize end = g_array_index(lines->ends, guint32, i);
        omen_miner_parse(miner, lines->text->str + start, end - start, &parse);
        start = end;
    }
    return since_ns(began, lines->ends->len);
}

typedef enum {
    REPEATED, /* of a form that comes again and again */
    FRESH,    /* of one kind, each of another form: parameters of letters */
    HOSTILE,  /* each of words that were never seen: a kind of its own */
} LineKind;

/* A million lines. */
static Lines
write_lines(LineKind kind, guint seed)
{
    Lines lines = {g_string_new(NULL), g_array_new(FALSE, FALSE, sizeof(guint32))};

    for (guint i = 0; i < 1000000; i++) {
        char word[16] = "";
        guint32 end;

        if (kind == HOSTILE)
            write_letters(word, seed + i);
        else if (kind == FRESH)
            g_snprintf(word, sizeof word, " 0x%08x ", (seed + i) * 2654435761u);
        g_string_append_printf(lines.text, "session %u opened for user%s%u by cron after %u tries",
                               i * 7, *word ? word : " u", i % 977, i % 13);
        end = (guint32) lines.text->len;
        g_array_append_val(lines.ends, end);
    }
    return lines;
}

static void
clear_lines(Lines *lines)
{
    g_string_free(lines->text, TRUE);
    g_array_unref(lines->ends);
}

/* A million lines of words that were never seen, between ordinary ones. */
static void
bench_flood(void)
{
    OmenMinerConfig config = OMEN_MINER_CONFIG_INIT;
    g_autoptr(OmenMiner) miner = omen_miner_new(&config, NULL);
    Lines repeated = write_lines(REPEATED, 0);
    Lines fresh = write_lines(FRESH, 0);
    Lines hostile = write_lines(HOSTILE, 1000000);
    double before = time_lines(miner, &repeated);
    double each = time_lines(miner, &fresh);
    double flood = time_lines(miner, &hostile);
    double after = time_lines(miner, &repeated);

    printf(
        "flood of %u distinct lines: %.0f ns a line (ordinary ones: %.0f before, %.0f after, with "
        "fresh parameters %.0f), %u templates in %.1f MiB\n",
        hostile.ends->len, flood, before, after, each, omen_miner_get_n_clusters(miner),
        (double) omen_miner_get_n_bytes(miner) / (1024 * 1024));
    clear_lines(&repeated);
    clear_lines(&fresh);
    clear_lines(&hostile);
}

int
main(void)
{
    static const guint sizes[] = {100, 1000, 10000, 100000};
    g_autoptr(OmenJudge) judge = omen_judge_new("never", NULL, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        bench_score(OMEN_METRIC_TRANSITION, "transition", sizes[i]);
        bench_score(OMEN_METRIC_PAPER, "paper", sizes[i]);
    }
    bench_streams(judge);
    bench_start(judge);
    bench_flood();
    return 0;
}

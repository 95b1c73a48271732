/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen replay: what would have been seen in a log, by the same engine that the daemon runs. */
#include "command.h"
#include "csv.h"
#include "input.h"
#include "journal-input.h"
#include "replay-memory.h"
#include "replay-page.h"
#include "replay-story.h"
#include "templates-file.h"
#include "verdicts-file.h"

#include <errno.h>
#include <string.h>

typedef struct {
    char *config;
    char *format;
    char *templates;
    char *judge;
    char *state;
    char *scores;
    char *html;
    char **failures;
    int window_h;
    int lifetime_s;
    gboolean json;
} Options;

static void
options_clear(Options *self)
{
    g_free(self->config);
    g_free(self->format);
    g_free(self->templates);
    g_free(self->judge);
    g_free(self->state);
    g_free(self->scores);
    g_free(self->html);
    g_strfreev(self->failures);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* All that runs share. */
typedef struct {
    OmenDetectorConfig config;
    GPtrArray *strings;
    OmenJudge *judge;
    ReplayMemory *memory; /* NULL: each run begins from nothing */
    gboolean is_keys;
    OmenLineFormat format;
    GHashTable *templates; /* number -> text, for keys */
    FILE *scores;          /* NULL: none wanted */
    Story *story;
    Shadow *shadow;
    ReplayPage *page; /* NULL: none wanted */
} Replay;

static void
replay_clear(Replay *self)
{
    g_clear_pointer(&self->strings, g_ptr_array_unref);
    g_clear_object(&self->judge);
    g_clear_pointer(&self->memory, replay_memory_free);
    g_clear_pointer(&self->templates, g_hash_table_unref);
    if (self->scores && self->scores != stdout)
        fclose(self->scores);
    g_clear_pointer(&self->story, story_free);
    g_clear_pointer(&self->shadow, shadow_free);
    g_clear_pointer(&self->page, replay_page_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Replay, replay_clear)

static void
write_score(Replay *replay, const char *time, gsize time_length, const OmenDecision *decision)
{
    g_autofree char *raw = NULL;
    g_autofree char *text = NULL;
    g_autofree char *field = NULL;

    if (!replay->scores)
        return;
    raw = g_strndup(time, time_length);
    text = csv_unquote(raw);
    field = csv_quote(text);
    fprintf(replay->scores, "%" G_GUINT64_FORMAT ",%s,%u,%.6g,%d\n", decision->index, field,
            decision->template_id, decision->score, decision->omen ? 1 : 0);
}

/* What a record came to, for all who want to know. */
static void
take_decision(Replay *replay,
              OmenDetector *detector,
              gint64 time_us,
              const OmenDecision *decision,
              const char *line,
              gsize length)
{
    story_tell(replay->story, detector, decision, line, length);
    shadow_add(replay->shadow, time_us, decision, line, length);
    if (replay->page)
        replay_page_add(replay->page, time_us, decision);
}

/* "TIMESTAMP,KEY": FALSE with @error naming the line. The first line may be a header. */
static gboolean
parse_row(const Input *input,
          const char *line,
          gsize length,
          guint32 *key,
          gsize *time_length,
          GError **error)
{
    const char *comma = memrchr(line, ',', length);
    g_autofree char *value =
        comma ? g_strndup(comma + 1, length - (gsize) (comma + 1 - line)) : NULL;
    guint64 number;

    if (!value ||
        !g_ascii_string_to_unsigned(g_strstrip(value), 10, 0, G_MAXUINT32, &number, NULL)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s:%" G_GUINT64_FORMAT ": expected a row \"timestamp,template number\"",
                    input->name, input->number);
        return FALSE;
    }
    *key = (guint32) number;
    *time_length = (gsize) (comma - line);
    return TRUE;
}

static gboolean
push_key(Replay *replay,
         OmenDetector *detector,
         Input *input,
         const char *line,
         gsize length,
         GError **error)
{
    OmenDecision decision;
    const char *text;
    guint32 key;
    gsize time_length;

    if (length == 0 || (input->number == 1 && g_str_has_prefix(line, "timestamp")))
        return TRUE;
    if (!parse_row(input, line, length, &key, &time_length, error))
        return FALSE;
    text = replay->templates ? g_hash_table_lookup(replay->templates, GUINT_TO_POINTER(key)) : NULL;
    omen_detector_push_key(detector, key, text ? text : "", &decision);
    write_score(replay, line, time_length, &decision);
    if (!text)
        text = "(no text)";
    take_decision(replay, detector, 0, &decision, text, strlen(text));
    return TRUE;
}

static void
push_record(Replay *replay,
            OmenDetector *detector,
            const OmenRecord *record,
            const char *line,
            gsize length)
{
    OmenDecision decision;
    char stamp[32] = "";

    omen_detector_push(detector, record, &decision);
    if (record->time_us > 0)
        g_snprintf(stamp, sizeof stamp, "%.6f", (double) record->time_us / G_USEC_PER_SEC);
    write_score(replay, stamp, strlen(stamp), &decision);
    take_decision(replay, detector, record->time_us, &decision, line, length);
}

static gboolean
push_lines(Replay *replay, OmenDetector *detector, Input *input, GError **error)
{
    g_autofree char *scratch = g_malloc(65536);
    OmenLineContext context = {
        .now_us = g_get_real_time(), .scratch = scratch, .scratch_size = 65536};
    g_autoptr(GError) local = NULL;
    const char *line;
    gsize length;

    while ((line = input_read(input, &length, &local))) {
        if (!replay->is_keys) {
            OmenRecord record;
            omen_line_format_parse(replay->format, &context, line, length, &record);
            push_record(replay, detector, &record, line, length);
        } else if (!push_key(replay, detector, input, line, length, error)) {
            return FALSE;
        }
        story_show_progress(replay->story, input);
    }
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return input_check_text(input, error);
}

static gboolean
push_journal(Replay *replay, OmenDetector *detector, JournalInput *input, GError **error)
{
    g_autoptr(GError) local = NULL;
    OmenRecord record;
    const char *line;

    while (journal_input_read(input, &record, &line, &local))
        push_record(replay, detector, &record, line, strlen(line));
    if (!local)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static void
begin_run(Replay *replay, const char *name, FILE *file)
{
    story_begin(replay->story, name, file);
    shadow_begin(replay->shadow);
    if (replay->page)
        replay_page_begin(replay->page, name);
}

static void
end_run(Replay *replay, OmenDetector *detector)
{
    story_end(replay->story, detector, replay->shadow);
    if (replay->page)
        replay_page_end(replay->page, detector, replay->shadow);
}

static gboolean
run_directory(Replay *replay, OmenDetector *detector, const char *path, GError **error)
{
    g_autoptr(JournalInput) input = NULL;

    if (!journal_input_is_there(path)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                    "%s is a directory without journal files; name one such as "
                    "/var/log/journal/MACHINE-ID, or log files themselves",
                    path);
        return FALSE;
    }
    input = journal_input_open(path, error);
    if (!input)
        return FALSE;
    begin_run(replay, path, NULL);
    return push_journal(replay, detector, input, error);
}

static gboolean
run_file(Replay *replay, OmenDetector *detector, const char *path, GError **error)
{
    g_auto(Input) input = {0};

    if (!input_open(&input, path, error))
        return FALSE;
    begin_run(replay, input.name, input.file);
    return push_lines(replay, detector, &input, error);
}

static gboolean
replay_path(Replay *replay, const char *path, GError **error)
{
    g_autoptr(OmenDetector) detector =
        replay_memory_take_up(replay->memory, &replay->config, replay->judge, error);
    gboolean good;

    if (!detector)
        return FALSE;
    good = g_file_test(path, G_FILE_TEST_IS_DIR) ? run_directory(replay, detector, path, error)
                                                 : run_file(replay, detector, path, error);
    if (!good)
        return FALSE;
    end_run(replay, detector);
    return replay_memory_keep(replay->memory, detector, error);
}

static gboolean
open_scores(Replay *replay, const char *path, GError **error)
{
    if (!path)
        return TRUE;
    replay->scores = g_str_equal(path, "-") ? stdout : fopen(path, "we");
    if (!replay->scores) {
        g_set_error(error, G_FILE_ERROR, (int) g_file_error_from_errno(errno),
                    "cannot write %s: %s", path, g_strerror(errno));
        return FALSE;
    }
    fputs("index,timestamp,key,score,omen\n", replay->scores);
    return TRUE;
}

static gboolean
prepare(Replay *replay, const Options *options, GError **error)
{
    replay->config = OMEN_DETECTOR_CONFIG_INIT;
    replay->strings = g_ptr_array_new_with_free_func(g_free);
    replay->story = story_new(options->json, g_strcmp0(options->scores, "-") == 0 ||
                                                 g_strcmp0(options->html, "-") == 0);
    g_autoptr(GArray) failures = shadow_parse_failures(options->failures, error);
    if (!failures)
        return FALSE;
    replay->shadow =
        shadow_new(failures, (guint) options->window_h * 3600, (guint) options->lifetime_s);
    if (!input_load_config(options->config, &replay->config, replay->strings, error))
        return FALSE;
    if (options->templates) {
        replay->templates = templates_file_load(options->templates, error);
        if (!replay->templates)
            return FALSE;
    }
    replay->judge = verdicts_file_judge(options->judge, replay->templates, error);
    if (!replay->judge)
        return FALSE;
    if (options->state) {
        replay->memory = replay_memory_open(options->state, error);
        if (!replay->memory)
            return FALSE;
    }
    if (options->html)
        replay->page = replay_page_new(replay->config.threshold);
    return open_scores(replay, options->scores, error);
}

int
command_replay(int argc, char **argv)
{
    g_auto(Options) options = {.window_h = 24, .lifetime_s = 3600};
    g_auto(Replay) replay = {.format = OMEN_LINE_FORMAT_AUTO};
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &options.format,
         "plain, syslog, iso, rfc5424, kmsg, journal, auto (default), or keys", "FORMAT"},
        {"templates", 0, 0, G_OPTION_ARG_FILENAME, &options.templates,
         "For keys: texts of the template numbers (log_key,template)", "CSV"},
        {"judge", 0, 0, G_OPTION_ARG_STRING, &options.judge,
         "embedded (default), always, never, recorded:CSV[:COLUMN]", "NAME"},
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &options.config, "Settings of the engine", "FILE"},
        {"state", 0, 0, G_OPTION_ARG_FILENAME, &options.state,
         "Continue from this database, and save in it what is learnt", "DB"},
        {"scores", 0, 0, G_OPTION_ARG_FILENAME, &options.scores,
         "Write index,timestamp,key,score,omen of each record", "CSV"},
        {"html", 0, 0, G_OPTION_ARG_FILENAME, &options.html,
         "Write a page with a time line of scores, omens and their lines", "FILE"},
        {"failure", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.failures,
         "When the host did fail (ISO 8601), to tell right evacuations from false ones", "TIME"},
        {"window", 0, 0, G_OPTION_ARG_INT, &options.window_h,
         "For how long before a failure an evacuation is right (24)", "HOURS"},
        {"omen-lifetime", 0, 0, G_OPTION_ARG_INT, &options.lifetime_s,
         "For how long an omen is open after its last sign (3600)", "SECONDS"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Tell the story as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;
    int status;

    if (!command_parse_options(entries, &argc, &argv, &status))
        return status;
    if (argc < 2)
        return command_fail("replay", EXIT_USAGE,
                            "name at least one FILE, or - for standard input");
    replay.is_keys = g_strcmp0(options.format, "keys") == 0;
    if (options.format && !replay.is_keys &&
        !omen_line_format_from_string(options.format, &replay.format))
        return command_fail("replay", EXIT_USAGE,
                            "\"%s\" is not a known format; see virt-omen replay --help",
                            options.format);
    if (options.window_h < 1 || options.window_h > 24 * 366 || options.lifetime_s < 10 ||
        options.lifetime_s > 30 * 24 * 3600)
        return command_fail("replay", EXIT_USAGE,
                            "--window is 1 to 8784 hours, --omen-lifetime 10 to 2592000 seconds");
    if (!prepare(&replay, &options, &error))
        return command_fail("replay", EXIT_FAILED, "%s", error->message);
    for (int i = 1; i < argc; i++) {
        if (!replay_path(&replay, argv[i], &error))
            return command_fail("replay", EXIT_FAILED, "%s", error->message);
    }
    story_finish(replay.story);
    if (replay.page && !replay_page_write(replay.page, options.html, &error))
        return command_fail("replay", EXIT_FAILED, "%s", error->message);
    if (replay.scores && (fflush(replay.scores) != 0 || ferror(replay.scores)))
        return command_fail("replay", EXIT_FAILED, "cannot write the scores: %s",
                            g_strerror(errno));
    return EXIT_GOOD;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen replay: what would have been seen in a log, by the same engine that the daemon runs. */
#include "command.h"
#include "input.h"
#include "replay-story.h"
#include "templates-file.h"

#include <errno.h>
#include <string.h>

typedef struct {
    char *config;
    char *format;
    char *templates;
    char *judge;
    char *scores;
    gboolean json;
} Options;

static void
options_clear(Options *self)
{
    g_free(self->config);
    g_free(self->format);
    g_free(self->templates);
    g_free(self->judge);
    g_free(self->scores);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* All that runs share. */
typedef struct {
    OmenDetectorConfig config;
    GPtrArray *strings;
    OmenJudge *judge;
    gboolean is_keys;
    OmenLineFormat format;
    GHashTable *templates; /* number -> text, for keys */
    FILE *scores;          /* NULL: none wanted */
    Story *story;
} Replay;

static void
replay_clear(Replay *self)
{
    g_clear_pointer(&self->strings, g_ptr_array_unref);
    g_clear_object(&self->judge);
    g_clear_pointer(&self->templates, g_hash_table_unref);
    if (self->scores && self->scores != stdout)
        fclose(self->scores);
    g_clear_pointer(&self->story, story_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Replay, replay_clear)

static void
write_score(Replay *replay, const char *time, gsize time_length, const OmenDecision *decision)
{
    if (!replay->scores)
        return;
    fprintf(replay->scores, "%" G_GUINT64_FORMAT ",%.*s,%u,%.6g,%d\n", decision->index,
            (int) time_length, time, decision->template_id, decision->score,
            decision->omen ? 1 : 0);
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
                    "%s:%" G_GUINT64_FORMAT ": this is no row \"timestamp,template number\"",
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
    story_tell(replay->story, detector, &decision, text ? text : "(no text)",
               text ? strlen(text) : strlen("(no text)"));
    return TRUE;
}

static void
push_line(Replay *replay,
          OmenDetector *detector,
          const OmenLineContext *context,
          const char *line,
          gsize length)
{
    OmenRecord record;
    OmenDecision decision;
    char stamp[32] = "";

    omen_line_format_parse(replay->format, context, line, length, &record);
    omen_detector_push(detector, &record, &decision);
    if (record.time_us > 0)
        g_snprintf(stamp, sizeof stamp, "%.6f", (double) record.time_us / G_USEC_PER_SEC);
    write_score(replay, stamp, strlen(stamp), &decision);
    story_tell(replay->story, detector, &decision, line, length);
}

static gboolean
replay_file(Replay *replay, const char *path, GError **error)
{
    g_autoptr(OmenDetector) detector =
        omen_detector_new(&replay->config, OMEN_PROVENANCE_HOST, replay->judge, error);
    g_autofree char *scratch = g_malloc(65536);
    OmenLineContext context = {
        .now_us = g_get_real_time(), .scratch = scratch, .scratch_size = 65536};
    g_auto(Input) input = {0};
    g_autoptr(GError) local = NULL;
    const char *line;
    gsize length;

    if (!detector || !input_open(&input, path, error))
        return FALSE;
    story_begin(replay->story, &input);
    while ((line = input_read(&input, &length, &local))) {
        if (!replay->is_keys)
            push_line(replay, detector, &context, line, length);
        else if (!push_key(replay, detector, &input, line, length, error))
            return FALSE;
        story_show_progress(replay->story, &input);
    }
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    story_end(replay->story, detector);
    return TRUE;
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
    g_autofree char *knowledge = input_knowledge_dir();

    replay->config = OMEN_DETECTOR_CONFIG_INIT;
    replay->strings = g_ptr_array_new_with_free_func(g_free);
    replay->story = story_new(options->json, g_strcmp0(options->scores, "-") == 0);
    if (!input_load_config(options->config, &replay->config, replay->strings, error))
        return FALSE;
    replay->judge = omen_judge_new(options->judge ? options->judge : "embedded", knowledge, error);
    if (!replay->judge)
        return FALSE;
    if (options->templates) {
        replay->templates = templates_file_load(options->templates, error);
        if (!replay->templates)
            return FALSE;
    }
    return open_scores(replay, options->scores, error);
}

int
command_replay(int argc, char **argv)
{
    g_auto(Options) options = {0};
    g_auto(Replay) replay = {.format = OMEN_LINE_FORMAT_AUTO};
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &options.format,
         "plain, syslog, iso, rfc5424, kmsg, journal, auto (default), or keys", "FORMAT"},
        {"templates", 0, 0, G_OPTION_ARG_FILENAME, &options.templates,
         "For keys: texts of the template numbers (log_key,template)", "CSV"},
        {"judge", 0, 0, G_OPTION_ARG_STRING, &options.judge, "embedded (default), always, never",
         "NAME"},
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &options.config, "Settings of the engine", "FILE"},
        {"scores", 0, 0, G_OPTION_ARG_FILENAME, &options.scores,
         "Write index,timestamp,key,score,omen of each record", "CSV"},
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
                            "\"%s\" is no format; see virt-omen replay --help", options.format);
    if (!prepare(&replay, &options, &error))
        return command_fail("replay", EXIT_FAILED, "%s", error->message);
    for (int i = 1; i < argc; i++) {
        if (!replay_file(&replay, argv[i], &error))
            return command_fail("replay", EXIT_FAILED, "%s", error->message);
    }
    story_finish(replay.story);
    if (replay.scores && (fflush(replay.scores) != 0 || ferror(replay.scores)))
        return command_fail("replay", EXIT_FAILED, "cannot write the scores: %s",
                            g_strerror(errno));
    return EXIT_GOOD;
}

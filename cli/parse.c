/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen parse: a row a line, "CLUSTER<TAB>TEMPLATE", with the templates as they are in the end.
 */
#include "command.h"
#include "input.h"

#include <unistd.h>
#include <virt-omen/text.h>

#define SCRATCH_SIZE 65536

typedef struct {
    char *config;
    char *format;
    gboolean no_masks;
    gboolean drain3;
} Options;

static void
options_clear(Options *self)
{
    g_free(self->config);
    g_free(self->format);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* Template numbers of all lines, and the templates that were dropped on the way. */
static gboolean
parse_lines(Input *input, OmenLineFormat format, OmenMiner *miner, GArray *clusters, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *scratch = g_malloc(SCRATCH_SIZE);
    OmenLineContext context = {.scratch = scratch, .scratch_size = SCRATCH_SIZE};
    const char *line;
    gsize length;

    while ((line = input_read(input, &length, &local))) {
        OmenRecord record;
        OmenParse parse;
        omen_line_format_parse(format, &context, line, length, &record);
        omen_miner_parse(miner, record.message, record.message_length, &parse);
        g_array_append_val(clusters, parse.cluster);
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return local == NULL && (!error || !*error);
}

/* A template is data of the log: for a program only its line structure is made safe. */
static void
print_row(guint32 cluster, const char *text)
{
    g_autofree char *shown =
        isatty(STDOUT_FILENO) ? omen_text_sanitise(text, -1, SCRATCH_SIZE) : NULL;

    text = shown ? shown : text;
    printf("%u\t", cluster);
    for (; text && *text; text++)
        putchar(*text == '\n' || *text == '\t' ? ' ' : *text);
    putchar('\n');
}

int
command_parse(int argc, char **argv)
{
    g_auto(Options) options = {0};
    const GOptionEntry entries[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &options.config, "Settings of the engine", "FILE"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &options.format,
         "plain, syslog, iso, rfc5424, kmsg, journal, auto (default)", "FORMAT"},
        {"no-masks", 0, 0, G_OPTION_ARG_NONE, &options.no_masks,
         "Parse without masking or delimiters: Drain3's tree alone", NULL},
        {"drain3", 0, 0, G_OPTION_ARG_NONE, &options.drain3,
         "Parse exactly as Drain3 does, with the reference's masks", NULL},
        G_OPTION_ENTRY_NULL,
    };
    OmenDetectorConfig config = OMEN_DETECTOR_CONFIG_INIT;
    g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) clusters = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(OmenMiner) miner = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(Input) input = {0};
    OmenLineFormat format = OMEN_LINE_FORMAT_AUTO;
    int status;

    if (!command_parse_options(entries, &argc, &argv, &status))
        return status;
    if (argc != 2)
        return command_fail("parse", EXIT_USAGE, "name one FILE, or - for standard input");
    if (options.format && !omen_line_format_from_string(options.format, &format))
        return command_fail("parse", EXIT_USAGE,
                            "\"%s\" is not a known format; see virt-omen parse --help",
                            options.format);
    if (!input_load_config(options.config, &config, strings, &error))
        return command_fail("parse", EXIT_FAILED, "%s", error->message);
    if (options.drain3 || options.no_masks)
        config.miner.algorithm = OMEN_MINER_DRAIN;
    config.miner.masks = config.miner.masks && !options.no_masks;
    miner = omen_miner_new(&config.miner, &error);
    if (!miner || !input_open(&input, argv[1], &error) ||
        !parse_lines(&input, format, miner, clusters, &error))
        return command_fail("parse", EXIT_FAILED, "%s", error->message);

    g_autoptr(GHashTable) texts = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    for (guint i = 0; i < clusters->len; i++) {
        guint32 cluster = g_array_index(clusters, guint32, i);
        char *text = g_hash_table_lookup(texts, GUINT_TO_POINTER(cluster));
        if (!text) {
            text = omen_miner_dup_template(miner, cluster);
            if (!text)
                text = g_strdup("(evicted: max_clusters)");
            g_hash_table_insert(texts, GUINT_TO_POINTER(cluster), text);
        }
        print_row(cluster, text);
    }
    return EXIT_GOOD;
}

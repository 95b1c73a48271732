/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen judge: a row a line, "PROBABILITY<TAB>CLASS<TAB>SCOPE<TAB>LINE". */
#include "command.h"
#include "input.h"
#include "model.h"

#include <virt-omen/text.h>

#define MAX_LINE 65536

typedef struct {
    OmenJudge *judge;
    Model *model; /* (nullable): asked where the judge is not sure */
    gboolean is_unanswered;
} Bench;

static void
ask_model(Bench *bench, const OmenEvidence *evidence, OmenVerdict *verdict)
{
    g_autoptr(GError) error = NULL;

    if (model_ask(bench->model, evidence, verdict, &error))
        return;
    bench->is_unanswered = TRUE;
    g_printerr("virt-omen judge: language model: %s; the judge's verdict stands\n", error->message);
}

static void
judge_line(Bench *bench, const char *line, gsize length)
{
    OmenLineContext context = {0};
    OmenRecord record;
    OmenVerdict verdict;

    omen_line_format_parse(OMEN_LINE_FORMAT_AUTO, &context, line, length, &record);
    g_autofree char *identifier =
        omen_text_sanitise(record.identifier, (gssize) record.identifier_length, 64);
    g_autofree char *message =
        omen_text_sanitise(record.message, (gssize) record.message_length, MAX_LINE);
    g_autofree char *shown = omen_text_sanitise(line, (gssize) length, MAX_LINE);
    OmenEvidence evidence = {
        .provenance = OMEN_PROVENANCE_HOST,
        .priority = record.priority,
        .identifier = identifier,
        .message = message,
    };
    omen_judge_judge(bench->judge, &evidence, &verdict);
    if (bench->model && !verdict.sure)
        ask_model(bench, &evidence, &verdict);
    printf("%.4f\t%s\t%s\t%s\n", verdict.probability,
           omen_failure_class_to_string(verdict.failure_class), omen_scope_to_string(verdict.scope),
           shown);
}

int
command_judge(int argc, char **argv)
{
    g_autofree char *name = NULL;
    g_autofree char *config = NULL;
    gboolean with_model = FALSE;
    const GOptionEntry entries[] = {
        {"judge", 0, 0, G_OPTION_ARG_STRING, &name, "embedded (default), always, never", "NAME"},
        {"model", 0, 0, G_OPTION_ARG_NONE, &with_model,
         "Where the judge is not sure, ask the language model that the configuration names", NULL},
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &config, "The configuration", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autofree char *knowledge = input_knowledge_dir();
    g_autoptr(OmenJudge) judge = NULL;
    g_autoptr(Model) model = NULL;
    Bench bench = {0};
    g_autoptr(GError) error = NULL;
    g_auto(Input) input = {0};
    const char *line;
    gsize length;
    int status;

    if (!command_parse_options(entries, &argc, &argv, &status))
        return status;
    if (argc != 2)
        return command_fail("judge", EXIT_USAGE, "name one FILE, or - for standard input");
    judge = omen_judge_new(name ? name : "embedded", knowledge, &error);
    if (judge && with_model)
        model = model_new(config, &error);
    if (error || !input_open(&input, argv[1], &error))
        return command_fail("judge", EXIT_FAILED, "%s", error->message);
    bench.judge = judge;
    bench.model = model;
    while ((line = input_read(&input, &length, &error)))
        judge_line(&bench, line, length);
    if (error)
        return command_fail("judge", EXIT_FAILED, "%s", error->message);
    return bench.is_unanswered ? EXIT_FAILED : EXIT_GOOD;
}

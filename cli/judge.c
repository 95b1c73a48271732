/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen judge: a row a line, "PROBABILITY<TAB>CLASS<TAB>SCOPE<TAB>LINE". */
#include "command.h"
#include "input.h"

#include <virt-omen/text.h>

#define MAX_LINE 65536

static void
judge_line(OmenJudge *judge, const char *line, gsize length)
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
    omen_judge_judge(judge, &evidence, &verdict);
    printf("%.4f\t%s\t%s\t%s\n", verdict.probability,
           omen_failure_class_to_string(verdict.failure_class), omen_scope_to_string(verdict.scope),
           shown);
}

int
command_judge(int argc, char **argv)
{
    g_autofree char *name = NULL;
    const GOptionEntry entries[] = {
        {"judge", 0, 0, G_OPTION_ARG_STRING, &name, "embedded (default), always, never", "NAME"},
        G_OPTION_ENTRY_NULL,
    };
    g_autofree char *knowledge = input_knowledge_dir();
    g_autoptr(OmenJudge) judge = NULL;
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
    if (!judge || !input_open(&input, argv[1], &error))
        return command_fail("judge", EXIT_FAILED, "%s", error->message);
    while ((line = input_read(&input, &length, &error)))
        judge_line(judge, line, length);
    if (error)
        return command_fail("judge", EXIT_FAILED, "%s", error->message);
    return EXIT_GOOD;
}

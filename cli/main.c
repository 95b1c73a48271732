/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "command.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What may be a slip of the keyboard. */
#define MAX_EDITS 2
#define MAX_WORD  64

/* In the order that virt-omen --help lists them in. */
static const Command commands[] = {
    {"Look", "status", "[--verbose] [--json]", "what is watched, and what is endangered",
     "virt-omen status\nvirt-omen status --json | jq .problems", command_status},
    {"Look", "watch", "[--json]", "what happens, as it happens", "virt-omen watch", command_watch},
    {"Look", "omens", "[--open] [--since TIME] [--class CLASS] [--domain NAME] [--json]",
     "signs of failure that were seen, and what became of them",
     "virt-omen omens --open\nvirt-omen omens --class disk --since 2026-11-01", command_omens},
    {"Look", "explain", "OMEN [--json]", "why an omen was raised, and what can be done",
     "virt-omen explain 7", command_explain},
    {"Look", "evacuations", "[--json]", "evacuations and how they went", "virt-omen evacuations",
     command_evacuations},
    {"Look", "destinations", "[--json]", "where domains could go, and what speaks against it",
     "virt-omen destinations", command_destinations},
    {"Look", "report", "FILE", "the last day as a page of HTML", "virt-omen report day.html",
     command_report},
    {"Decide", "approve", "OMEN [--json]", "do what an omen proposes", "virt-omen approve 7",
     command_approve},
    {"Decide", "dismiss", "OMEN [--json]", "an omen is a false alarm: learn it",
     "virt-omen dismiss 7", command_dismiss},
    {"Decide", "confirm", "OMEN [--json]",
     "an omen was real: raise it always, whatever a judge says", "virt-omen confirm 7",
     command_confirm},
    {"Decide", "clear", "OMEN [--json]", "an omen's trouble is over", "virt-omen clear 7",
     command_clear},
    {"Decide", "mode", "[observe|advise|enforce] [--json]", "show or set what is done about omens",
     "virt-omen mode\nvirt-omen mode enforce", command_mode},
    {"Move", "plan", "[DOMAIN...|--omen NUMBER] [--to NAME] [--json]",
     "what an evacuation would do", "virt-omen plan\nvirt-omen plan --omen 7 --to beta",
     command_plan},
    {"Move", "evacuate", "DOMAIN...|--all [--to NAME] [--dry-run] [--wait] [--json]",
     "move domains away",
     "virt-omen evacuate g1 g2 --wait\nvirt-omen evacuate --all --to beta --dry-run",
     command_evacuate},
    {"Move", "return", "DOMAIN...|--all [--wait] [--json]", "bring domains back that left",
     "virt-omen return --all --wait", command_return},
    {"Move", "cancel", "EVACUATION [--json]", "cancel an evacuation", "virt-omen cancel 3",
     command_cancel},
    {"Check and tune", "doctor", "[--json]", "is everything here that an evacuation will need?",
     "virt-omen doctor", command_doctor},
    {"Check and tune", "config", "check [FILE] [--json] | show [--json]",
     "is the configuration without mistakes, and what is in force?",
     "virt-omen config check\nvirt-omen config show", command_config},
    {"Check and tune", "normal", "[STREAM] | forget STREAM NUMBER,NUMBER...",
     "list or edit what is learnt", "virt-omen normal host\nvirt-omen normal forget host 17",
     command_normal},
    {"Check and tune", "shadow", "[--failure TIME] [--window HOURS] [--json]",
     "what mode enforce would have moved, and how often in vain", "virt-omen shadow",
     command_shadow},
    {"Files, without a daemon", "parse", "FILE", "the templates of a log",
     "virt-omen parse /var/log/syslog", command_parse},
    {"Files, without a daemon", "judge", "FILE", "how each line is judged",
     "dmesg | virt-omen judge -", command_judge},
    {"Files, without a daemon", "replay", "FILE...", "what would have been seen in a log",
     "virt-omen replay /var/log/syslog\njournalctl -o short-iso | virt-omen replay -",
     command_replay},
    {"Files, without a daemon", "bench", "FILE", "how fast the engine is on a log",
     "virt-omen bench /var/log/syslog", command_bench},
};

int
command_fail(const char *command, int status, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
    g_printerr("virt-omen %s: %s\n", command, message);
    return status;
}

/* Letters to change, leave out or put in to make one word of the other. */
static guint
count_edits(const char *a, const char *b)
{
    gsize length = strlen(b);
    g_autofree guint *row = g_new(guint, length + 1);

    for (gsize j = 0; j <= length; j++)
        row[j] = (guint) j;
    for (gsize i = 1; a[i - 1]; i++) {
        guint diagonal = row[0];
        row[0] = (guint) i;
        for (gsize j = 1; j <= length; j++) {
            guint replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = MIN(replaced, MIN(row[j - 1], diagonal) + 1);
        }
    }
    return row[length];
}

const char *
command_find_similar(const char *word, const char *const *words, gsize n_words)
{
    const char *best = NULL;
    guint best_edits = MAX_EDITS + 1;

    if (strlen(word) > MAX_WORD)
        return NULL;
    for (gsize i = 0; i < n_words; i++) {
        guint edits = count_edits(word, words[i]);
        if (edits < best_edits && edits < strlen(words[i])) {
            best = words[i];
            best_edits = edits;
        }
    }
    return best;
}

static int
fail_unknown(const char *name)
{
    const char *names[G_N_ELEMENTS(commands)];
    const char *similar;

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        names[i] = commands[i].name;
    similar = command_find_similar(name, names, G_N_ELEMENTS(names));
    if (similar)
        g_printerr("virt-omen: there is no command \"%s\"; did you mean \"%s\"?\n", name, similar);
    else
        g_printerr("virt-omen: there is no command \"%s\"; see virt-omen --help\n", name);
    return EXIT_USAGE;
}

static const Command *
find_command(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(commands[i].name, name))
            return &commands[i];
    }
    return NULL;
}

/* What stands below the options in a command's help. (transfer full) */
static char *
describe(const Command *command)
{
    g_auto(GStrv) lines = g_strsplit(command->examples, "\n", -1);
    g_autofree char *examples = g_strjoinv("\n  ", lines);

    return g_strdup_printf("Examples:\n  %s\n\nThe manual: man virt-omen\n", examples);
}

gboolean
command_parse_options(const GOptionEntry *entries, int *argc, char ***argv, int *status)
{
    const Command *command = find_command((*argv)[0]);
    g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
    g_autofree char *program = g_strdup_printf("virt-omen %s", command->name);
    g_autofree char *summary =
        g_strdup_printf("%c%s.", g_ascii_toupper(command->summary[0]), command->summary + 1);
    g_autofree char *description = describe(command);
    g_autoptr(GError) error = NULL;
    const char *first = (*argv)[0];

    (*argv)[0] = program;
    g_set_prgname(program);
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, description);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        *status = command_fail(command->name, EXIT_USAGE, "%s; see virt-omen %s --help",
                               error->message, command->name);
        return FALSE;
    }
    (*argv)[0] = (char *) first;
    /* "--" parts options from arguments, and is neither. */
    if (*argc > 1 && g_str_equal((*argv)[1], "--")) {
        memmove(*argv + 1, *argv + 2, sizeof(char *) * (gsize) (*argc - 1));
        (*argc)--;
    }
    return TRUE;
}

static void
print_usage(FILE *out)
{
    const char *group = "";

    fputs("Usage: virt-omen [--bus ADDRESS] COMMAND [ARGUMENT...]\n\n"
          "Foretells the failure of a virtualization host, and moves its VMs away in time.\n",
          out);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (!g_str_equal(group, commands[i].group))
            fprintf(out, "\n%s:\n", commands[i].group);
        group = commands[i].group;
        fprintf(out, "  %-13s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\nExamples:\n"
          "    virt-omen doctor            is everything ready?\n"
          "    virt-omen omens --open      what threatens this host now\n"
          "    virt-omen approve 7         move away what omen 7 endangers\n"
          "\nvirt-omen COMMAND --help tells more of each; the manual: man virt-omen.\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage.\n",
          out);
}

int
main(int argc, char **argv)
{
    const Command *command;

    setlocale(LC_ALL, "");
    if (argc >= 3 && g_str_equal(argv[1], "--bus")) {
        g_setenv("OMEN_BUS_ADDRESS", argv[2], TRUE);
        argv += 2;
        argc -= 2;
    }
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h") ||
        g_str_equal(argv[1], "help")) {
        print_usage(stdout);
        return EXIT_GOOD;
    }
    if (g_str_equal(argv[1], "--version")) {
        puts("virt-omen " OMEN_VERSION);
        return EXIT_GOOD;
    }
    /* For the shell: not among what people are told of. */
    if (g_str_equal(argv[1], "complete"))
        return command_complete(argc - 1, argv + 1);
    command = find_command(argv[1]);
    if (!command)
        return fail_unknown(argv[1]);
    return command->run(argc - 1, argv + 1);
}

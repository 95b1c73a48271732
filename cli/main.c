/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "command.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const Command commands[] = {
    {"status", "[--json]", "what is watched, and what is endangered", command_status},
    {"watch", "[--json]", "what happens, as it happens", command_watch},
    {"omens", "[--json]", "signs of failure that were seen, and what became of them",
     command_omens},
    {"explain", "OMEN [--json]", "why an omen was raised, and what can be done", command_explain},
    {"approve", "OMEN", "do what an omen proposes", command_approve},
    {"confirm", "OMEN", "an omen was real: raise it always, whatever a judge says",
     command_confirm},
    {"dismiss", "OMEN", "an omen is a false alarm: learn it", command_dismiss},
    {"clear", "OMEN", "an omen's trouble is over", command_clear},
    {"plan", "[DOMAIN...|--omen ID] [--to NAME] [--json]", "what an evacuation would do",
     command_plan},
    {"evacuate", "DOMAIN...|--all [--to NAME] [--dry-run] [--wait]", "move domains away",
     command_evacuate},
    {"return", "DOMAIN...|--all [--wait]", "bring domains back that left", command_return},
    {"evacuations", "[--json]", "evacuations and how they went", command_evacuations},
    {"cancel", "EVACUATION", "cancel an evacuation", command_cancel},
    {"mode", "[observe|advise|enforce] [--json]", "show or set what is done about omens",
     command_mode},
    {"destinations", "[--json]", "where domains could go, and what speaks against it",
     command_destinations},
    {"normal", "[STREAM] | forget STREAM NUMBER,NUMBER...", "list or edit what is learnt",
     command_normal},
    {"config", "check [FILE] [--json]", "is the configuration without mistakes?", command_config},
    {"shadow", "[--failure TIME] [--window HOURS] [--json]",
     "what mode enforce would have moved, and how often in vain", command_shadow},
    {"report", "FILE", "the last day as a page of HTML", command_report},
    {"parse", "FILE", "offline: the templates of a log", command_parse},
    {"judge", "FILE", "offline: how each line is judged", command_judge},
    {"replay", "FILE...", "offline: what would have been seen in a log", command_replay},
    {"bench", "FILE", "offline: how fast the engine is on a log", command_bench},
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

static const Command *
find_command(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(commands[i].name, name))
            return &commands[i];
    }
    return NULL;
}

gboolean
command_parse_options(const GOptionEntry *entries, int *argc, char ***argv, int *status)
{
    const Command *command = find_command((*argv)[0]);
    g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
    g_autofree char *program = g_strdup_printf("virt-omen %s", command->name);
    g_autofree char *summary =
        g_strdup_printf("%c%s.", g_ascii_toupper(command->summary[0]), command->summary + 1);
    g_autoptr(GError) error = NULL;
    const char *first = (*argv)[0];

    (*argv)[0] = program;
    g_set_prgname(program);
    g_option_context_set_summary(context, summary);
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
    fputs("Usage: virt-omen [--bus ADDRESS] COMMAND [ARGUMENT...]\n\n"
          "Foretells the failure of a virtualization host, and moves its VMs away in time.\n\n",
          out);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(out, "  %-13s %s\n", commands[i].name, commands[i].summary);
    fputs(
        "\nvirt-omen COMMAND --help tells more of each. Exit status: 0 done, 1 failed, 2 wrong usage.\n",
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
    if (!command) {
        g_printerr("virt-omen: there is no command \"%s\"; see virt-omen --help\n", argv[1]);
        return EXIT_USAGE;
    }
    return command->run(argc - 1, argv + 1);
}

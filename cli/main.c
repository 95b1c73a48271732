/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "command.h"

#include <locale.h>
#include <stdio.h>

#define RUN(name, group, arguments, summary, examples) {#name, command_##name},

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
} commands[] = {COMMANDS(RUN)};

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

static void
print_usage(FILE *out)
{
    gsize n_commands;
    const CommandHelp *helps = command_list(&n_commands);
    const char *group = "";

    fputs("Usage: virt-omen [--bus ADDRESS] COMMAND [ARGUMENT...]\n\n"
          "Foretells the failure of a virtualization host, and moves its VMs away in time.\n",
          out);
    for (gsize i = 0; i < n_commands; i++) {
        if (!g_str_equal(group, helps[i].group))
            fprintf(out, "\n%s:\n", helps[i].group);
        group = helps[i].group;
        fprintf(out, "  %-13s %s\n", helps[i].name, helps[i].summary);
    }
    fputs("\nExamples:\n"
          "    virt-omen doctor            is everything ready?\n"
          "    virt-omen omens --open      what threatens this host now\n"
          "    virt-omen approve 7         move away what omen 7 endangers\n"
          "\nvirt-omen COMMAND --help explains each; the manual: man virt-omen.\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage.\n",
          out);
}

int
main(int argc, char **argv)
{
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
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(commands[i].name, argv[1]))
            return commands[i].run(argc - 1, argv + 1);
    }
    return fail_unknown(argv[1]);
}

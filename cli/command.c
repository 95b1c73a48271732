/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <virt-omen/text.h>

/* What may be a slip of the keyboard. */
#define MAX_EDITS   2
#define MAX_WORD    64

#define MAX_MESSAGE 4096

#define HELP(name, group, arguments, summary, examples)                                            \
    {#name, group, arguments, summary, examples},

static const CommandHelp helps[] = {COMMANDS(HELP)};

int
command_fail(const char *command, int status, const char *format, ...)
{
    g_autofree char *message = NULL;
    g_autofree char *shown = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    shown = omen_text_sanitise(message, -1, MAX_MESSAGE);
    fflush(stdout);
    g_printerr("virt-omen %s: %s\n", command, shown);
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

const CommandHelp *
command_list(gsize *n_commands)
{
    *n_commands = G_N_ELEMENTS(helps);
    return helps;
}

static const CommandHelp *
find_help(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(helps); i++) {
        if (g_str_equal(helps[i].name, name))
            return &helps[i];
    }
    g_return_val_if_reached(NULL);
}

/* What stands below the options in a command's help. (transfer full) */
static char *
describe(const CommandHelp *command)
{
    g_auto(GStrv) lines = g_strsplit(command->examples, "\n", -1);
    g_autofree char *examples = g_strjoinv("\n  ", lines);

    return g_strdup_printf("Examples:\n  %s\n\nThe manual: man virt-omen\n", examples);
}

gboolean
command_parse_options(const GOptionEntry *entries, int *argc, char ***argv, int *status)
{
    const CommandHelp *command = find_help((*argv)[0]);
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

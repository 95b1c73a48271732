/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every sub-command of virt-omen shares. */
#pragma once

#include "commands.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define EXIT_GOOD   0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

/* What virt-omen --help and virt-omen COMMAND --help tell of one. */
typedef struct {
    const char *name;
    const char *group;     /* its heading */
    const char *arguments; /* for the usage line */
    const char *summary;
    const char *examples; /* a line each */
} CommandHelp;

/* All, in order. (transfer none) */
const CommandHelp *command_list(gsize *n_commands);

#define COMMAND_DECLARE(name, ...) int command_##name(int argc, char **argv);
COMMANDS(COMMAND_DECLARE)

/* For the shell: what may stand at the word that is being typed. */
int command_complete(int argc, char **argv);

/*
 * Parses the command's options; what is left in argv are its arguments. Wrong usage is told on
 * standard error. Returns FALSE: end with *status.
 */
gboolean command_parse_options(const GOptionEntry *entries, int *argc, char ***argv, int *status);

/* Tells "virt-omen COMMAND: MESSAGE" on standard error; returns @status. */
int command_fail(const char *command, int status, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The one of @words that @word may be a slip of; NULL: none is near. (transfer none) */
const char *command_find_similar(const char *word, const char *const *words, gsize n_words);

/* Standard output is a terminal and NO_COLOR (https://no-color.org) is not set. */
gboolean command_has_colour(void);

G_END_DECLS

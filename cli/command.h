/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every sub-command of virt-omen shares. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define EXIT_GOOD   0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

typedef struct {
    const char *group; /* its heading in virt-omen --help */
    const char *name;
    const char *arguments; /* for the usage line */
    const char *summary;
    const char *examples;              /* a line each */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
} Command;

int command_parse(int argc, char **argv);
int command_judge(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_status(int argc, char **argv);
int command_omens(int argc, char **argv);
int command_complete(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_config(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_normal(int argc, char **argv);
int command_shadow(int argc, char **argv);
int command_report(int argc, char **argv);
int command_watch(int argc, char **argv);
int command_plan(int argc, char **argv);
int command_evacuate(int argc, char **argv);
int command_return(int argc, char **argv);
int command_evacuations(int argc, char **argv);
int command_cancel(int argc, char **argv);
int command_approve(int argc, char **argv);
int command_confirm(int argc, char **argv);
int command_dismiss(int argc, char **argv);
int command_clear(int argc, char **argv);
int command_mode(int argc, char **argv);
int command_destinations(int argc, char **argv);

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

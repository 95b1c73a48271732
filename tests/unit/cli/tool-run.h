/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real tool as a process of its own, while the main loop of the fake daemon runs on. */
#pragma once

#include "private-bus.h"

typedef struct {
    char *out;
    char *err;
    int status; /* exit status; -1: it was ended by a signal */
    gboolean done;
} Run;

void run_clear(Run *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* A program with its arguments, in at most 20 s. @become: runs in the child first; NULL: nothing.
 */
void run_words(Run *run, char **words, GSpawnChildSetupFunc become);

/* "virt-omen --bus ADDRESS" with the words of @line. */
void run_tool(PrivateBus *bus, Run *run, const char *line);

/* The same as the user nobody. */
void run_tool_as(PrivateBus *bus, Run *run, const char *line, GSpawnChildSetupFunc become);

/* For run_tool_as(). */
void become_nobody(gpointer data);

/* Raises @n omens of disks: sd0, sd1 ... */
void raise_omens(PrivateBus *bus, guint n);

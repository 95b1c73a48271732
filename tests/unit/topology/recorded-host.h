/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host's /sys, /dev and /proc as tests/topology/record-storage printed them, put into a folder.
 */
#pragma once

#include <glib.h>

/* (transfer full): the folder, with what @text tells of. */
char *recorded_host_unpack(const char *text);

/* The same of tests/data/topology/@name. */
char *recorded_host_unpack_file(const char *name);

/* Removes the folder, and frees its name. */
void recorded_host_remove(char *root);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For what reads files: the input, or a part of it, as one. */
#pragma once

#include "fuzz.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The input as texts, parted by lines of "----"; what is not there is "". (transfer full) */
static inline void
fuzz_split(const uint8_t *data, size_t size, char **parts, guint n_parts)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    g_auto(GStrv) found = g_strsplit(text, "\n----\n", (int) n_parts);
    guint n = g_strv_length(found);

    for (guint i = 0; i < n_parts; i++)
        parts[i] = g_strdup(i < n ? found[i] : "");
}

static inline void
fuzz_write(const char *path, const void *data, size_t size)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (descriptor < 0 || write(descriptor, data, size) != (ssize_t) size)
        g_error("%s can not be written", path);
    close(descriptor);
}

/* A folder below TMPDIR, which tests/fuzz/run removes. */
static inline const char *
fuzz_folder(void)
{
    static char *folder;

    if (!folder)
        folder = g_dir_make_tmp("fuzz-XXXXXX", NULL);
    return folder;
}

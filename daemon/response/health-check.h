/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is a host well that was endangered? Its disks are written, read and asked, and so is its memory;
 * the absence of bad news is no proof. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    const char
        *folder; /* on the host's own storage: a small file is written, synchronised and read */
    const char *root; /* "" for the real /sys and /proc */
} OmenHealthCheck;

/* Blocks, for as long as the disk likes: for threads that nobody waits for. Returns: (transfer
 * full): what is wrong; NULL: nothing that can be seen. */
char *omen_health_check_run(const OmenHealthCheck *self);

G_END_DECLS

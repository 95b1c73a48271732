/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a log line calls the devices it speaks of. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The words of a line that have the shape of a storage device's name, without doubles, in their
 * order, at most 16: "sdb1", "dm-3", "nvme0", "md127", "ata3.00" (as "ata3"), "2:0:0:0",
 * "0000:3b:00.0", "/dev/vg0/a", "host2". Names that only this host knows (a multipath's) are none.
 * Returns: (transfer full).
 */
char **omen_device_names_find(const char *line);

/* The same for one word: (transfer full) (nullable). */
char *omen_device_name_from_word(const char *word);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the kernel's log itself, /dev/kmsg (Documentation/ABI/testing/dev-kmsg): the source that
 * speaks on when journald, or the disk under it, no longer does. Begins at its end in the first
 * life, after the last record's sequence number in later ones of the same boot, and with all of
 * this boot after a reboot.
 */
#pragma once

#include "source/source.h"

G_BEGIN_DECLS

#define OMEN_TYPE_KMSG_SOURCE (omen_kmsg_source_get_type())
G_DECLARE_FINAL_TYPE(OmenKmsgSource, omen_kmsg_source, OMEN, KMSG_SOURCE, OmenSource)

/* @path: NULL: /dev/kmsg. Named "kmsg". */
OmenSource *omen_kmsg_source_new(const char *path, const char *bookmark);

G_END_DECLS

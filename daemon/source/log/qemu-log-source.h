/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's QEMU log, as libvirt keeps it: FOLDER/NAME.log. Trusted: QEMU and libvirt write it. */
#pragma once

#include "source/log/file-source.h"

G_BEGIN_DECLS

/* Named "qemu-log:NAME". NULL if @domain is a name that could lead out of the folder. */
OmenSource *omen_qemu_log_source_new(OmenFileWatcher *files,
                                     const char *folder,
                                     const char *domain,
                                     const char *bookmark);

G_END_DECLS

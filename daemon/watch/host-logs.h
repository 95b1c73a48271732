/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which logs of the host are read, and what vouches for who wrote them: the journal for all of its
 * entries, /dev/kmsg for the kernel's, the administrator for files that are named as trusted;
 * nothing for other files and for syslog's sockets.
 */
#pragma once

#include "configuration/configuration.h"
#include "source/log/file-source.h"
#include "watch/stream.h"

G_BEGIN_DECLS

/* Adds them to @stream; files are followed by @files. @kmsg: (out) (transfer none) (nullable): the
 * kernel's own among them. */
gboolean omen_host_logs_add(OmenStream *stream,
                            const OmenConfiguration *configuration,
                            OmenFileWatcher *files,
                            OmenSource **kmsg,
                            GError **error);

/* Of services only the journal and the administrator vouch: is one of them there? */
gboolean omen_host_logs_hear_services(const OmenConfiguration *configuration);

/* Why nothing that is said of the host is proven, in a sentence; NULL: some is. (transfer full) */
char *omen_host_logs_describe_doubt(const OmenConfiguration *configuration, OmenSource *kmsg);

G_END_DECLS

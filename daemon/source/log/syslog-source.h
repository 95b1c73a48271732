/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A socket that a syslog daemon forwards to: RFC 3164 and RFC 5424 messages as datagrams, or over a
 * stream with line feeds or octet counting (RFC 6587).
 *
 *   unix-dgram:PATH  unix-stream:PATH  udp:ADDRESS:PORT  tcp:ADDRESS:PORT
 *
 * A flood takes a bounded share of each turn of the main loop; what the kernel's buffers do not
 * hold then is lost where datagrams are used, and held back where streams are.
 */
#pragma once

#include "source/source.h"

G_BEGIN_DECLS

#define OMEN_SYSLOG_LINE_MAX        65536
#define OMEN_SYSLOG_MAX_CONNECTIONS 32

#define OMEN_TYPE_SYSLOG_SOURCE     (omen_syslog_source_get_type())
G_DECLARE_FINAL_TYPE(OmenSyslogSource, omen_syslog_source, OMEN, SYSLOG_SOURCE, OmenSource)

/* Named "syslog:ADDRESS". NULL with @error (OMEN_SOURCE_ERROR_INVALID) for an address of none of
 * the four kinds. A socket that can't be had is a problem, and tried again. */
OmenSource *omen_syslog_source_new(const char *address, GError **error);

G_END_DECLS

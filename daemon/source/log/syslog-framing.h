/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts a byte stream of syslog messages into messages: by octet counting ("123 <13>1 ...") where a
 * frame begins with a digit, else by line feeds (RFC 6587, section 3.4). Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    GByteArray *pending;
    gsize limit;       /* bytes a message */
    gsize to_skip;     /* rest of a counted message that was cut */
    gboolean skipping; /* rest of a line that was cut */
    guint64 n_cut;
} OmenSyslogFraming;

void omen_syslog_framing_init(OmenSyslogFraming *self, gsize limit);
void omen_syslog_framing_clear(OmenSyslogFraming *self);

typedef void (*OmenSyslogMessageFunc)(const char *message, gsize length, gpointer user_data);

/* Takes @length more bytes and calls @function for each message that they complete. */
void omen_syslog_framing_feed(OmenSyslogFraming *self,
                              const char *bytes,
                              gsize length,
                              OmenSyslogMessageFunc function,
                              gpointer user_data);

G_END_DECLS

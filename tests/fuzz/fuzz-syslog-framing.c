/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream of syslog from the network: however it is cut into pieces, the messages are the same,
 * and none is longer than its limit. */
#include "fuzz.h"

#include "source/log/syslog-framing.h"

#include <string.h>

#define LIMIT 100

static void
take(const char *message, gsize length, gpointer user_data)
{
    GString *all = user_data;

    if (length > LIMIT)
        g_error("a message of %" G_GSIZE_FORMAT " bytes", length);
    g_string_append_len(all, message, (gssize) length);
    g_string_append_c(all, '\0');
}

static void
feed(const uint8_t *data, size_t size, gsize step, GString *all)
{
    OmenSyslogFraming framing;

    omen_syslog_framing_init(&framing, LIMIT);
    for (gsize at = 0; at < size; at += step) {
        omen_syslog_framing_feed(&framing, (const char *) data + at, MIN(step, size - at), take,
                                 all);
        if (framing.pending->len > LIMIT + 32)
            g_error("%u bytes are kept", framing.pending->len);
    }
    omen_syslog_framing_clear(&framing);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GString) whole = g_string_new(NULL);
    g_autoptr(GString) cut = g_string_new(NULL);

    feed(data, size, MAX(size, 1), whole);
    feed(data, size, size > 0 ? data[size - 1] % 7u + 1 : 1, cut);
    if (!g_string_equal(whole, cut))
        g_error("other messages, where they come in pieces");
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record of /dev/kmsg, to which processes may write as well, and a bookmark of an earlier life:
 * no record of a process is the kernel's. */
#include "fuzz.h"

/* Its parser is nobody else's. */
#include "source/log/kmsg-source.c"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    Place *place = place_new("/dev/null", text);
    OmenLineContext context = {.boot_us = 1, .now_us = 2};
    OmenOrigin origin = OMEN_ORIGIN_UNPROVEN;
    OmenRecord record = {0};
    guint64 sequence;

    g_free(describe_place(place));
    place_free(place);
    if (!read_head(text, &sequence, &origin))
        return 0;
    omen_line_format_parse(OMEN_LINE_FORMAT_KMSG, &context, text, strlen(text), &record);
    if (origin == OMEN_ORIGIN_KERNEL && strtoul(text, NULL, 10) >= 8)
        g_error("the kernel's: %s", text);
    if (record.message_length > strlen(text))
        g_error("a message that is longer than its record");
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each format reads any bytes; what it finds lies in the line or in the scratch. */
#include "fuzz.h"

#include <string.h>
#include <virt-omen/line-format.h>

#define SCRATCH_SIZE 4096

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char scratch[SCRATCH_SIZE];
    g_autofree char *line = g_malloc(size + 1);
    OmenLineContext context = {.now_us = G_GINT64_CONSTANT(1700000000000000),
                               .boot_us = G_GINT64_CONSTANT(1690000000000000),
                               .scratch = scratch,
                               .scratch_size = sizeof scratch};

    if (size > 0)
        memcpy(line, data, size);
    for (int format = OMEN_LINE_FORMAT_PLAIN; format <= OMEN_LINE_FORMAT_AUTO; format++) {
        OmenRecord record;
        omen_line_format_parse((OmenLineFormat) format, &context, line, size, &record);
        g_assert_cmpuint(record.message_length, <=, MAX(size, SCRATCH_SIZE));
        /* Whatever it points to can be read. */
        for (gsize i = 0; i < record.message_length; i++)
            scratch[0] ^= record.message[i] & 0;
        for (gsize i = 0; i < record.identifier_length; i++)
            scratch[0] ^= record.identifier[i] & 0;
    }
    return 0;
}

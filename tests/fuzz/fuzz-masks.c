/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line's shape, and the recognisers at each of its places, stay within the line. */
#include "fuzz.h"

#include "engine/shape.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(OmenShape) shape = omen_shape_new();
    g_autofree char *padded = g_malloc(size + OMEN_PARAMETER_SLACK);

    if (size > 0)
        memcpy(padded, data, size);
    memset(padded + size, '\n', OMEN_PARAMETER_SLACK);
    for (const char *at = padded; at < padded + size; at++) {
        gsize left = (gsize) (padded + size - at);
        g_assert_cmpuint(omen_parameter_match_uuid(at), <=, left);
        g_assert_cmpuint(omen_parameter_match_id(at), <=, left);
        g_assert_cmpuint(omen_parameter_match_pci(at), <=, left);
        g_assert_cmpuint(omen_parameter_match_ip(at), <=, left);
        g_assert_cmpuint(omen_parameter_match_device(at), <=, left);
        g_assert_cmpuint(omen_parameter_match_unit(at), <=, left);
        g_assert_cmpuint(omen_parameter_match_date_word(at), <=, left);
        g_assert_cmpuint(omen_parameter_match_path(at), <=, left);
    }
    omen_shape_scan(shape, padded, size);
    g_assert_cmpuint(shape->length, <=, 2 * size);
    for (guint i = 0; i < MIN(shape->n_parameters, OMEN_SHAPE_MAX_DETAIL); i++)
        g_assert_cmpuint(shape->parameters[i].offset + shape->parameters[i].length, <=, size);
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <virt-omen/record.h>

static const char *const words[] = {
    [OMEN_PROVENANCE_HOST] = "host",
    [OMEN_PROVENANCE_DOMAIN] = "domain",
    [OMEN_PROVENANCE_GUEST] = "guest",
};

const char *
omen_provenance_to_string(OmenProvenance provenance)
{
    return words[provenance];
}

gboolean
omen_provenance_from_string(const char *word, OmenProvenance *out)
{
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(words[i], word)) {
            *out = (OmenProvenance) i;
            return TRUE;
        }
    }
    return FALSE;
}

static const char *const origin_words[OMEN_N_ORIGINS] = {
    [OMEN_ORIGIN_UNPROVEN] = "unproven", [OMEN_ORIGIN_USER] = "user",
    [OMEN_ORIGIN_GUEST] = "guest",       [OMEN_ORIGIN_HYPERVISOR] = "hypervisor",
    [OMEN_ORIGIN_SYSTEM] = "system",     [OMEN_ORIGIN_KERNEL] = "kernel",
    [OMEN_ORIGIN_MEASURED] = "measured", [OMEN_ORIGIN_VOUCHED] = "vouched",
};

const char *
omen_origin_to_string(OmenOrigin origin)
{
    return origin_words[origin];
}

gboolean
omen_origin_from_string(const char *word, OmenOrigin *out)
{
    for (guint i = 0; i < OMEN_N_ORIGINS; i++) {
        if (g_str_equal(origin_words[i], word)) {
            *out = (OmenOrigin) i;
            return TRUE;
        }
    }
    return FALSE;
}

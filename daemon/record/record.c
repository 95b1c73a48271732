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

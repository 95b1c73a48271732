/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/masks.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *pattern;
} BuiltIn;

/* A parameter stands between characters that are neither letter nor digit. */
#define BOUNDED(pattern) "((?<=[^A-Za-z0-9])|^)(" pattern ")((?=[^A-Za-z0-9])|$)"

/* A line whose author makes a mask go back and forth is left as it is: some 0.5 ms, instead of 30.
 */
#define MATCH_LIMIT "(*LIMIT_MATCH=20000)"

/* Those of the reference detector, in its order. */
static const BuiltIn built_ins[] = {
    {"ID", BOUNDED("([0-9a-f]{2,}:){3,}([0-9a-f]{2,})")},
    {"IP", BOUNDED("\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}")},
    {"SEQ", BOUNDED("([0-9a-f]{6,} ?){3,}")},
    {"SEQ", BOUNDED("([0-9A-F]{4} ?){4,}")},
    {"HEX", BOUNDED("0x[a-f0-9A-F]+")},
    {"NUM", BOUNDED("[\\-\\+]?\\d+")},
    {"CMD", "(?<=executed cmd )(\".+?\")"},
};

typedef struct {
    GRegex *regex;
    char *placeholder;
    char needs; /* a character without which it can't match; NUL: a digit or letter, not checked */
} Mask;

struct _OmenMasks {
    GArray *masks;
};

static void
mask_clear(gpointer data)
{
    Mask *self = data;

    g_regex_unref(self->regex);
    g_free(self->placeholder);
}

static gboolean
add(OmenMasks *self, const char *name, const char *pattern, char needs, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *bounded = g_strconcat(MATCH_LIMIT, pattern, NULL);
    Mask mask = {0};

    /* Bytes, not characters: a log holds anything. */
    mask.regex = g_regex_new(bounded, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, &local);
    if (!mask.regex) {
        g_set_error(error, OMEN_MINER_ERROR, OMEN_MINER_ERROR_BAD_MASK, "mask %s: %s", name,
                    local->message);
        return FALSE;
    }
    mask.placeholder = g_strdup_printf("<:%s:>", name);
    mask.needs = needs;
    g_array_append_val(self->masks, mask);
    return TRUE;
}

OmenMasks *
omen_masks_new(gboolean built_in, const OmenMask *user_masks, gsize n_user_masks, GError **error)
{
    static const char needs[] = {':', '.', '\0', '\0', 'x', '\0', '"'};
    g_autoptr(OmenMasks) self = g_new0(OmenMasks, 1);

    self->masks = g_array_new(FALSE, FALSE, sizeof(Mask));
    g_array_set_clear_func(self->masks, mask_clear);
    for (gsize i = 0; i < n_user_masks; i++) {
        if (!add(self, user_masks[i].name, user_masks[i].pattern, '\0', error))
            return NULL;
    }
    for (gsize i = 0; built_in && i < G_N_ELEMENTS(built_ins); i++) {
        if (!add(self, built_ins[i].name, built_ins[i].pattern, needs[i], error))
            return NULL;
    }
    return g_steal_pointer(&self);
}

void
omen_masks_free(OmenMasks *self)
{
    g_array_unref(self->masks);
    g_free(self);
}

void
omen_masks_apply(const OmenMasks *self, GString *text)
{
    for (guint i = 0; i < self->masks->len; i++) {
        const Mask *mask = &g_array_index(self->masks, Mask, i);
        g_autofree char *replaced = NULL;

        if (mask->needs && !memchr(text->str, mask->needs, text->len))
            continue;
        if (!g_regex_match_full(mask->regex, text->str, (gssize) text->len, 0, 0, NULL, NULL))
            continue;
        replaced = g_regex_replace_literal(mask->regex, text->str, (gssize) text->len, 0,
                                           mask->placeholder, 0, NULL);
        if (replaced)
            g_string_assign(text, replaced);
    }
}

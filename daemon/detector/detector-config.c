/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/detector-config.h"

#include <string.h>

#define MASK_PREFIX    "mask."
#define MAX_USER_MASKS 64

typedef enum {
    TYPE_UINT,
    TYPE_DOUBLE,
    TYPE_BOOLEAN,
    TYPE_METRIC,
    TYPE_ALGORITHM,
    TYPE_BYTES,
    TYPE_CHARACTERS,
} SettingType;

typedef struct {
    const char *group;
    const char *key;
    SettingType type;
    gsize offset;
    double minimum;
    double maximum;
} Setting;

#define AT(field) G_STRUCT_OFFSET(OmenDetectorConfig, field)

static const Setting settings[] = {
    {"miner", "algorithm", TYPE_ALGORITHM, AT(miner.algorithm), 0, 0},
    {"miner", "max_bytes", TYPE_BYTES, AT(miner.max_bytes), 65536, 4294967296.0},
    {"miner", "similarity", TYPE_DOUBLE, AT(miner.similarity), 0, 1},
    {"miner", "depth", TYPE_UINT, AT(miner.depth), 3, 32},
    {"miner", "max_children", TYPE_UINT, AT(miner.max_children), 2, 100000},
    {"miner", "max_clusters", TYPE_UINT, AT(miner.max_clusters), 1, 1000000},
    {"miner", "delimiters", TYPE_CHARACTERS, AT(miner.delimiters), 0, 0},
    {"miner", "masks", TYPE_BOOLEAN, AT(miner.masks), 0, 0},
    {"profile", "metric", TYPE_METRIC, AT(profile.metric), 0, 0},
    {"profile", "length", TYPE_UINT, AT(profile.length), 2, OMEN_PROFILE_MAX_LENGTH},
    {"profile", "training", TYPE_UINT, AT(profile.training), 0, 10000000},
    {"profile", "similarity", TYPE_DOUBLE, AT(profile.similarity), 0, 1},
    {"profile", "threshold", TYPE_DOUBLE, AT(profile.threshold), 0, 1},
    {"profile", "max_subsequences", TYPE_UINT, AT(profile.max_subsequences), 1, 10000000},
    {"detector", "threshold", TYPE_DOUBLE, AT(threshold), 0, 1},
};

#undef AT

gboolean
omen_detector_config_has_group(const char *group)
{
    return g_str_equal(group, "miner") || g_str_equal(group, "profile") ||
           g_str_equal(group, "detector");
}

static void
refuse(GError **error, const char *value, const char *allowed)
{
    g_set_error(error, OMEN_DETECTOR_ERROR, OMEN_DETECTOR_ERROR_BAD_SETTING,
                "\"%s\" is not allowed here; allowed: %s", value, allowed);
}

static gboolean
set_double(const Setting *setting, const char *value, double *field, GError **error)
{
    g_autofree char *allowed =
        g_strdup_printf("a number from %g to %g", setting->minimum, setting->maximum);
    char *end;
    double number = g_ascii_strtod(value, &end);

    if (end == value || *end || !(number >= setting->minimum && number <= setting->maximum)) {
        refuse(error, value, allowed);
        return FALSE;
    }
    *field = number;
    return TRUE;
}

static gboolean
set_whole(const Setting *setting, const char *value, guint64 *number, GError **error)
{
    g_autofree char *allowed =
        g_strdup_printf("a whole number from %.0f to %.0f", setting->minimum, setting->maximum);

    if (!g_ascii_string_to_unsigned(value, 10, (guint64) setting->minimum,
                                    (guint64) setting->maximum, number, NULL)) {
        refuse(error, value, allowed);
        return FALSE;
    }
    return TRUE;
}

static gboolean
set_uint(const Setting *setting, const char *value, guint *field, GError **error)
{
    guint64 number;

    if (!set_whole(setting, value, &number, error))
        return FALSE;
    *field = (guint) number;
    return TRUE;
}

static gboolean
set_bytes(const Setting *setting, const char *value, gsize *field, GError **error)
{
    guint64 number;

    if (!set_whole(setting, value, &number, error))
        return FALSE;
    *field = (gsize) number;
    return TRUE;
}

/* The index of a word in a list; -1 and @error if it is not in. */
static int
find_word(const char *const *words, const char *value, GError **error)
{
    g_autofree char *allowed = NULL;

    for (int i = 0; words[i]; i++) {
        if (g_str_equal(words[i], value))
            return i;
    }
    allowed = g_strjoinv(", ", (char **) words);
    refuse(error, value, allowed);
    return -1;
}

static gboolean
apply(const Setting *setting,
      OmenDetectorConfig *self,
      GPtrArray *strings,
      const char *value,
      GError **error)
{
    static const char *const metrics[] = {"transition", "paper", NULL};
    static const char *const algorithms[] = {"shape", "drain", NULL};
    static const char *const booleans[] = {"no", "yes", "false", "true", NULL};
    gpointer field = G_STRUCT_MEMBER_P(self, setting->offset);
    int index;

    switch (setting->type) {
    case TYPE_UINT:
        return set_uint(setting, value, field, error);
    case TYPE_DOUBLE:
        return set_double(setting, value, field, error);
    case TYPE_BOOLEAN:
        index = find_word(booleans, value, error);
        if (index >= 0)
            *(gboolean *) field = index % 2 == 1;
        return index >= 0;
    case TYPE_METRIC:
        index = find_word(metrics, value, error);
        if (index >= 0)
            *(OmenMetric *) field = (OmenMetric) index;
        return index >= 0;
    case TYPE_ALGORITHM:
        index = find_word(algorithms, value, error);
        if (index >= 0)
            *(OmenMinerAlgorithm *) field = (OmenMinerAlgorithm) index;
        return index >= 0;
    case TYPE_BYTES:
        return set_bytes(setting, value, field, error);
    case TYPE_CHARACTERS:
        g_ptr_array_add(strings, g_strdup(value));
        *(const char **) field = g_ptr_array_index(strings, strings->len - 1);
        return TRUE;
    default:
        g_return_val_if_reached(FALSE);
    }
}

/* One more mask, or another pattern for one of that name. The array is copied: it stands in
 * @strings. */
static gboolean
set_mask(OmenDetectorConfig *self,
         GPtrArray *strings,
         const char *name,
         const char *pattern,
         GError **error)
{
    gsize n = self->miner.n_user_masks;
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_RAW, 0, NULL);
    OmenMask *masks;

    if (!*name || !regex || n >= MAX_USER_MASKS) {
        refuse(error, pattern, "a regular expression (PCRE), at most 64 masks, each with a name");
        return FALSE;
    }
    masks = g_new0(OmenMask, n + 1);
    if (n > 0)
        memcpy(masks, self->miner.user_masks, n * sizeof *masks);
    g_ptr_array_add(strings, g_strdup(name));
    masks[n].name = g_ptr_array_index(strings, strings->len - 1);
    g_ptr_array_add(strings, g_strdup(pattern));
    masks[n].pattern = g_ptr_array_index(strings, strings->len - 1);
    g_ptr_array_add(strings, masks);
    self->miner.user_masks = masks;
    self->miner.n_user_masks = n + 1;
    return TRUE;
}

static void
refuse_key(const char *group, GError **error)
{
    g_autoptr(GString) keys = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        if (g_str_equal(settings[i].group, group))
            g_string_append_printf(keys, "%s%s", keys->len > 0 ? ", " : "", settings[i].key);
    }
    if (g_str_equal(group, "miner"))
        g_string_append(keys, ", mask.NAME");
    g_set_error(error, OMEN_DETECTOR_ERROR, OMEN_DETECTOR_ERROR_BAD_SETTING,
                "unknown key; [%s] has: %s", group, keys->str);
}

gboolean
omen_detector_config_set(OmenDetectorConfig *self,
                         GPtrArray *strings,
                         const char *group,
                         const char *key,
                         const char *value,
                         GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        if (g_str_equal(settings[i].group, group) && g_str_equal(settings[i].key, key))
            return apply(&settings[i], self, strings, value, error);
    }
    if (g_str_equal(group, "miner") && g_str_has_prefix(key, MASK_PREFIX))
        return set_mask(self, strings, key + strlen(MASK_PREFIX), value, error);
    refuse_key(group, error);
    return FALSE;
}

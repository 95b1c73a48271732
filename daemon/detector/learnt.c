/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/learnt.h"

#include <string.h>

#define DAY_US ((gint64) 24 * 3600 * G_USEC_PER_SEC)

typedef struct {
    gint64 time_us;
    guint length;
    guint32 keys[OMEN_PROFILE_MAX_LENGTH];
} Date;

struct _OmenLearnt {
    GArray *dates; /* Date, the oldest first */
    gint64 day;    /* the latest that is counted */
    guint n_that_day;
};

OmenLearnt *
omen_learnt_new(void)
{
    OmenLearnt *self = g_new0(OmenLearnt, 1);

    self->dates = g_array_new(FALSE, FALSE, sizeof(Date));
    return self;
}

void
omen_learnt_free(OmenLearnt *self)
{
    g_array_unref(self->dates);
    g_free(self);
}

static void
keep(OmenLearnt *self, const guint32 *keys, guint length, gint64 time_us)
{
    Date date = {.time_us = time_us, .length = MIN(length, OMEN_PROFILE_MAX_LENGTH)};

    memcpy(date.keys, keys, date.length * sizeof *keys);
    if (self->dates->len >= OMEN_LEARNT_MAX_DATES)
        g_array_remove_index(self->dates, 0);
    g_array_append_val(self->dates, date);
}

gboolean
omen_learnt_take(OmenLearnt *self, const guint32 *keys, guint length, gint64 time_us)
{
    gint64 day = time_us / DAY_US;

    if (time_us <= 0)
        return TRUE;
    if (day > self->day) {
        self->day = day;
        self->n_that_day = 0;
    }
    if (self->n_that_day >= OMEN_LEARNT_MAX_A_DAY)
        return FALSE;
    self->n_that_day++;
    keep(self, keys, length, time_us);
    return TRUE;
}

gint64
omen_learnt_get_time_us(const OmenLearnt *self, const guint32 *keys, guint length)
{
    for (guint i = self->dates->len; i > 0; i--) {
        const Date *date = &g_array_index(self->dates, Date, i - 1);
        if (date->length == length && memcmp(date->keys, keys, length * sizeof *keys) == 0)
            return date->time_us;
    }
    return 0;
}

GVariant *
omen_learnt_save(const OmenLearnt *self)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE(OMEN_LEARNT_TYPE));
    for (guint i = 0; i < self->dates->len; i++) {
        const Date *date = &g_array_index(self->dates, Date, i);
        g_variant_builder_add(&builder, "(x@au)", date->time_us,
                              g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, date->keys,
                                                        date->length, sizeof(guint32)));
    }
    return g_variant_builder_end(&builder);
}

void
omen_learnt_restore(OmenLearnt *self, GVariant *state)
{
    GVariantIter iter;
    GVariant *templates;
    gint64 time_us;

    g_variant_iter_init(&iter, state);
    while (g_variant_iter_loop(&iter, "(x@au)", &time_us, &templates)) {
        gsize n = 0;
        const guint32 *keys = g_variant_get_fixed_array(templates, &n, sizeof(guint32));
        if (n > 0 && n <= OMEN_PROFILE_MAX_LENGTH)
            keep(self, keys, (guint) n, time_us);
    }
}

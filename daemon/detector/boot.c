/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/boot.h"

#include <string.h>

#define FINISHED "Startup finished in "
#define DAY_US   ((gint64) 24 * 3600 * G_USEC_PER_SEC)

/* The clock may be set while a system starts: by so much it is still the same one. */
#define SAME_US ((gint64) 60 * G_USEC_PER_SEC)

static gboolean
is_finish(const OmenRecord *record)
{
    return record->identifier_length == strlen("systemd") &&
           memcmp(record->identifier, "systemd", strlen("systemd")) == 0 &&
           record->message_length >= strlen(FINISHED) &&
           memcmp(record->message, FINISHED, strlen(FINISHED)) == 0;
}

gboolean
omen_boot_holds(OmenBoot *self, const OmenRecord *record)
{
    gint64 started_us = record->time_us - record->uptime_us;

    if (record->uptime_us <= 0 || record->uptime_us > OMEN_BOOT_MAX_US)
        return FALSE;
    /* One without a date is of the start that was met last. */
    if (self->done_us == 0 ||
        (record->time_us > 0 && ABS(started_us - self->started_us) > SAME_US)) {
        self->started_us = started_us;
        self->done_us = OMEN_BOOT_MAX_US;
        self->n_learnt = 0;
    }
    if (is_finish(record))
        self->done_us = MIN(self->done_us, record->uptime_us);
    return record->uptime_us <= self->done_us;
}

gboolean
omen_boot_take(OmenBoot *self, const OmenRecord *record)
{
    gint64 day = record->time_us / DAY_US;

    if (day > self->day) {
        self->day = day;
        self->n_that_day = 0;
    }
    if (self->n_learnt >= OMEN_BOOT_MAX_LEARNT || self->n_that_day >= OMEN_BOOT_MAX_LEARNT_A_DAY)
        return FALSE;
    self->n_learnt++;
    self->n_that_day++;
    return TRUE;
}

GVariant *
omen_boot_save(const OmenBoot *self)
{
    return g_variant_new(OMEN_BOOT_TYPE, self->started_us, self->done_us, self->n_learnt, self->day,
                         self->n_that_day);
}

void
omen_boot_restore(OmenBoot *self, GVariant *state)
{
    g_variant_get(state, OMEN_BOOT_TYPE, &self->started_us, &self->done_us, &self->n_learnt,
                  &self->day, &self->n_that_day);
}

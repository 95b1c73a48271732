/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The start of a system, as its records tell of it: a thousand lines at once, of which most are
 * said at no other time. They are normal life and no news. Pure.
 *
 * A record is of the start by the kernel's clock (OmenRecord.uptime_us), not by its words: up to
 * systemd's "Startup finished", at most for OMEN_BOOT_MAX_US.
 */
#pragma once

#include <virt-omen/record.h>

G_BEGIN_DECLS

#define OMEN_BOOT_MAX_US ((gint64) 300 * G_USEC_PER_SEC)

/* Stretches that may become normal in one start, beside what may in a day; and in a day, however
 * often it starts. */
#define OMEN_BOOT_MAX_LEARNT       2000
#define OMEN_BOOT_MAX_LEARNT_A_DAY 6000

/* GVariant of omen_boot_save(): when the system started, when it was done, what was learnt of it,
 * the day, what was learnt in that day. */
#define OMEN_BOOT_TYPE "(xxuxu)"

typedef struct {
    gint64 started_us; /* since the epoch, of the last start that was met; 0: none */
    gint64 done_us;    /* its uptime at "Startup finished", or the most that is borne */
    guint n_learnt;
    gint64 day; /* since the epoch */
    guint n_that_day;
} OmenBoot;

/* Is the record of a start? Notes which one, and its end. */
gboolean omen_boot_holds(OmenBoot *self, const OmenRecord *record);

/* One more stretch of the record's start is to be learnt. FALSE: too much was. */
gboolean omen_boot_take(OmenBoot *self, const OmenRecord *record);

GVariant *omen_boot_save(const OmenBoot *self);
void omen_boot_restore(OmenBoot *self, GVariant *state);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long something has not answered, in stages. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
    OMEN_PULSE_ALIVE,
    OMEN_PULSE_SLOW,   /* since half of the limit */
    OMEN_PULSE_SILENT, /* since three quarters of it */
    OMEN_PULSE_FAILED, /* since the limit */
} OmenPulseStage;

typedef struct {
    gint64 limit_us;
    gint64 last_us; /* when it last answered; 0: it never did, and is not judged */
    OmenPulseStage stage;
} OmenPulse;

/* It answers, as of @now_us. TRUE: the stage changed. */
static inline gboolean
omen_pulse_beat(OmenPulse *self, gint64 now_us)
{
    gboolean changed = self->stage != OMEN_PULSE_ALIVE;

    self->last_us = now_us;
    self->stage = OMEN_PULSE_ALIVE;
    return changed;
}

/* It is not expected to answer: paused, migrating, ended. */
static inline void
omen_pulse_forget(OmenPulse *self)
{
    self->last_us = 0;
    self->stage = OMEN_PULSE_ALIVE;
}

/* It did not answer until @now_us. TRUE: the stage changed. */
static inline gboolean
omen_pulse_miss(OmenPulse *self, gint64 now_us)
{
    gint64 silence_us = now_us - self->last_us;
    OmenPulseStage stage = silence_us >= self->limit_us           ? OMEN_PULSE_FAILED
                           : silence_us >= self->limit_us * 3 / 4 ? OMEN_PULSE_SILENT
                           : silence_us >= self->limit_us / 2     ? OMEN_PULSE_SLOW
                                                                  : OMEN_PULSE_ALIVE;

    if (self->last_us == 0 || stage <= self->stage)
        return FALSE;
    self->stage = stage;
    return TRUE;
}

G_END_DECLS

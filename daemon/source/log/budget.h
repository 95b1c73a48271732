/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token bucket: so much a second, and a burst of some seconds' worth. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OMEN_BUDGET_BURST_S 8

typedef struct {
    double rate; /* tokens a second */
    double tokens;
    gint64 last_us; /* 0: never used */
} OmenBudget;

/* Takes @n tokens, if they are there. @now_us: of a monotonic clock. */
static inline gboolean
omen_budget_take(OmenBudget *self, double n, gint64 now_us)
{
    double burst = self->rate * OMEN_BUDGET_BURST_S;
    double passed_s = (double) (now_us - self->last_us) / G_USEC_PER_SEC;

    self->tokens = self->last_us == 0 ? burst : MIN(burst, self->tokens + passed_s * self->rate);
    self->last_us = now_us;
    if (self->tokens < n)
        return FALSE;
    self->tokens -= n;
    return TRUE;
}

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "llm/request-budget.h"

#define HOUR_US        (3600 * (gint64) G_USEC_PER_SEC)
#define TOKENS_A_CALL  700 /* where the server does not count them */
#define MAX_FAILURES   4
#define FIRST_PAUSE_US (30 * (gint64) G_USEC_PER_SEC)
#define MAX_DOUBLINGS  5

void
omen_request_budget_init(OmenRequestBudget *self, guint calls_an_hour, guint tokens_an_hour)
{
    *self = (OmenRequestBudget){
        .calls_an_hour = calls_an_hour,
        .tokens_an_hour = tokens_an_hour,
        .hour_us = -HOUR_US,
        .closed_until_us = G_MININT64,
    };
}

OmenRequestBudgetResult
omen_request_budget_take(OmenRequestBudget *self, gboolean of_guest, gint64 now_us)
{
    if (now_us - self->hour_us >= HOUR_US) {
        self->hour_us = now_us;
        self->n_calls = 0;
        self->n_guest_calls = 0;
        self->n_tokens = 0;
    }
    if (now_us < self->closed_until_us)
        return OMEN_REQUEST_BUDGET_OPEN;
    if (self->n_calls >= self->calls_an_hour || self->n_tokens >= self->tokens_an_hour ||
        (of_guest && self->n_guest_calls >= self->calls_an_hour / 4))
        return OMEN_REQUEST_BUDGET_SPENT;
    self->n_calls++;
    self->n_guest_calls += of_guest ? 1 : 0;
    return OMEN_REQUEST_BUDGET_GRANTED;
}

void
omen_request_budget_settle(OmenRequestBudget *self, gboolean good, guint n_tokens, gint64 now_us)
{
    self->n_tokens += n_tokens > 0 ? n_tokens : TOKENS_A_CALL;
    if (good) {
        self->n_failures = 0;
        return;
    }
    self->n_failures++;
    if (self->n_failures >= MAX_FAILURES)
        omen_request_budget_rest(
            self, now_us + (FIRST_PAUSE_US << MIN(self->n_failures - MAX_FAILURES, MAX_DOUBLINGS)));
}

void
omen_request_budget_rest(OmenRequestBudget *self, gint64 until_us)
{
    self->closed_until_us = MAX(self->closed_until_us, until_us);
}

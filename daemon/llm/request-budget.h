/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often a server may be asked: a budget of calls and tokens an hour, of which guests have a
 * quarter, and a circuit breaker that leaves a server alone which fails again and again
 * (https://martinfowler.com/bliki/CircuitBreaker.html). Pure: time comes in.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint calls_an_hour;
    guint tokens_an_hour;
    /* since the hour began */
    gint64 hour_us;
    guint n_calls;
    guint n_guest_calls;
    guint64 n_tokens;
    /* the breaker */
    guint n_failures; /* in a row */
    gint64 closed_until_us;
} OmenRequestBudget;

typedef enum {
    OMEN_REQUEST_BUDGET_GRANTED,
    OMEN_REQUEST_BUDGET_SPENT, /* the hour's budget is */
    OMEN_REQUEST_BUDGET_OPEN,  /* it failed too often lately, or asked for a rest */
} OmenRequestBudgetResult;

void omen_request_budget_init(OmenRequestBudget *self, guint calls_an_hour, guint tokens_an_hour);

/* One call more, if it is granted. @now_us: monotonic. */
OmenRequestBudgetResult
omen_request_budget_take(OmenRequestBudget *self, gboolean of_guest, gint64 now_us);

/* How that call ended. @n_tokens: what it cost; 0 counts as a small question's. */
void
omen_request_budget_settle(OmenRequestBudget *self, gboolean good, guint n_tokens, gint64 now_us);

/* Nothing is granted before. */
void omen_request_budget_rest(OmenRequestBudget *self, gint64 until_us);

G_END_DECLS

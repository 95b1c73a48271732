/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What would have been moved: the signs of a run become omens as in the daemon, the policy of mode
 * enforce says which of them would have moved domains away, and the failures that an operator knows
 * of say which of these moves were right.
 */
#pragma once

#include "omen/omen-registry.h"

#include <json-glib/json-glib.h>
#include <virt-omen/detector.h>

G_BEGIN_DECLS

#define SHADOW_MONTH_S (30.44 * 24 * 3600)

/* An omen as it was at the end of the run. */
typedef struct {
    guint64 index; /* of the first record */
    Omen *omen;
    gboolean would_move;
    const char *explanation; /* why nothing would be moved; "" */
    gint64 lead_us;          /* until the failure that it foretold; -1: none is known */
} ShadowOmen;

typedef struct {
    guint64 n_omens;
    guint64 n_moves; /* evacuations */
    guint64 n_right; /* of these, within the window before a failure */
    double span_s;   /* from the first record to the last; 0: the log has no times */
    double false_per_month;
    gint64 shortest_lead_us; /* -1: none */
    guint64 n_foretold;      /* failures */
    guint n_failures;
} ShadowSummary;

typedef struct Shadow Shadow;

/* @failures: times of failures, microseconds since the epoch, (element-type gint64), copied.
 * @window_s: how long before one an evacuation is right. */
Shadow *shadow_new(GArray *failures, guint window_s, guint omen_lifetime_s);
void shadow_free(Shadow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shadow, shadow_free)

/* Forgets all but the failures: another run begins. */
void shadow_begin(Shadow *self);

/* @time_us: 0 if the record does not say. */
void shadow_add(
    Shadow *self, gint64 time_us, const OmenDecision *decision, const char *line, gsize length);

/* An omen that was raised elsewhere. Takes @omen. */
void shadow_add_omen(Shadow *self, OmenData *omen);

/* The time that is looked at, where it is not that of the records. */
void shadow_set_span(Shadow *self, gint64 first_us, gint64 last_us);

/* Times of failures, as ISO 8601 or seconds since the epoch. (transfer full): NULL with @error. */
GArray *shadow_parse_failures(char **words, GError **error);

void shadow_summarise(Shadow *self, ShadowSummary *summary);

/* Add the member "omens", or "shadow" with the summary, to the object at hand. */
void shadow_build_omens(Shadow *self, JsonBuilder *builder);
void shadow_build_summary(Shadow *self, JsonBuilder *builder);

/* In words, on standard output. */
void shadow_print(Shadow *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The trend of minor lines: one corrected error is life, ever more of them are a sign.
 *
 * Known kinds of lines (corrected memory errors, reallocated sectors, retries) are counted a
 * template in windows of ten minutes and of a day, by their own time stamps. It rises where three
 * windows in a row, the present one last, hold more each time, and enough. Pure; bounded: the kind
 * that was silent for longest is forgotten.
 */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

/* How many templates are followed. */
#define OMEN_TREND_MAX_TEMPLATES 256

typedef struct {
    OmenFailureClass failure_class;
    OmenScope scope;
    gboolean migration_helps;
    guint urgency_s;
    const char *reason; /* static */
} OmenTrendKind;

/* What lines like this are counted as; NULL: as nothing. Static. */
const OmenTrendKind *omen_trend_find_kind(const char *message, gsize length);

/* GVariant of omen_trend_save(): the template, when its last line came, its counts. */
#define OMEN_TREND_TYPE "a(uxau)"

typedef struct _OmenTrend OmenTrend;

OmenTrend *omen_trend_new(void);
void omen_trend_free(OmenTrend *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenTrend, omen_trend_free)

/* Another line of that template, written at @time_us (> 0). Returns TRUE: there are ever more. Time
 * that goes backwards counts as the present. */
gboolean omen_trend_add(OmenTrend *self, guint32 template_id, gint64 time_us);

guint omen_trend_get_n_templates(const OmenTrend *self);

GVariant *omen_trend_save(const OmenTrend *self);
/* What does not hold to the form is left out. */
void omen_trend_restore(OmenTrend *self, GVariant *state);

G_END_DECLS

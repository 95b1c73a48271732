/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scores of a run as a line of bounded length: of neighbouring records the highest. */
#pragma once

#include <json-glib/json-glib.h>
#include <virt-omen/detector.h>

G_BEGIN_DECLS

#define CHART_MAX_POINTS 1200

typedef struct Chart Chart;

Chart *chart_new(void);
void chart_free(Chart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Chart, chart_free)

/* @time_us: of the record; 0 if unknown. */
void chart_add(Chart *self, gint64 time_us, const OmenDecision *decision);

/* Adds an array of [index, seconds since the epoch, highest score, highest distance, omens]. */
void chart_build(const Chart *self, JsonBuilder *builder);

G_END_DECLS

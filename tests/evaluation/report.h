/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every figure of an evaluation, and the files that tell them. */
#pragma once

#include <glib.h>

typedef struct {
    char *detector, *criterion, *scenario, *metric;
    double value;
} Figure;

typedef struct {
    GPtrArray *figures; /* Figure */
    const char *series_set;
    const char *remark; /* what the reader has to know of this run */
} Report;

void report_add(Report *self,
                const char *detector,
                const char *criterion,
                const char *scenario,
                const char *metric,
                double value);
void figure_free(gpointer figure);

/* Writes results.json and report.md into @folder. */
gboolean report_write(const Report *self, const char *folder, GError **error);

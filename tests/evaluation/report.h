/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every figure of an evaluation, and the curves of its plots. */
#pragma once

#include "scorer.h"

typedef struct {
    char *series_set, *detector, *criterion, *scenario, *metric;
    double value;
} Figure;

typedef struct {
    GPtrArray *figures; /* Figure */
    GPtrArray *curves;
    GPtrArray *detectors;   /* char *: a name, its place, what was fitted, ... */
    guint n_detectors;      /* that there are, measured or not */
    GPtrArray *alarms;      /* char *: detector, series, records to the injection, template, ... */
    const char *series_set; /* of the figures that are added now */
    const char *remark;     /* what the reader has to know of this run */
} Report;

void report_init(Report *self, const char *series_set, const char *remark);
void report_clear(Report *self);

/* @place: of the detector's row; @fitted: what was fitted, and on what. */
void report_add_detector(Report *self, guint place, const char *detector, const char *fitted);

/* A false positive. @left: records to the injection, or to the end of a benign series. */
void report_add_alarm(
    Report *self, const char *detector, const char *series, gsize left, const char *text);

void report_add(Report *self,
                const char *detector,
                const char *criterion,
                const char *scenario,
                const char *metric,
                double value);

/* @points: (element-type Point), copied. A curve that is there already is kept. */
void report_add_curve(Report *self, const char *plot, const char *name, const GArray *points);

/* Writes results.json and curves.json into @folder. */
gboolean report_write(const Report *self, const char *folder, GError **error);

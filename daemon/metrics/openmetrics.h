/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a page of metrics in OpenMetrics text format 1.0.0. Pure.
 *
 *   family (name, type, help), then its samples, each with its labels; then the next family.
 *
 * Names are given whole, without the suffixes that the format adds. Label values may be any valid
 * UTF-8.
 */
#pragma once

#include "metrics/histogram.h"

G_BEGIN_DECLS

#define OMEN_OPENMETRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

typedef enum {
    OMEN_METRIC_TYPE_GAUGE,
    OMEN_METRIC_TYPE_COUNTER,
    OMEN_METRIC_TYPE_HISTOGRAM,
    OMEN_METRIC_TYPE_INFO,
} OmenMetricType;

/* A label; a list of them ends by one whose name is NULL. */
typedef struct {
    const char *name;
    const char *value;
} OmenLabel;

#define OMEN_NO_LABELS ((const OmenLabel[]){{NULL, NULL}})

typedef struct _OmenOpenMetrics OmenOpenMetrics;

OmenOpenMetrics *omen_open_metrics_new(void);
void omen_open_metrics_free(OmenOpenMetrics *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenOpenMetrics, omen_open_metrics_free)

/* Begins a family. @name: "virt_omen_records"; one that ends in "_seconds" or "_bytes" has that
 * unit. Strings are copied. */
void omen_open_metrics_family(OmenOpenMetrics *self,
                              const char *name,
                              OmenMetricType type,
                              const char *help);

/* A sample of the family at hand, which is none of histograms. */
void omen_open_metrics_sample(OmenOpenMetrics *self, const OmenLabel *labels, double value);

/* A histogram of the family at hand. */
void omen_open_metrics_histogram(OmenOpenMetrics *self,
                                 const OmenLabel *labels,
                                 const OmenHistogram *histogram);

/* Ends the page. (transfer full); nothing can be added after it. */
char *omen_open_metrics_finish(OmenOpenMetrics *self, gsize *length);

G_END_DECLS

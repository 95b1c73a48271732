/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Labelled failure series: logs as sequences of template numbers, as the data of VMFT-LAD lie. */
#pragma once

#include <glib.h>

typedef struct {
    char *scenario;
    char *name;
    GArray *keys;   /* guint32, a record each */
    GArray *times;  /* double, seconds since the epoch */
    gssize label;   /* index of the first record after the injection; -1: benign */
    gssize failure; /* index at which the failure begins; the length if it is not known */
} Series;

typedef struct {
    GPtrArray *series;    /* Series */
    GPtrArray *templates; /* char *, by number; NULL where there is none */
    GPtrArray *judges;    /* char *: names of the recorded judges */
    GArray *verdicts;     /* guint8, a row of judges->len a template number */
} SeriesSet;

/* An empty one, without marks. */
Series *series_new(const char *scenario, const char *name);

/* An empty set. */
SeriesSet *series_set_new(void);

/* Every @step-th series of @folder (1: all). Fault series without a label are left out. */
SeriesSet *series_set_load(const char *folder, guint step, GError **error);
void series_set_free(SeriesSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SeriesSet, series_set_free)

typedef struct {
    double first, lowest, highest;
} SeriesRange;

/* Of the whole series' values; zeros if it has none. */
SeriesRange series_range(const Series *self);

gboolean series_set_verdict(const SeriesSet *self, guint judge, guint32 key);
const char *series_set_text(const SeriesSet *self, guint32 key);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chart.h"

typedef struct {
    guint64 index; /* of the first record */
    gint64 time_us;
    double score;
    double distance;
    guint omens;
} Point;

struct Chart {
    Point points[CHART_MAX_POINTS];
    guint n_points;
    guint64 n_records;
    guint64 per_point; /* records */
};

Chart *
chart_new(void)
{
    Chart *self = g_new0(Chart, 1);

    self->per_point = 1;
    return self;
}

void
chart_free(Chart *self)
{
    g_free(self);
}

static void
merge(Point *into, const Point *other)
{
    into->score = MAX(into->score, other->score);
    into->distance = MAX(into->distance, other->distance);
    into->omens += other->omens;
}

/* Two points become one. */
static void
halve(Chart *self)
{
    for (guint i = 0; i < CHART_MAX_POINTS / 2; i++) {
        self->points[i] = self->points[2 * i];
        merge(&self->points[i], &self->points[2 * i + 1]);
    }
    self->n_points = CHART_MAX_POINTS / 2;
    self->per_point *= 2;
}

void
chart_add(Chart *self, gint64 time_us, const OmenDecision *decision)
{
    const Point point = {.index = decision->index,
                         .time_us = time_us,
                         .score = decision->score,
                         .distance = decision->profile.distance,
                         .omens = decision->omen ? 1 : 0};

    if (self->n_records++ % self->per_point != 0) {
        merge(&self->points[self->n_points - 1], &point);
        return;
    }
    if (self->n_points == CHART_MAX_POINTS) {
        halve(self);
        /* The doubled width may still be filling its last point. */
        if ((self->n_records - 1) % self->per_point != 0) {
            merge(&self->points[self->n_points - 1], &point);
            return;
        }
    }
    self->points[self->n_points++] = point;
}

void
chart_build(const Chart *self, JsonBuilder *builder)
{
    json_builder_begin_array(builder);
    for (guint i = 0; i < self->n_points; i++) {
        const Point *point = &self->points[i];
        json_builder_begin_array(builder);
        json_builder_add_int_value(builder, (gint64) point->index);
        json_builder_add_double_value(builder, (double) point->time_us / G_USEC_PER_SEC);
        json_builder_add_double_value(builder, point->score);
        json_builder_add_double_value(builder, point->distance);
        json_builder_add_int_value(builder, point->omens);
        json_builder_end_array(builder);
    }
    json_builder_end_array(builder);
}

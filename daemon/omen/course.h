/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The course of one event: which kinds of signs told of it, each with its surest line.
 *
 * A step is what one stream said of one class of failure and one device. Pure.
 */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

/* Steps of one event that are remembered. */
#define OMEN_COURSE_MAX_STEPS 16

typedef struct {
    gint64 time_us; /* of its first record */
    char *stream;   /* "host", "domain:UUID", "guest:UUID" */
    OmenScope scope;
    OmenFailureClass failure_class;
    char *device;       /* "" if none */
    double probability; /* of its surest record */
    guint64 n_records;
    char *line; /* the surest record */
} OmenCourseStep;

/* (transfer full) (element-type OmenCourseStep) */
GPtrArray *omen_course_new(void);
GPtrArray *omen_course_copy(const GPtrArray *self);

/* Joins the step to the one of the same stream, scope, class and device, or adds a copy of it while
 * there is room. */
void omen_course_add(GPtrArray *self, const OmenCourseStep *step);

/* All steps of @other. */
void omen_course_join(GPtrArray *self, const GPtrArray *other);

/* Whether both tell of the same thing from the same place; what device a guest names does not
 * count. */
gboolean omen_course_step_is_alike(const OmenCourseStep *a, const OmenCourseStep *b);

/* (transfer full): in one text, and back; what can not be read is left out. */
char *omen_course_to_text(const GPtrArray *self);
GPtrArray *omen_course_new_from_text(const char *text);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omen/course.h"

#include <virt-omen/text.h>

#define MAX_NAME 256
#define MAX_LINE 1024
#define N_FIELDS 8

static void
step_free(gpointer data)
{
    OmenCourseStep *self = data;

    g_free(self->stream);
    g_free(self->device);
    g_free(self->line);
    g_free(self);
}

GPtrArray *
omen_course_new(void)
{
    return g_ptr_array_new_with_free_func(step_free);
}

/* Text in it becomes fit to be shown. */
static OmenCourseStep *
step_copy(const OmenCourseStep *step)
{
    OmenCourseStep *copy = g_memdup2(step, sizeof *step);

    copy->stream = omen_text_sanitise(step->stream, -1, MAX_NAME);
    copy->device = omen_text_sanitise(step->device, -1, OMEN_DEVICE_MAX);
    copy->line = omen_text_sanitise(step->line, -1, MAX_LINE);
    return copy;
}

GPtrArray *
omen_course_copy(const GPtrArray *self)
{
    GPtrArray *copy = omen_course_new();

    omen_course_join(copy, self);
    return copy;
}

gboolean
omen_course_step_is_alike(const OmenCourseStep *a, const OmenCourseStep *b)
{
    return a->scope == b->scope && a->failure_class == b->failure_class &&
           g_str_equal(a->stream, b->stream) &&
           (a->scope == OMEN_SCOPE_GUEST || g_str_equal(a->device, b->device));
}

void
omen_course_add(GPtrArray *self, const OmenCourseStep *step)
{
    for (guint i = 0; i < self->len; i++) {
        OmenCourseStep *own = g_ptr_array_index(self, i);
        if (!omen_course_step_is_alike(own, step))
            continue;
        own->time_us = MIN(own->time_us, step->time_us);
        own->n_records += step->n_records;
        if (step->probability > own->probability) {
            own->probability = step->probability;
            g_free(own->line);
            own->line = omen_text_sanitise(step->line, -1, MAX_LINE);
        }
        return;
    }
    if (self->len < OMEN_COURSE_MAX_STEPS)
        g_ptr_array_add(self, step_copy(step));
}

void
omen_course_join(GPtrArray *self, const GPtrArray *other)
{
    for (guint i = 0; i < other->len; i++)
        omen_course_add(self, g_ptr_array_index(other, i));
}

/* ---- as text: a line a step, fields by tabs; sanitised text holds neither ---- */

char *
omen_course_to_text(const GPtrArray *self)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < self->len; i++) {
        const OmenCourseStep *step = g_ptr_array_index(self, i);
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        g_string_append_printf(
            text, "%" G_GINT64_FORMAT "\t%s\t%s\t%s\t%s\t%s\t%" G_GUINT64_FORMAT "\t%s\n",
            step->time_us, step->stream, omen_scope_to_string(step->scope),
            omen_failure_class_to_string(step->failure_class), step->device,
            g_ascii_dtostr(number, sizeof number, step->probability), step->n_records, step->line);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
add_from_text(GPtrArray *self, const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", N_FIELDS);
    OmenCourseStep step = {0};

    if (g_strv_length(fields) != N_FIELDS || !omen_scope_from_string(fields[2], &step.scope) ||
        !omen_failure_class_from_string(fields[3], &step.failure_class))
        return;
    step.time_us = g_ascii_strtoll(fields[0], NULL, 10);
    step.stream = fields[1];
    step.device = fields[4];
    step.probability = g_ascii_strtod(fields[5], NULL);
    step.n_records = g_ascii_strtoull(fields[6], NULL, 10);
    step.line = fields[7];
    omen_course_add(self, &step);
}

GPtrArray *
omen_course_new_from_text(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", OMEN_COURSE_MAX_STEPS + 1);
    GPtrArray *self = omen_course_new();

    for (guint i = 0; lines[i] && i < OMEN_COURSE_MAX_STEPS; i++)
        add_from_text(self, lines[i]);
    return self;
}

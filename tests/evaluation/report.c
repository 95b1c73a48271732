/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include <string.h>

#include <json-glib/json-glib.h>

static void
figure_free(gpointer data)
{
    Figure *figure = data;

    g_free(figure->series_set);
    g_free(figure->detector);
    g_free(figure->criterion);
    g_free(figure->scenario);
    g_free(figure->metric);
    g_free(figure);
}

void
report_add(Report *self,
           const char *detector,
           const char *criterion,
           const char *scenario,
           const char *metric,
           double value)
{
    Figure *figure = g_new0(Figure, 1);

    figure->series_set = g_strdup(self->series_set);
    figure->detector = g_strdup(detector);
    figure->criterion = g_strdup(criterion);
    figure->scenario = g_strdup(scenario);
    figure->metric = g_strdup(metric);
    figure->value = value;
    g_ptr_array_add(self->figures, figure);
}

typedef struct {
    char *plot, *name;
    GArray *points; /* Point */
} Curve;

static void
curve_free(gpointer data)
{
    Curve *curve = data;

    g_free(curve->plot);
    g_free(curve->name);
    g_array_unref(curve->points);
    g_free(curve);
}

void
report_add_curve(Report *self, const char *plot, const char *name, const GArray *points)
{
    Curve *curve = NULL;

    for (guint i = 0; i < self->curves->len; i++) {
        curve = self->curves->pdata[i];
        if (strcmp(curve->plot, plot) == 0 && strcmp(curve->name, name) == 0)
            return;
    }
    curve = g_new0(Curve, 1);
    curve->plot = g_strdup(plot);
    curve->name = g_strdup(name);
    curve->points = g_array_new(FALSE, FALSE, sizeof(Point));
    g_array_append_vals(curve->points, points->data, points->len);
    g_ptr_array_add(self->curves, curve);
}

void
report_init(Report *self, const char *series_set, const char *remark)
{
    self->figures = g_ptr_array_new_with_free_func(figure_free);
    self->curves = g_ptr_array_new_with_free_func(curve_free);
    self->detectors = g_ptr_array_new_with_free_func(g_free);
    self->alarms = g_ptr_array_new_with_free_func(g_free);
    self->series_set = series_set;
    self->remark = remark;
}

void
report_add_detector(Report *self, guint place, const char *detector, const char *fitted)
{
    g_ptr_array_add(self->detectors, g_strdup(detector));
    g_ptr_array_add(self->detectors, g_strdup_printf("%u", place));
    g_ptr_array_add(self->detectors, g_strdup(fitted));
}

void
report_add_alarm(
    Report *self, const char *detector, const char *series, gsize left, const char *text)
{
    g_ptr_array_add(self->alarms, g_strdup(detector));
    g_ptr_array_add(self->alarms, g_strdup(series));
    g_ptr_array_add(self->alarms, g_strdup_printf("%" G_GSIZE_FORMAT, left));
    g_ptr_array_add(self->alarms, g_strescape(text, NULL));
}

void
report_clear(Report *self)
{
    g_ptr_array_unref(self->figures);
    g_ptr_array_unref(self->curves);
    g_ptr_array_unref(self->detectors);
    g_ptr_array_unref(self->alarms);
}

static void
add_member(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static gboolean
write_json(const Report *self, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "results.json", NULL);
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_array(builder);
    for (guint i = 0; i < self->figures->len; i++) {
        const Figure *figure = self->figures->pdata[i];

        json_builder_begin_object(builder);
        add_member(builder, "detector", figure->detector);
        add_member(builder, "series_set", figure->series_set);
        add_member(builder, "criterion", figure->criterion);
        add_member(builder, "scenario", figure->scenario);
        add_member(builder, "metric", figure->metric);
        json_builder_set_member_name(builder, "value");
        json_builder_add_double_value(builder, figure->value);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    return json_generator_to_file(generator, path, error);
}

static void
append_curve(GString *text, const Curve *curve)
{
    g_autofree char *plot = g_strescape(curve->plot, NULL);
    g_autofree char *name = g_strescape(curve->name, NULL);

    g_string_append_printf(text, "{\"plot\": \"%s\", \"name\": \"%s\", \"points\": [", plot, name);
    for (guint i = 0; i < curve->points->len; i++) {
        const Point *point = &g_array_index(curve->points, Point, i);

        g_string_append_printf(text, "%s[%.6g, %.6g]", i > 0 ? ", " : "", point->x, point->y);
    }
    g_string_append(text, "]}");
}

/* What the plots are drawn from. */
static gboolean
write_curves(const Report *self, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "curves.json", NULL);
    g_autoptr(GString) text = g_string_new("");

    g_string_append_printf(text,
                           "{\"series_set\": \"%s\",\n\"remark\": \"%s\",\n\"n_detectors\": %u,\n"
                           "\"fitted\": {",
                           self->series_set, self->remark, self->n_detectors);
    for (guint i = 0; i < self->detectors->len; i += 3)
        g_string_append_printf(text, "%s\"%s\": [%s, \"%s\"]", i > 0 ? ",\n" : "",
                               (const char *) self->detectors->pdata[i],
                               (const char *) self->detectors->pdata[i + 1],
                               (const char *) self->detectors->pdata[i + 2]);
    g_string_append(text, "},\n\"alarms\": [");
    for (guint i = 0; i < self->alarms->len; i++)
        g_string_append_printf(text, "%s\"%s\"%s", i % 4 == 0 ? (i > 0 ? ",\n[" : "[") : ", ",
                               (const char *) self->alarms->pdata[i], i % 4 == 3 ? "]" : "");
    g_string_append(text, "],\n\"curves\": [\n");
    for (guint i = 0; i < self->curves->len; i++) {
        append_curve(text, self->curves->pdata[i]);
        g_string_append(text, i + 1 < self->curves->len ? ",\n" : "\n");
    }
    g_string_append(text, "]}\n");
    return g_file_set_contents(path, text->str, (gssize) text->len, error);
}

gboolean
report_write(const Report *self, const char *folder, GError **error)
{
    return write_json(self, folder, error) && write_curves(self, folder, error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include <string.h>

#include <json-glib/json-glib.h>

static const char *const columns[][3] = {
    /* criterion, scenario, metric */
    {"relaxed", "hdd", "AUC"},
    {"relaxed", "oom", "AUC"},
    {"relaxed", "buffer-io", "AUC"},
    {"relaxed", "cpu", "AUC"},
    {"strict", "hdd", "AUC"},
    {"strict", "oom", "AUC"},
    {"strict", "buffer-io", "AUC"},
    {"strict", "cpu", "AUC"},
    {"relaxed", "all", "NAB standard"},
    {"strict", "all", "NAB standard"},
    {"strict", "all", "early detection %"},
    {"strict", "all", "false positive %"},
    {"strict", "all", "median lead s"},
    {"none", "all", "time a record us"},
};

void
figure_free(gpointer data)
{
    Figure *figure = data;

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

    figure->detector = g_strdup(detector);
    figure->criterion = g_strdup(criterion);
    figure->scenario = g_strdup(scenario);
    figure->metric = g_strdup(metric);
    figure->value = value;
    g_ptr_array_add(self->figures, figure);
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
        add_member(builder, "series_set", self->series_set);
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
append_cell(GString *text, const Report *self, const char *detector, const char *const *column)
{
    for (guint i = 0; i < self->figures->len; i++) {
        const Figure *figure = self->figures->pdata[i];

        if (strcmp(figure->detector, detector) == 0 && strcmp(figure->criterion, column[0]) == 0 &&
            strcmp(figure->scenario, column[1]) == 0 && strcmp(figure->metric, column[2]) == 0) {
            g_string_append_printf(text, " %.4f |", figure->value);
            return;
        }
    }
    g_string_append(text, " - |");
}

static void
append_table(GString *text, const Report *self)
{
    const char *last = "";

    g_string_append(text, "| detector |");
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
        g_string_append_printf(text, " %s %s, %s |", columns[i][2], columns[i][1], columns[i][0]);
    g_string_append(text, "\n| --- |");
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
        g_string_append(text, " ---: |");
    for (guint i = 0; i < self->figures->len; i++) {
        const Figure *figure = self->figures->pdata[i];

        if (strcmp(figure->detector, last) == 0)
            continue;
        last = figure->detector;
        g_string_append_printf(text, "\n| %s |", last);
        for (guint j = 0; j < G_N_ELEMENTS(columns); j++)
            append_cell(text, self, last, columns[j]);
    }
    g_string_append_c(text, '\n');
}

gboolean
report_write(const Report *self, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "report.md", NULL);
    g_autoptr(GString) text = g_string_new("# The evaluation\n\n");

    g_string_append_printf(text, "Series: %s. %s\n\n", self->series_set, self->remark);
    g_string_append(
        text,
        "Fitted on these same series: each NAB figure's threshold, for every detector, and the threshold "
        "of the rates of VMFT-LAD, EXPoSE and KNN-CAD.\n"
        "VMFT-LAD is this engine's profile with the paper's metric, not the paper's program: "
        "its AUC differs by up to 0.02, and with a judge it learns what the judge calls benign, "
        "which the paper's program does not.\n\n");
    append_table(text, self);
    return write_json(self, folder, error) &&
           g_file_set_contents(path, text->str, (gssize) text->len, error);
}

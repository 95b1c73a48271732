/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replay-page.h"

#include "config.h"

#include "json.h"
#include "page.h"

#include <limits.h>
#include <virt-omen/text.h>

struct ReplayPage {
    JsonBuilder *builder;
    Chart *chart;
    char *name;
    guint64 n_records;
    guint64 n_anomalies;
    guint64 n_learned;
    guint64 n_training;
};

ReplayPage *
replay_page_new(double threshold)
{
    ReplayPage *self = g_new0(ReplayPage, 1);

    self->builder = json_builder_new();
    json_builder_begin_object(self->builder);
    json_add_string(self->builder, "title", "virt-omen: what would have been seen");
    json_add_string(self->builder, "version", OMEN_VERSION);
    json_add_number(self->builder, "made", (double) g_get_real_time() / G_USEC_PER_SEC);
    json_add_number(self->builder, "threshold", threshold);
    json_builder_set_member_name(self->builder, "series");
    json_builder_begin_array(self->builder);
    return self;
}

void
replay_page_free(ReplayPage *self)
{
    g_object_unref(self->builder);
    g_clear_pointer(&self->chart, chart_free);
    g_free(self->name);
    g_free(self);
}

void
replay_page_begin(ReplayPage *self, const char *name)
{
    g_clear_pointer(&self->chart, chart_free);
    self->chart = chart_new();
    g_free(self->name);
    self->name = omen_text_sanitise(name, -1, PATH_MAX);
    self->n_records = self->n_anomalies = self->n_learned = self->n_training = 0;
}

void
replay_page_add(ReplayPage *self, gint64 time_us, const OmenDecision *decision)
{
    chart_add(self->chart, time_us, decision);
    self->n_records++;
    self->n_anomalies += decision->profile.anomalous ? 1 : 0;
    self->n_learned += decision->learned ? 1 : 0;
    self->n_training += decision->profile.training ? 1 : 0;
}

static void
add_fact(JsonBuilder *builder, const char *name, guint64 value)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

    json_builder_begin_array(builder);
    json_builder_add_string_value(builder, name);
    json_builder_add_string_value(builder, text);
    json_builder_end_array(builder);
}

/* The figure on which an operator decides. (transfer full). */
static char *
describe_shadow(const ShadowSummary *summary)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_printf(
        text, "In mode enforce: %" G_GUINT64_FORMAT " omens, %" G_GUINT64_FORMAT " evacuations",
        summary->n_omens, summary->n_moves);
    if (summary->n_failures > 0)
        g_string_append_printf(text,
                               ", %" G_GUINT64_FORMAT
                               " of them before a failure; %" G_GUINT64_FORMAT
                               " of %u failures foretold",
                               summary->n_right, summary->n_foretold, summary->n_failures);
    g_string_append_c(text, '.');
    if (summary->span_s >= 24 * 3600)
        g_string_append_printf(
            text, " False evacuations per host and month: %.2f%s, over %.1f days.",
            summary->false_per_month, summary->n_failures > 0 ? "" : " if each was false",
            summary->span_s / (24 * 3600));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

void
replay_page_end(ReplayPage *self, OmenDetector *detector, Shadow *shadow)
{
    JsonBuilder *builder = self->builder;
    ShadowSummary summary;
    g_autofree char *note = NULL;

    shadow_summarise(shadow, &summary);
    note = describe_shadow(&summary);
    json_builder_begin_object(builder);
    json_add_string(builder, "name", self->name);
    json_builder_set_member_name(builder, "facts");
    json_builder_begin_array(builder);
    add_fact(builder, "records", self->n_records);
    add_fact(builder, "templates", omen_miner_get_n_clusters(omen_detector_get_miner(detector)));
    add_fact(builder, "anomalies", self->n_anomalies);
    add_fact(builder, "learnt as benign", self->n_learned);
    add_fact(builder, "omens", summary.n_omens);
    json_builder_end_array(builder);
    json_add_string(builder, "note", note);
    json_add_number(builder, "training", (double) self->n_training);
    json_builder_set_member_name(builder, "points");
    chart_build(self->chart, builder);
    shadow_build_omens(shadow, builder);
    json_builder_end_object(builder);
}

gboolean
replay_page_write(ReplayPage *self, const char *path, GError **error)
{
    g_autoptr(JsonNode) root = NULL;

    json_builder_end_array(self->builder);
    json_builder_end_object(self->builder);
    root = json_builder_get_root(self->builder);
    return page_write(path, root, error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replay-story.h"

#include "command.h"

#include <json-glib/json-glib.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>
#include <virt-omen/text.h>

#define MAX_LINE       400
#define PROGRESS_EVERY 20000
#define BAR_WIDTH      40
/* A burst is told by its first lines. */
#define MAX_TOLD_IN_A_ROW 3

struct Story {
    gboolean quiet;
    gboolean colour;
    JsonBuilder *json; /* NULL: for people */
    guint64 size;      /* of the file at hand; 0: not known */
    guint64 n_records;
    guint64 n_anomalies;
    guint64 n_learned;
    guint64 n_omens;
    guint64 last_omen;
    guint n_in_a_row;
    gboolean was_training;
    gboolean has_bar;
};

Story *
story_new(gboolean json, gboolean quiet)
{
    Story *self = g_new0(Story, 1);

    self->quiet = quiet;
    self->colour = command_has_colour();
    if (json) {
        self->json = json_builder_new();
        json_builder_begin_array(self->json);
    }
    return self;
}

void
story_free(Story *self)
{
    g_clear_object(&self->json);
    g_free(self);
}

void
story_begin(Story *self, const char *name, FILE *file)
{
    struct stat status;

    self->n_records = self->n_anomalies = self->n_learned = self->n_omens = 0;
    self->n_in_a_row = 0;
    self->was_training = TRUE;
    self->size = file && fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode)
                     ? (guint64) status.st_size
                     : 0;
    if (self->json) {
        json_builder_begin_object(self->json);
        json_builder_set_member_name(self->json, "file");
        json_builder_add_string_value(self->json, name);
        json_builder_set_member_name(self->json, "omens");
        json_builder_begin_array(self->json);
    } else if (!self->quiet) {
        g_autofree char *shown = omen_text_sanitise(name, -1, PATH_MAX);
        printf("%s%s%s\n", self->colour ? "\033[1m" : "", shown, self->colour ? "\033[0m" : "");
    }
}

static void
clear_bar(Story *self)
{
    if (self->has_bar)
        fputs("\r\033[K", stderr);
    self->has_bar = FALSE;
}

static void
tell_omen(Story *self, const OmenDecision *decision, const char *shown)
{
    const OmenVerdict *verdict = &decision->verdict;

    if (self->json) {
        json_builder_begin_object(self->json);
        json_builder_set_member_name(self->json, "index");
        json_builder_add_int_value(self->json, (gint64) decision->index);
        json_builder_set_member_name(self->json, "score");
        json_builder_add_double_value(self->json, decision->score);
        json_builder_set_member_name(self->json, "class");
        json_builder_add_string_value(self->json,
                                      omen_failure_class_to_string(verdict->failure_class));
        json_builder_set_member_name(self->json, "certainty");
        json_builder_add_string_value(
            self->json, omen_failure_get_certainty(verdict->failure_class, decision->score));
        json_builder_set_member_name(self->json, "scope");
        json_builder_add_string_value(self->json, omen_scope_to_string(verdict->scope));
        json_builder_set_member_name(self->json, "device");
        json_builder_add_string_value(self->json, verdict->device);
        json_builder_set_member_name(self->json, "reason");
        json_builder_add_string_value(self->json, verdict->reason);
        json_builder_set_member_name(self->json, "line");
        json_builder_add_string_value(self->json, shown);
        json_builder_end_object(self->json);
        return;
    }
    printf("%s%8" G_GUINT64_FORMAT "  omen     %.2f  %s%s%s: %s%s\n          %s\n",
           self->colour ? "\033[31m" : "", decision->index, decision->score,
           omen_failure_class_to_string(verdict->failure_class), *verdict->device ? " of " : "",
           verdict->device, verdict->reason, self->colour ? "\033[0m" : "", shown);
}

void
story_tell(Story *self,
           OmenDetector *detector,
           const OmenDecision *decision,
           const char *line,
           gsize length)
{
    self->n_records++;
    self->n_learned += decision->learned ? 1 : 0;
    self->n_anomalies += decision->profile.anomalous ? 1 : 0;
    if (!self->quiet && !self->json && self->was_training && !decision->profile.training) {
        printf("%8" G_GUINT64_FORMAT
               "  learnt   %u templates and %u subsequences are normal here\n",
               decision->index, omen_miner_get_n_clusters(omen_detector_get_miner(detector)),
               omen_profile_get_n_subsequences(omen_detector_get_profile(detector)));
    }
    self->was_training = decision->profile.training;
    if (!decision->omen) {
        if (decision->profile.anomalous && !self->quiet && !self->json && self->colour) {
            g_autofree char *shown = omen_text_sanitise(line, (gssize) length, MAX_LINE);
            clear_bar(self);
            printf("\033[2m%8" G_GUINT64_FORMAT "  anomaly  %.2f  benign, %s: %s\033[0m\n",
                   decision->index, decision->profile.distance,
                   decision->learned ? "learnt" : "not learnt", shown);
        }
        return;
    }
    self->n_in_a_row =
        self->n_omens > 0 && decision->index - self->last_omen < 50 ? self->n_in_a_row + 1 : 0;
    self->n_omens++;
    self->last_omen = decision->index;
    if (self->quiet || (!self->json && self->n_in_a_row >= MAX_TOLD_IN_A_ROW))
        return;
    g_autofree char *shown = omen_text_sanitise(line, (gssize) length, MAX_LINE);
    clear_bar(self);
    tell_omen(self, decision, shown);
}

void
story_show_progress(Story *self, const Input *input)
{
    guint filled;

    if (self->size == 0 || input->number % PROGRESS_EVERY != 0 || !isatty(STDERR_FILENO))
        return;
    filled = (guint) (MIN(input->bytes, self->size) * BAR_WIDTH / self->size);
    fprintf(stderr, "\r[%.*s%*s] %3u%%", (int) filled, "########################################",
            (int) (BAR_WIDTH - filled), "", filled * 100 / BAR_WIDTH);
    self->has_bar = TRUE;
}

static void
add_count(Story *self, const char *name, guint64 value)
{
    json_builder_set_member_name(self->json, name);
    json_builder_add_int_value(self->json, (gint64) value);
}

void
story_end(Story *self, OmenDetector *detector, Shadow *shadow)
{
    guint n_templates = omen_miner_get_n_clusters(omen_detector_get_miner(detector));

    clear_bar(self);
    if (self->json) {
        json_builder_end_array(self->json);
        add_count(self, "records", self->n_records);
        add_count(self, "templates", n_templates);
        add_count(self, "anomalies", self->n_anomalies);
        add_count(self, "learnt", self->n_learned);
        add_count(self, "omen_records", self->n_omens);
        shadow_build_summary(shadow, self->json);
        json_builder_end_object(self->json);
        return;
    }
    if (self->quiet)
        return;
    if (self->was_training)
        printf("          the file is too short: all of it was used for training\n");
    printf("          %" G_GUINT64_FORMAT " records, %u templates; %" G_GUINT64_FORMAT
           " anomalies, %" G_GUINT64_FORMAT " of them learnt as benign; %" G_GUINT64_FORMAT
           " records are omens\n",
           self->n_records, n_templates, self->n_anomalies, self->n_learned, self->n_omens);
    shadow_print(shadow);
}

void
story_finish(Story *self)
{
    g_autoptr(JsonGenerator) generator = NULL;
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    if (!self->json)
        return;
    json_builder_end_array(self->json);
    root = json_builder_get_root(self->json);
    generator = json_generator_new();
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    text = json_generator_to_data(generator, NULL);
    puts(text);
}

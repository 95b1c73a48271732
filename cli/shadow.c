/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shadow.h"

#include "json.h"
#include "response/policy.h"
#include "time-argument.h"

#include <stdio.h>
#include <virt-omen/text.h>

#define MAX_OMENS   10000
#define MAX_SHOWN   500
#define MAX_PRINTED 20

struct Shadow {
    GArray *failures;
    gint64 window_us;
    gint64 lifetime_us;
    OmenRegistry *omens;
    GArray *list; /* ShadowOmen */
    gint64 first_us;
    gint64 last_us;
    guint64 n_lost; /* beyond MAX_OMENS */
};

static void
shadow_omen_clear(gpointer data)
{
    g_object_unref(((ShadowOmen *) data)->omen);
}

static int
compare_times(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *) a;
    gint64 right = *(const gint64 *) b;

    return (left > right) - (left < right);
}

Shadow *
shadow_new(GArray *failures, guint window_s, guint omen_lifetime_s)
{
    Shadow *self = g_new0(Shadow, 1);

    self->failures = g_array_copy(failures);
    g_array_sort(self->failures, compare_times);
    self->window_us = window_s * (gint64) G_USEC_PER_SEC;
    self->lifetime_us = omen_lifetime_s * (gint64) G_USEC_PER_SEC;
    shadow_begin(self);
    return self;
}

void
shadow_free(Shadow *self)
{
    g_array_unref(self->failures);
    g_array_unref(self->list);
    g_object_unref(self->omens);
    g_free(self);
}

void
shadow_begin(Shadow *self)
{
    g_clear_object(&self->omens);
    g_clear_pointer(&self->list, g_array_unref);
    self->omens = omen_registry_new(MAX_OMENS);
    self->list = g_array_new(FALSE, FALSE, sizeof(ShadowOmen));
    g_array_set_clear_func(self->list, shadow_omen_clear);
    self->first_us = self->last_us = 0;
    self->n_lost = 0;
}

static OmenData *
describe(Shadow *self, gint64 now_us, const OmenDecision *decision, const char *line, gsize length)
{
    OmenData *sign = omen_data_new();
    const OmenVerdict *verdict = &decision->verdict;

    sign->is_proven = TRUE;
    sign->time_us = sign->last_us = now_us;
    sign->expires_us = now_us + self->lifetime_us;
    g_free(sign->stream);
    sign->stream = g_strdup("host");
    g_free(sign->device);
    sign->device = g_strdup(verdict->device);
    g_free(sign->reason);
    sign->reason = g_strdup(verdict->reason);
    sign->scope = verdict->scope;
    sign->failure_class = verdict->failure_class;
    sign->probability = decision->score;
    sign->migration_helps = verdict->migration_helps;
    sign->template_id = decision->template_id;
    sign->n_records = 1;
    g_ptr_array_add(sign->records, omen_text_sanitise(line, (gssize) length, OMEN_MAX_TEXT));
    return sign;
}

/* The time until the next failure within the window; -1: there is none. */
static gint64
find_lead(Shadow *self, gint64 time_us)
{
    for (guint i = 0; i < self->failures->len; i++) {
        gint64 failure_us = g_array_index(self->failures, gint64, i);
        if (failure_us >= time_us)
            return failure_us - time_us <= self->window_us ? failure_us - time_us : -1;
    }
    return -1;
}

void
shadow_add(
    Shadow *self, gint64 time_us, const OmenDecision *decision, const char *line, gsize length)
{
    ShadowOmen one = {.index = decision->index};
    OmenRaise what;

    if (time_us > 0) {
        self->first_us = self->first_us ? MIN(self->first_us, time_us) : time_us;
        self->last_us = MAX(self->last_us, time_us);
    }
    if (!decision->omen)
        return;
    /* A log without times is taken for one of a record a second. */
    gint64 now_us = self->last_us ? self->last_us : (gint64) (decision->index + 1) * G_USEC_PER_SEC;
    one.omen =
        omen_registry_raise(self->omens, describe(self, now_us, decision, line, length), &what);
    if (what != OMEN_RAISE_NEW)
        return;
    if (self->list->len >= MAX_OMENS) {
        self->n_lost++;
        return;
    }
    const OmenPolicyDecision policy =
        omen_policy_decide(OMEN_MODE_ENFORCE, omen_get_data(one.omen));
    g_object_ref(one.omen);
    one.would_move = policy.action == OMEN_ACTION_EVACUATING;
    one.explanation = policy.explanation;
    one.lead_us = self->last_us ? find_lead(self, now_us) : -1;
    g_array_append_val(self->list, one);
}

void
shadow_set_span(Shadow *self, gint64 first_us, gint64 last_us)
{
    self->first_us = first_us;
    self->last_us = last_us;
}

void
shadow_add_omen(Shadow *self, OmenData *omen)
{
    const OmenPolicyDecision policy = omen_policy_decide(OMEN_MODE_ENFORCE, omen);
    ShadowOmen one = {
        .index = omen->id,
        .would_move = policy.action == OMEN_ACTION_EVACUATING,
        .explanation = policy.explanation,
        /* An operator's word counts more than a failure that happened to follow. */
        .lead_us = omen->action == OMEN_ACTION_DISMISSED ? -1 : find_lead(self, omen->time_us),
    };

    if (self->list->len >= MAX_OMENS) {
        self->n_lost++;
        omen_data_free(omen);
        return;
    }
    one.omen = omen_new(omen);
    g_array_append_val(self->list, one);
}

GArray *
shadow_parse_failures(char **words, GError **error)
{
    g_autoptr(GArray) failures = g_array_new(FALSE, FALSE, sizeof(gint64));

    for (; words && *words; words++) {
        gint64 time_us;
        if (!time_argument_parse(*words, &time_us)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "--failure: \"%s\" is not a valid time; " TIME_ARGUMENT_HINT, *words);
            return NULL;
        }
        g_array_append_val(failures, time_us);
    }
    return g_steal_pointer(&failures);
}

static guint64
count_foretold(Shadow *self)
{
    guint64 n = 0;

    for (guint i = 0; i < self->failures->len; i++) {
        gint64 failure_us = g_array_index(self->failures, gint64, i);
        for (guint j = 0; j < self->list->len; j++) {
            const ShadowOmen *one = &g_array_index(self->list, ShadowOmen, j);
            gint64 time_us = omen_get_data(one->omen)->time_us;
            if (!one->would_move || time_us > failure_us || failure_us - time_us > self->window_us)
                continue;
            n++;
            break;
        }
    }
    return n;
}

void
shadow_summarise(Shadow *self, ShadowSummary *summary)
{
    *summary = (ShadowSummary){.n_omens = self->list->len + self->n_lost,
                               .span_s = (double) (self->last_us - self->first_us) / G_USEC_PER_SEC,
                               .shortest_lead_us = -1,
                               .n_failures = self->failures->len};
    for (guint i = 0; i < self->list->len; i++) {
        const ShadowOmen *one = &g_array_index(self->list, ShadowOmen, i);
        if (!one->would_move)
            continue;
        summary->n_moves++;
        if (one->lead_us < 0)
            continue;
        summary->n_right++;
        if (summary->shortest_lead_us < 0 || one->lead_us < summary->shortest_lead_us)
            summary->shortest_lead_us = one->lead_us;
    }
    summary->n_foretold = count_foretold(self);
    /* What is shorter than a day says nothing of a month. */
    if (summary->span_s >= 24 * 3600)
        summary->false_per_month =
            (double) (summary->n_moves - summary->n_right) * SHADOW_MONTH_S / summary->span_s;
}

static void
build_omen(Shadow *self, const ShadowOmen *one, JsonBuilder *builder)
{
    const OmenData *data = omen_get_data(one->omen);

    json_builder_begin_object(builder);
    json_add_count(builder, "index", one->index);
    json_add_number(builder, "time", self->last_us ? (double) data->time_us / G_USEC_PER_SEC : 0);
    json_add_number(builder, "score", data->probability);
    json_add_string(builder, "class", omen_failure_class_to_string(data->failure_class));
    json_add_string(builder, "scope", omen_scope_to_string(data->scope));
    json_add_string(builder, "device", data->device);
    json_add_string(builder, "reason", data->reason);
    json_add_count(builder, "records", data->n_records);
    json_add_boolean(builder, "would_move", one->would_move);
    json_add_string(builder, "explanation", one->explanation);
    if (one->lead_us >= 0)
        json_add_number(builder, "lead_s", (double) one->lead_us / G_USEC_PER_SEC);
    json_builder_set_member_name(builder, "lines");
    json_builder_begin_array(builder);
    for (guint i = 0; i < data->records->len; i++)
        json_builder_add_string_value(builder, g_ptr_array_index(data->records, i));
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

void
shadow_build_omens(Shadow *self, JsonBuilder *builder)
{
    json_builder_set_member_name(builder, "omens");
    json_builder_begin_array(builder);
    for (guint i = 0; i < MIN(self->list->len, MAX_SHOWN); i++)
        build_omen(self, &g_array_index(self->list, ShadowOmen, i), builder);
    json_builder_end_array(builder);
}

void
shadow_build_summary(Shadow *self, JsonBuilder *builder)
{
    ShadowSummary summary;

    shadow_summarise(self, &summary);
    json_builder_set_member_name(builder, "shadow");
    json_builder_begin_object(builder);
    json_add_count(builder, "omens", summary.n_omens);
    json_add_count(builder, "evacuations", summary.n_moves);
    json_add_count(builder, "right", summary.n_right);
    json_add_count(builder, "failures", summary.n_failures);
    json_add_count(builder, "foretold", summary.n_foretold);
    json_add_number(builder, "span_s", summary.span_s);
    if (summary.span_s >= 24 * 3600)
        json_add_number(builder, "false_per_host_and_month", summary.false_per_month);
    json_builder_end_object(builder);
}

static char *
format_time(gint64 time_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(time_us / G_USEC_PER_SEC);

    return time ? g_date_time_format(time, "%F %T") : g_strdup("-");
}

static void
print_move(Shadow *self, const ShadowOmen *one)
{
    const OmenData *data = omen_get_data(one->omen);
    g_autofree char *when = self->last_us
                                ? format_time(data->time_us)
                                : g_strdup_printf("record %" G_GUINT64_FORMAT, one->index);

    printf("          %s  would have moved the domains away: %s%s%s", when,
           omen_failure_class_to_string(data->failure_class), *data->device ? " of " : "",
           data->device);
    if (one->lead_us >= 0)
        printf(", %.0f s before a failure\n", (double) one->lead_us / G_USEC_PER_SEC);
    else
        printf("%s\n", self->failures->len > 0 ? ", no failure followed" : "");
}

void
shadow_print(Shadow *self)
{
    ShadowSummary summary;
    guint64 printed = 0;

    shadow_summarise(self, &summary);
    for (guint i = 0; i < self->list->len && printed < MAX_PRINTED; i++) {
        const ShadowOmen *one = &g_array_index(self->list, ShadowOmen, i);
        if (!one->would_move)
            continue;
        print_move(self, one);
        printed++;
    }
    if (summary.n_moves > printed)
        printf("          and %" G_GUINT64_FORMAT " more\n", summary.n_moves - printed);
    printf("          in mode enforce: %" G_GUINT64_FORMAT " omens, %" G_GUINT64_FORMAT
           " evacuations",
           summary.n_omens, summary.n_moves);
    if (summary.n_failures > 0)
        printf(", %" G_GUINT64_FORMAT " of them before a failure; %" G_GUINT64_FORMAT
               " of %u failures foretold",
               summary.n_right, summary.n_foretold, summary.n_failures);
    printf("\n");
    if (summary.span_s >= 24 * 3600)
        printf("          false evacuations per host and month: %.2f%s (of %.1f days)\n",
               summary.false_per_month,
               summary.n_failures > 0 ? "" : " if each was false; --failure names true ones",
               summary.span_s / (24 * 3600));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration/setting.h"
#include "daemon-private.h"

#define LLM_SETTING "llm"

/* A sign that the language model, or its silence, has left. */
static void
take_llm_review(OmenData *detection, gpointer user_data)
{
    omen_responder_take_detection(OMEN_DAEMON(user_data)->responder, detection);
}

static void
take_up(OmenDaemon *self)
{
    const char *kept =
        self->contents ? g_hash_table_lookup(self->contents->settings, LLM_SETTING) : NULL;

    if (kept && !omen_llm_restore(self->llm, kept))
        g_message("the answers of another language model are dropped");
}

void
omen_daemon_start_llm(OmenDaemon *self)
{
    const OmenLlmSettings *settings = &self->configuration->llm;
    g_autofree char *url = omen_setting_hide_password(settings->url);
    g_autoptr(GError) error = NULL;

    if (!*settings->url)
        return;
    self->llm = omen_llm_new(settings, &error);
    if (!self->llm) {
        g_warning("the language model is not used: %s", error->message);
        return;
    }
    take_up(self);
    self->llm_review = omen_llm_review_new(self->llm, take_llm_review, self);
    omen_streams_tell_doubts(self->streams);
    g_message("where the judge is not sure, %s is asked", url);
}

void
omen_daemon_keep_llm(OmenDaemon *self)
{
    g_autofree char *saved = self->llm ? omen_llm_save(self->llm) : NULL;

    if (saved)
        omen_state_db_put_setting(self->state, LLM_SETTING, saved);
}

void
omen_daemon_add_llm_metrics(OmenDaemon *self, OmenOpenMetrics *page)
{
    OmenLlmCounts counts;
    const struct {
        const char *result;
        const guint64 *n;
    } rows[] = {
        {"answered", &counts.n_answered},
        {"failed", &counts.n_failed},
        {"refused", &counts.n_refused},
        {"recalled", &counts.n_recalled},
    };

    if (!self->llm)
        return;
    omen_llm_get_counts(self->llm, &counts);
    omen_open_metrics_family(page, "virt_omen_llm_questions", OMEN_METRIC_TYPE_COUNTER,
                             "Questions for the language model, by result.");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        omen_open_metrics_sample(page,
                                 (const OmenLabel[]){{"result", rows[i].result}, {NULL, NULL}},
                                 (double) *rows[i].n);
    omen_open_metrics_family(page, "virt_omen_llm_seconds", OMEN_METRIC_TYPE_COUNTER,
                             "How long answers of the language model took, in sum.");
    omen_open_metrics_sample(page, OMEN_NO_LABELS, counts.seconds);
}

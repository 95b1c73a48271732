/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon-private.h"

#define COUNSEL_SETTING "counsel"

/* A sign that the language model, or its silence, has left. */
static void
take_second_opinion(OmenOmenData *sign, gpointer user_data)
{
    omen_responder_take_sign(OMEN_DAEMON(user_data)->responder, sign);
}

static void
take_up(OmenDaemon *self)
{
    const char *kept =
        self->contents ? g_hash_table_lookup(self->contents->settings, COUNSEL_SETTING) : NULL;

    if (kept && !omen_counsel_restore(self->counsel, kept))
        g_message("what another language model said of lines is forgotten");
}

void
omen_daemon_start_counsel(OmenDaemon *self)
{
    const OmenCounselSettings *settings = &self->configuration->llm;
    g_autoptr(GError) error = NULL;

    if (!*settings->url)
        return;
    self->counsel = omen_counsel_new(settings, &error);
    if (!self->counsel) {
        g_warning("no language model is asked: %s", error->message);
        return;
    }
    take_up(self);
    self->second_opinion = omen_second_opinion_new(self->counsel, take_second_opinion, self);
    omen_watcher_tell_doubts(self->watcher);
    g_message("where the judge is not sure, %s is asked", settings->url);
}

void
omen_daemon_keep_counsel(OmenDaemon *self)
{
    g_autofree char *saved = self->counsel ? omen_counsel_save(self->counsel) : NULL;

    if (saved)
        omen_state_db_put_setting(self->state, COUNSEL_SETTING, saved);
}

void
omen_daemon_add_counsel_metrics(OmenDaemon *self, OmenOpenMetrics *page)
{
    OmenCounselCounts counts;
    const struct {
        const char *result;
        const guint64 *n;
    } rows[] = {
        {"answered", &counts.n_answered},
        {"failed", &counts.n_failed},
        {"refused", &counts.n_refused},
        {"recalled", &counts.n_recalled},
    };

    if (!self->counsel)
        return;
    omen_counsel_get_counts(self->counsel, &counts);
    omen_open_metrics_family(page, "virt_omen_counsel_questions", OMEN_METRIC_TYPE_COUNTER,
                             "Questions for the language model, by what became of them.");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        omen_open_metrics_sample(page,
                                 (const OmenLabel[]){{"result", rows[i].result}, {NULL, NULL}},
                                 (double) *rows[i].n);
    omen_open_metrics_family(page, "virt_omen_counsel_seconds", OMEN_METRIC_TYPE_COUNTER,
                             "How long answers of the language model took, in sum.");
    omen_open_metrics_sample(page, OMEN_NO_LABELS, counts.seconds);
}

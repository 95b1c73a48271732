/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One evacuation: what is known of it, and how it ends. */
#include "evacuation/queue/evacuator-private.h"

#define MAX_REASONS_LENGTH 2000

OmenJob *
omen_job_new(OmenEvacuator *evacuator, OmenEvacuationData *data, OmenJobFunc told)
{
    OmenJob *self = g_rc_box_new0(OmenJob);

    self->evacuator = evacuator;
    self->told = told;
    self->evacuation = omen_evacuation_new(data);
    self->slow = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->reasons = g_string_new(NULL);
    return self;
}

OmenJob *
omen_job_ref(OmenJob *self)
{
    return g_rc_box_acquire(self);
}

static void
job_clear(gpointer data)
{
    OmenJob *self = data;

    g_object_unref(self->evacuation);
    g_free(self->wanted);
    g_free(self->preferred);
    g_free(self->stuck);
    g_free(self->crowded);
    g_clear_pointer(&self->candidates, g_ptr_array_unref);
    g_hash_table_unref(self->slow);
    g_hash_table_unref(self->tried);
    g_hash_table_unref(self->refused);
    g_clear_pointer(&self->facts, omen_domain_facts_free);
    g_clear_pointer(&self->destination, omen_destination_unref);
    g_string_free(self->reasons, TRUE);
    g_clear_error(&self->last_error);
}

void
omen_job_unref(gpointer self)
{
    g_rc_box_release_full(self, job_clear);
}

const OmenEvacuationData *
omen_job_get_data(const OmenJob *self)
{
    return omen_evacuation_get_data(self->evacuation);
}

const char *
omen_job_get_source_uri(OmenJob *self)
{
    const char *source = omen_job_get_data(self)->source_uri;

    return *source ? source : omen_hypervisor_get_uri(self->evacuator->hypervisor);
}

/* A copy to change; hand it to omen_evacuation_update(). */
OmenEvacuationData *
omen_job_edit(OmenJob *self)
{
    return omen_evacuation_data_copy(omen_job_get_data(self));
}

void
omen_job_set_string(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

void
omen_job_tell(OmenJob *self, OmenJobEvent event, const char *why)
{
    if (self->evacuator)
        self->told(self, event, why);
}

void
omen_job_set_phase(OmenJob *self, OmenPhase phase)
{
    OmenEvacuationData *data = omen_job_edit(self);

    data->phase = phase;
    omen_evacuation_update(self->evacuation, data);
}

void
omen_job_stop_watching(OmenJob *self)
{
    g_clear_handle_id(&self->poll_source, g_source_remove);
    g_clear_handle_id(&self->timeout_source, g_source_remove);
    if (self->event_handler && self->evacuator)
        g_signal_handler_disconnect(self->evacuator->hypervisor, self->event_handler);
    self->event_handler = 0;
}

void
omen_job_finish(OmenJob *self, OmenPhase phase, const char *error)
{
    OmenEvacuationData *data = omen_job_edit(self);

    omen_job_stop_watching(self);
    self->occupies_lane = FALSE;
    data->phase = phase;
    data->ended_us = g_get_real_time();
    if (phase == OMEN_PHASE_SUCCEEDED) {
        data->progress = 1.0;
        data->remaining_bytes = 0;
    }
    omen_job_set_string(&data->error, error);
    g_message("evacuation %" G_GUINT64_FORMAT " of %s: %s%s%s", data->id, data->domain_name,
              omen_phase_to_string(phase), *error ? ": " : "", error);
    omen_evacuation_update(self->evacuation, data);
    omen_job_tell(self, OMEN_JOB_ENDED, error);
}

void
omen_job_finish_cancelled(OmenJob *self)
{
    g_autofree char *word = g_strdup_printf("%s; it runs on where it was", self->cancelled);

    omen_job_finish(self, OMEN_PHASE_CANCELLED, word);
}

void
omen_job_note_reason(OmenJob *self, const char *reason)
{
    if (self->reasons->len > MAX_REASONS_LENGTH)
        return;
    if (self->reasons->len > 0)
        g_string_append(self->reasons, "; ");
    g_string_append(self->reasons, reason);
}

gboolean
omen_job_may_post_copy(OmenJob *self)
{
    const OmenEvacuatorLimits *limits = &self->evacuator->limits;

    if (self->no_post_copy || limits->parallel_connections > 0)
        return FALSE;
    return limits->post_copy == OMEN_POST_COPY_ALWAYS ||
           (limits->post_copy == OMEN_POST_COPY_HEALTHY && !self->host_may_die);
}

gboolean
omen_job_is_to_shut_down(OmenJob *self)
{
    return self->host_may_die && omen_job_get_data(self)->omen_id != 0 && self->facts &&
           self->facts->wishes.shutdown_instead;
}

Question *
omen_job_make_question(OmenJob *self)
{
    Question *question = g_new(Question, 1);

    question->source_uri = g_strdup(omen_job_get_source_uri(self));
    question->uuid = g_strdup(omen_job_get_data(self)->domain_uuid);
    return question;
}

void
omen_question_free(gpointer data)
{
    Question *self = data;

    g_free(self->source_uri);
    g_free(self->uuid);
    g_free(self);
}

void
omen_job_abandon(OmenJob *self)
{
    omen_job_stop_watching(self);
    g_clear_handle_id(&self->settle_source, g_source_remove);
    g_clear_handle_id(&self->keep_source, g_source_remove);
    self->evacuator = NULL;
}

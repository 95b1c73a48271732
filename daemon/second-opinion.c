/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "second-opinion.h"

#include <virt-omen/text.h>

#define MAX_MESSAGE 1000
#define MAX_GRAVE   4096

struct _OmenSecondOpinion {
    OmenCounsel *counsel;
    OmenSignFunc function;
    gpointer user_data;
    GHashTable *grave; /* "STREAM TEMPLATE": what the model called a failure there */
};

/* A record that waits for its answer. */
typedef struct {
    OmenSecondOpinion *opinion;
    OmenStream *stream;
    char *uuid;
    char *name;
    char *identifier;
    char *message;
    OmenRecord record;
    OmenDecision decision;
} Doubt;

OmenSecondOpinion *
omen_second_opinion_new(OmenCounsel *counsel, OmenSignFunc function, gpointer user_data)
{
    OmenSecondOpinion *self = g_new0(OmenSecondOpinion, 1);

    self->counsel = g_object_ref(counsel);
    self->function = function;
    self->user_data = user_data;
    self->grave = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return self;
}

void
omen_second_opinion_free(OmenSecondOpinion *self)
{
    /* Answers that are still to come find nobody. */
    g_object_run_dispose(G_OBJECT(self->counsel));
    g_object_unref(self->counsel);
    g_hash_table_unref(self->grave);
    g_free(self);
}

static void
doubt_free(gpointer data)
{
    Doubt *self = data;

    g_object_unref(self->stream);
    g_free(self->uuid);
    g_free(self->name);
    g_free(self->identifier);
    g_free(self->message);
    g_free(self);
}

static Doubt *
doubt_new(OmenSecondOpinion *opinion,
          OmenStream *stream,
          const char *uuid,
          const char *name,
          const OmenRecord *record,
          const OmenDecision *decision)
{
    Doubt *self = g_new0(Doubt, 1);

    self->opinion = opinion;
    self->stream = g_object_ref(stream);
    self->uuid = g_strdup(uuid);
    self->name = g_strdup(name);
    self->identifier = g_strndup(record->identifier, record->identifier_length);
    self->message = g_strndup(record->message, MIN(record->message_length, MAX_MESSAGE));
    self->record = *record;
    self->record.identifier = self->identifier;
    self->record.identifier_length = strlen(self->identifier);
    self->record.message = self->message;
    self->record.message_length = strlen(self->message);
    self->decision = *decision;
    return self;
}

static char *
name_template(const Doubt *doubt)
{
    return g_strdup_printf("%s %u", omen_stream_get_name(doubt->stream),
                           doubt->decision.template_id);
}

static void
pass_on(const Doubt *doubt, const OmenDecision *decision)
{
    OmenSecondOpinion *self = doubt->opinion;

    self->function(doubt->stream, doubt->uuid, doubt->name, &doubt->record, decision,
                   self->user_data);
}

/* The model is not asked which device a line is about: what the judge read of it bounds whom it
 * concerns. */
static void
keep_device(const OmenVerdict *judge, OmenVerdict *verdict)
{
    if (verdict->scope != OMEN_SCOPE_HOST || judge->scope != OMEN_SCOPE_DEVICE)
        return;
    verdict->scope = OMEN_SCOPE_DEVICE;
    g_strlcpy(verdict->device, judge->device, sizeof verdict->device);
}

/* What the model says in the judge's place. */
static void
apply(const Doubt *doubt, const OmenCounselQuestion *question, const OmenCounselAnswer *answer)
{
    GHashTable *grave = doubt->opinion->grave;
    g_autofree char *reason = g_strdup_printf("a language model says: %s", answer->reason);
    OmenDecision decision = doubt->decision;

    omen_counsel_answer_to_verdict(answer, question, &decision.verdict);
    keep_device(&doubt->decision.verdict, &decision.verdict);
    decision.verdict.reason = reason;
    decision.score = answer->probability;
    decision.omen = answer->probability >= OMEN_DECISION_THRESHOLD;
    if (!decision.omen) {
        if (doubt->decision.omen)
            g_info("a language model says that this is no sign of failure: %s", doubt->message);
        return;
    }
    if (g_hash_table_size(grave) < MAX_GRAVE)
        g_hash_table_add(grave, name_template(doubt));
    pass_on(doubt, &decision);
}

static void
on_answer(const OmenCounselQuestion *question,
          const OmenCounselAnswer *answer,
          const GError *error G_GNUC_UNUSED,
          gpointer user_data)
{
    const Doubt *doubt = user_data;

    if (answer)
        apply(doubt, question, answer);
    else if (doubt->decision.omen)
        pass_on(doubt, &doubt->decision);
}

static OmenCounselQuestion *
ask_of(const Doubt *doubt)
{
    g_autofree char *identifier = omen_text_sanitise(doubt->identifier, -1, MAX_MESSAGE);
    g_autofree char *message = omen_text_sanitise(doubt->message, -1, MAX_MESSAGE);
    const OmenEvidence evidence = {
        .provenance = omen_stream_name_get_provenance(omen_stream_get_name(doubt->stream)),
        .priority = doubt->record.priority,
        .identifier = identifier,
        .message = message,
    };

    return omen_counsel_question_new(&evidence);
}

/* What repeats is not asked about: it is normal here, unless the model called it grave. */
static gboolean
is_of_interest(const Doubt *doubt)
{
    g_autofree char *name = NULL;

    if (doubt->decision.omen || doubt->decision.new_template || doubt->decision.profile.anomalous)
        return TRUE;
    if (g_hash_table_size(doubt->opinion->grave) == 0)
        return FALSE;
    name = name_template(doubt);
    return g_hash_table_contains(doubt->opinion->grave, name);
}

void
omen_second_opinion_take(OmenSecondOpinion *self,
                         OmenStream *stream,
                         const char *uuid,
                         const char *name,
                         const OmenRecord *record,
                         const OmenDecision *decision)
{
    Doubt *doubt = doubt_new(self, stream, uuid, name, record, decision);
    g_autoptr(OmenCounselQuestion) question = NULL;
    g_autoptr(GError) error = NULL;
    const OmenCounselAnswer *known;

    if (!is_of_interest(doubt)) {
        doubt_free(doubt);
        return;
    }
    question = ask_of(doubt);
    known = omen_counsel_recall(self->counsel, question);
    if (known) {
        apply(doubt, question, known);
        doubt_free(doubt);
        return;
    }
    if (omen_counsel_ask(self->counsel, g_steal_pointer(&question), on_answer, doubt, doubt_free,
                         &error))
        return;
    g_debug("counsel: %s", error->message);
    if (decision->omen)
        self->function(stream, uuid, name, record, decision, self->user_data);
}

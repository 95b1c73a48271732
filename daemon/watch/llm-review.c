/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/llm-review.h"

#include "watch/detection.h"

#include <string.h>
#include <virt-omen/text.h>

#define MAX_MESSAGE 1000

struct _OmenLlmReview {
    OmenLlm *llm;
    OmenDetectionFunc function;
    gpointer user_data;
};

/* A sign that waits for its answer. */
typedef struct {
    OmenLlmReview *opinion;
    OmenData *detection;
    gboolean is_omen; /* by the judge's word */
} Doubt;

OmenLlmReview *
omen_llm_review_new(OmenLlm *llm, OmenDetectionFunc function, gpointer user_data)
{
    OmenLlmReview *self = g_new0(OmenLlmReview, 1);

    self->llm = g_object_ref(llm);
    self->function = function;
    self->user_data = user_data;
    return self;
}

void
omen_llm_review_free(OmenLlmReview *self)
{
    /* Answers that are still to come find nobody. */
    g_object_run_dispose(G_OBJECT(self->llm));
    g_object_unref(self->llm);
    g_free(self);
}

static void
doubt_free(gpointer data)
{
    Doubt *self = data;

    g_clear_pointer(&self->detection, omen_data_free);
    g_free(self);
}

static void
pass_on(Doubt *doubt)
{
    doubt->opinion->function(g_steal_pointer(&doubt->detection), doubt->opinion->user_data);
}

static void
replace(char **field, char *value)
{
    g_free(*field);
    *field = value;
}

/* The model's word in the judge's place. It is not asked which device a line is about: what the
 * judge read of it bounds whom the sign concerns. */
static void
take_verdict(OmenData *detection, const OmenVerdict *verdict)
{
    gboolean keeps_device =
        detection->scope == OMEN_SCOPE_DEVICE && verdict->scope == OMEN_SCOPE_HOST;

    /* A service's word is proven of what the judge read in it. */
    if (detection->origin == OMEN_ORIGIN_SYSTEM &&
        detection->failure_class != verdict->failure_class)
        detection->is_proven = FALSE;
    detection->scope = keeps_device ? OMEN_SCOPE_DEVICE : verdict->scope;
    detection->failure_class = verdict->failure_class;
    detection->probability = verdict->probability;
    detection->migration_helps = verdict->migration_helps;
    detection->urgency_s = verdict->urgency_s;
    replace(&detection->reason, g_strdup("a language model considers it a sign of failure"));
    /* Whoever may see states sees the reason; a model may quote the line, which not all may see. */
    g_ptr_array_add(detection->records,
                    g_strdup_printf("(a language model says: %s)", verdict->reason));
    replace(&detection->judges,
            g_strdup_printf("%s; a language model: %s with probability %.3f", detection->judges,
                            omen_failure_class_to_string(verdict->failure_class),
                            verdict->probability));
}

static gboolean
is_failure(const OmenLlmAnswer *answer)
{
    return answer->probability >= OMEN_DECISION_THRESHOLD;
}

static void
apply(Doubt *doubt, const OmenLlmQuestion *question, const OmenLlmAnswer *answer)
{
    OmenVerdict verdict;

    if (!is_failure(answer)) {
        if (doubt->is_omen)
            g_info("a language model says that this is no sign of failure: %s", question->message);
        return;
    }
    omen_llm_answer_to_verdict(answer, question, &verdict);
    take_verdict(doubt->detection, &verdict);
    pass_on(doubt);
}

static void
on_answer(const OmenLlmQuestion *question,
          const OmenLlmAnswer *answer,
          const GError *error G_GNUC_UNUSED,
          gpointer user_data)
{
    Doubt *doubt = user_data;

    if (answer)
        apply(doubt, question, answer);
    else if (doubt->is_omen)
        pass_on(doubt);
}

static OmenLlmQuestion *
ask_of(OmenStream *stream, const OmenRecord *record)
{
    g_autofree char *identifier =
        omen_text_sanitise(record->identifier, (gssize) record->identifier_length, MAX_MESSAGE);
    g_autofree char *message =
        omen_text_sanitise(record->message, (gssize) record->message_length, MAX_MESSAGE);
    const OmenEvidence evidence = {
        .provenance = omen_stream_name_get_provenance(omen_stream_get_name(stream)),
        .priority = record->priority,
        .identifier = identifier,
        .message = message,
    };

    return omen_llm_question_new(&evidence);
}

/* What this daemon has measured itself is no line that a model could know more of; and what anybody
 * may write neither spends what may be asked in an hour nor gets a say in the model's answers. */
static gboolean
is_for_judge_alone(const OmenStream *stream, const OmenRecord *record)
{
    return record->origin == OMEN_ORIGIN_MEASURED || !omen_stream_knows_writer(stream, record);
}

/* What repeats is not asked about: it is normal here, unless an answer that is remembered calls it
 * a failure. */
static gboolean
is_worth_asking(const OmenDecision *decision)
{
    return decision->omen || decision->new_template || decision->profile.anomalous;
}

void
omen_llm_review_take(OmenLlmReview *self,
                     OmenStream *stream,
                     const char *uuid,
                     const char *name,
                     const OmenRecord *record,
                     const OmenDecision *decision)
{
    g_autoptr(OmenLlmQuestion) question = NULL;
    const OmenLlmAnswer *known;
    g_autoptr(GError) error = NULL;
    Doubt *doubt;

    if (is_for_judge_alone(stream, record)) {
        if (decision->omen)
            self->function(omen_detection_describe(stream, uuid, name, record, decision),
                           self->user_data);
        return;
    }
    question = ask_of(stream, record);
    known = omen_llm_recall(self->llm, question);
    if (known ? !is_failure(known) : !is_worth_asking(decision))
        return;
    doubt = g_new0(Doubt, 1);
    doubt->opinion = self;
    doubt->detection = omen_detection_describe(stream, uuid, name, record, decision);
    doubt->is_omen = decision->omen;
    if (known) {
        apply(doubt, question, known);
        doubt_free(doubt);
        return;
    }
    if (omen_llm_ask(self->llm, g_steal_pointer(&question), on_answer, doubt, doubt_free, &error))
        return;
    g_debug("llm: %s", error->message);
    if (decision->omen)
        self->function(omen_detection_describe(stream, uuid, name, record, decision),
                       self->user_data);
}

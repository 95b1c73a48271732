/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/recorded-judge.h"

#include <string.h>

struct _OmenRecordedJudge {
    GObject parent_instance;

    GHashTable *probabilities; /* text -> double */
};

static const char *
get_name(OmenJudge *judge G_GNUC_UNUSED)
{
    return "recorded";
}

static void
judge_line(OmenJudge *judge, const OmenEvidence *evidence, OmenVerdict *verdict)
{
    g_autofree char *text = g_strndup(evidence->message, OMEN_RECORDED_TEXT_MAX);
    const double *found = g_hash_table_lookup(OMEN_RECORDED_JUDGE(judge)->probabilities, text);

    *verdict = (OmenVerdict){
        .probability = found ? *found : 0,
        .sure = found != NULL,
        .reason = found ? "as recorded" : "nothing was recorded of this line",
    };
    if (verdict->probability < 0.5)
        return;
    verdict->failure_class = OMEN_FAILURE_SERVICE;
    verdict->migration_helps = TRUE;
    verdict->scope = evidence->provenance == OMEN_PROVENANCE_HOST    ? OMEN_SCOPE_HOST
                     : evidence->provenance == OMEN_PROVENANCE_GUEST ? OMEN_SCOPE_GUEST
                                                                     : OMEN_SCOPE_DOMAIN;
}

static void
judge_iface_init(OmenJudgeInterface *iface)
{
    iface->get_name = get_name;
    iface->judge = judge_line;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(OmenRecordedJudge,
                              omen_recorded_judge,
                              G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(OMEN_TYPE_JUDGE, judge_iface_init))

static void
omen_recorded_judge_finalize(GObject *object)
{
    g_hash_table_unref(OMEN_RECORDED_JUDGE(object)->probabilities);
    G_OBJECT_CLASS(omen_recorded_judge_parent_class)->finalize(object);
}

static void
omen_recorded_judge_class_init(OmenRecordedJudgeClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_recorded_judge_finalize;
}

static void
omen_recorded_judge_init(OmenRecordedJudge *self)
{
    self->probabilities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

OmenRecordedJudge *
omen_recorded_judge_new(void)
{
    return g_object_new(OMEN_TYPE_RECORDED_JUDGE, NULL);
}

void
omen_recorded_judge_add(OmenRecordedJudge *self, const char *text, double probability)
{
    g_hash_table_replace(self->probabilities, g_strndup(text, OMEN_RECORDED_TEXT_MAX),
                         g_memdup2(&probability, sizeof probability));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/fixed-judge.h"

struct _OmenFixedJudge {
    GObject parent_instance;

    gboolean failure;
};

static const char *
get_name(OmenJudge *judge)
{
    return OMEN_FIXED_JUDGE(judge)->failure ? "always" : "never";
}

static void
judge_line(OmenJudge *judge, const OmenEvidence *evidence, OmenVerdict *verdict)
{
    gboolean failure = OMEN_FIXED_JUDGE(judge)->failure;

    *verdict = (OmenVerdict){
        .probability = failure ? 1.0 : 0.0,
        .sure = TRUE,
        .failure_class = failure ? OMEN_FAILURE_SERVICE : OMEN_FAILURE_BENIGN,
        .migration_helps = failure,
        .reason = failure ? "this judge takes every line for a failure"
                          : "this judge takes no line for a failure",
    };
    if (failure && evidence->provenance == OMEN_PROVENANCE_HOST)
        verdict->scope = OMEN_SCOPE_HOST;
    else if (failure)
        verdict->scope =
            evidence->provenance == OMEN_PROVENANCE_GUEST ? OMEN_SCOPE_GUEST : OMEN_SCOPE_DOMAIN;
}

static void
judge_iface_init(OmenJudgeInterface *iface)
{
    iface->get_name = get_name;
    iface->judge = judge_line;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(OmenFixedJudge,
                              omen_fixed_judge,
                              G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(OMEN_TYPE_JUDGE, judge_iface_init))

static void
omen_fixed_judge_class_init(OmenFixedJudgeClass *class G_GNUC_UNUSED)
{
}

static void
omen_fixed_judge_init(OmenFixedJudge *self G_GNUC_UNUSED)
{
}

OmenJudge *
omen_fixed_judge_new(gboolean failure)
{
    OmenFixedJudge *self = g_object_new(OMEN_TYPE_FIXED_JUDGE, NULL);

    self->failure = failure;
    return OMEN_JUDGE(self);
}

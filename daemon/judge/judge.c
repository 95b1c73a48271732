/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "judge/embedded-judge.h"
#include "judge/fixed-judge.h"

G_DEFINE_QUARK(omen - judge - error - quark, omen_judge_error)

G_DEFINE_INTERFACE(OmenJudge, omen_judge, G_TYPE_OBJECT)

static void
omen_judge_default_init(OmenJudgeInterface *iface G_GNUC_UNUSED)
{
}

const char *
omen_judge_get_name(OmenJudge *self)
{
    return OMEN_JUDGE_GET_IFACE(self)->get_name(self);
}

void
omen_judge_judge(OmenJudge *self, const OmenEvidence *evidence, OmenVerdict *verdict)
{
    OMEN_JUDGE_GET_IFACE(self)->judge(self, evidence, verdict);
}

OmenJudge *
omen_judge_new(const char *name, const char *data_dir, GError **error)
{
    if (g_str_equal(name, "embedded"))
        return omen_embedded_judge_new(data_dir ? data_dir : OMEN_PKGDATADIR "/knowledge", error);
    if (g_str_equal(name, "always"))
        return omen_fixed_judge_new(TRUE);
    if (g_str_equal(name, "never"))
        return omen_fixed_judge_new(FALSE);
    g_set_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_UNKNOWN,
                "there is no judge \"%s\"; there are: embedded, always, never", name);
    return NULL;
}

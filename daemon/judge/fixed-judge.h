/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A judge that says the same of everything: the two ends of the scale, for comparison. */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

#define OMEN_TYPE_FIXED_JUDGE (omen_fixed_judge_get_type())
G_DECLARE_FINAL_TYPE(OmenFixedJudge, omen_fixed_judge, OMEN, FIXED_JUDGE, GObject)

/* @failure: "always"; else "never". */
OmenJudge *omen_fixed_judge_new(gboolean failure);

G_END_DECLS

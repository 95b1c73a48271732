/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A judge that asks another one, and keeps how often and how long. */
#pragma once

#include "metrics/histogram.h"

#include <virt-omen/judge.h>

G_BEGIN_DECLS

#define OMEN_TYPE_METERED_JUDGE (omen_metered_judge_get_type())
G_DECLARE_FINAL_TYPE(OmenMeteredJudge, omen_metered_judge, OMEN, METERED_JUDGE, GObject)

/* References @judge. */
OmenMeteredJudge *omen_metered_judge_new(OmenJudge *judge);

/* Seconds a call. Borrowed. */
const OmenHistogram *omen_metered_judge_get_latency(OmenMeteredJudge *self);

G_END_DECLS

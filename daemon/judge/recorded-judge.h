/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A judge that repeats what another once said of each template: for running an evaluation again. */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

#define OMEN_TYPE_RECORDED_JUDGE (omen_recorded_judge_get_type())
G_DECLARE_FINAL_TYPE(OmenRecordedJudge, omen_recorded_judge, OMEN, RECORDED_JUDGE, GObject)

/* Texts are told by so many bytes of their beginning, as the detector shows them to judges. */
#define OMEN_RECORDED_TEXT_MAX 1000

/* (transfer full) */
OmenRecordedJudge *omen_recorded_judge_new(void);

/* @text, cleaned by omen_text_sanitise(), was called a sign of failure with @probability. */
void omen_recorded_judge_add(OmenRecordedJudge *self, const char *text, double probability);

G_END_DECLS

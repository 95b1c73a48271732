/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The judge that ships: knows the wording of failures, and of what only sounds like one. */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

#define OMEN_TYPE_EMBEDDED_JUDGE (omen_embedded_judge_get_type())
G_DECLARE_FINAL_TYPE(OmenEmbeddedJudge, omen_embedded_judge, OMEN, EMBEDDED_JUDGE, GObject)

/* @folder: of the knowledge base. NULL with @error. */
OmenJudge *omen_embedded_judge_new(const char *folder, GError **error);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The judge that a command line names. */
#pragma once

#include <virt-omen/judge.h>

G_BEGIN_DECLS

/*
 * @name: "embedded" (NULL), "always", "never", or "recorded:FILE" and "recorded:FILE:COLUMN": a CSV
 * of "log_key,COLUMN,..." with a probability (0..1) in each column, the first by default; @texts
 * (nullable) are the templates' texts by number, without which it can't be read.
 * (transfer full): NULL with @error.
 */
OmenJudge *verdicts_file_judge(const char *name, GHashTable *texts, GError **error);

G_END_DECLS

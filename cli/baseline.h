/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engine's speed is told by, on any machine: work that no parser can leave out. */
#pragma once

#include <glib.h>

/* One pass, a byte a step: the FNV-1a hash of each token and whether it holds a digit. Returns the
 * number of tokens. */
guint baseline_tokenize(const char *text, gsize length);

/* PCRE2-JIT over the reference detector's masks, in their order. */
typedef struct _BaselineMasks BaselineMasks;
BaselineMasks *baseline_masks_new(void);
void baseline_masks_free(BaselineMasks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaselineMasks, baseline_masks_free)
gsize baseline_masks_apply(BaselineMasks *self, const char *text, gsize length);

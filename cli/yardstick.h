/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engine's speed is told by, on any machine: work that no parser can leave out. */
#pragma once

#include <glib.h>

/* One pass, a byte a step: the FNV-1a hash of each token and whether it holds a digit. Returns the
 * number of tokens. */
guint yardstick_tokenize(const char *text, gsize length);

/* PCRE2-JIT over the reference detector's masks, in their order. */
typedef struct _YardstickMasks YardstickMasks;
YardstickMasks *yardstick_masks_new(void);
void yardstick_masks_free(YardstickMasks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(YardstickMasks, yardstick_masks_free)
gsize yardstick_masks_apply(YardstickMasks *self, const char *text, gsize length);

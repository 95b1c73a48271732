/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Masks: parameters whose form is known (numbers, addresses, identifiers) become placeholders
 * before a message is cut into tokens, each mask working on the result of the one before.
 */
#pragma once

#include <virt-omen/miner.h>

G_BEGIN_DECLS

typedef struct _OmenMasks OmenMasks;

/* @user_masks come before the built-in ones, which are left out without @built_in.
 * (transfer full): NULL with @error (OMEN_MINER_ERROR_BAD_MASK). */
OmenMasks *
omen_masks_new(gboolean built_in, const OmenMask *user_masks, gsize n_user_masks, GError **error);
void omen_masks_free(OmenMasks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenMasks, omen_masks_free)

/* Replaces the contents of @text, which may be any bytes. */
void omen_masks_apply(const OmenMasks *self, GString *text);

G_END_DECLS

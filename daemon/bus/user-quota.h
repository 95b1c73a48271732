/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much of something each user holds now: one user's limit leaves the others theirs.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _OmenUserQuota OmenUserQuota;

OmenUserQuota *omen_user_quota_new(guint limit);
void omen_user_quota_free(OmenUserQuota *self);

/* FALSE: it would be more than the limit, and nothing is taken. */
gboolean omen_user_quota_take(OmenUserQuota *self, guint32 uid, guint n);
void omen_user_quota_give_back(OmenUserQuota *self, guint32 uid, guint n);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/user-quota.h"

struct _OmenUserQuota {
    guint limit;
    GHashTable *held; /* of users that hold something: uid to number */
};

OmenUserQuota *
omen_user_quota_new(guint limit)
{
    OmenUserQuota *self = g_new0(OmenUserQuota, 1);

    self->limit = limit;
    self->held = g_hash_table_new(NULL, NULL);
    return self;
}

void
omen_user_quota_free(OmenUserQuota *self)
{
    g_hash_table_unref(self->held);
    g_free(self);
}

static guint
get_held(OmenUserQuota *self, guint32 uid)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(self->held, GUINT_TO_POINTER(uid)));
}

gboolean
omen_user_quota_take(OmenUserQuota *self, guint32 uid, guint n)
{
    guint held = get_held(self, uid);

    if (n > self->limit || held > self->limit - n)
        return FALSE;
    g_hash_table_insert(self->held, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(held + n));
    return TRUE;
}

void
omen_user_quota_give_back(OmenUserQuota *self, guint32 uid, guint n)
{
    guint held = get_held(self, uid);

    if (held > n)
        g_hash_table_insert(self->held, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(held - n));
    else
        g_hash_table_remove(self->held, GUINT_TO_POINTER(uid));
}

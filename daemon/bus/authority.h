/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may do what: the one place that says yes.
 *
 * Every method of ours has a row in one table: free for all, or an action of polkit. A method
 * without a row is refused. Root may do everything and is not made to wait for polkit, which may
 * hang with the host that is to be evacuated. Anyone else is asked of polkit, asynchronously, by
 * his unique bus name (a process number could be reused meanwhile); where there is no polkit he is
 * refused.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_TYPE_AUTHORITY (omen_authority_get_type())
G_DECLARE_FINAL_TYPE(OmenAuthority, omen_authority, OMEN, AUTHORITY, GObject)

/* @connection: where callers, the bus and polkit are. */
OmenAuthority *omen_authority_new(GDBusConnection *connection);

/* What @method of @interface_name needs: an action; "" for nothing; NULL if it is not known, and so
 * refused. */
const char *omen_authority_get_action(const char *interface_name, const char *method);

/* May the sender of @invocation do what it asks? Fails with OMEN_CONTROLLER_ERROR_NOT_AUTHORIZED or
 * _BUSY (too many questions of this user are open). A user may be asked for a password, so it can
 * take minutes, if the message allows that. */
void omen_authority_check_async(OmenAuthority *self,
                                GDBusMethodInvocation *invocation,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/* @uid: whose call it is, if that had to be known; else G_MAXUINT32. */
gboolean omen_authority_check_finish(OmenAuthority *self,
                                     GAsyncResult *result,
                                     guint32 *uid,
                                     GError **error);

G_END_DECLS

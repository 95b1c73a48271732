/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/authority.h"

#include <virt-omen/bus-names.h>

#include "bus/controller.h"

#define BUS_TIMEOUT_MS     5000
#define POLKIT_TIMEOUT_MS  10000
#define DIALOG_TIMEOUT_MS  (5 * 60 * 1000)
#define MAX_OPEN_QUESTIONS 64

/* CheckAuthorizationFlags of polkit. */
#define POLKIT_ALLOW_USER_INTERACTION 1

struct _OmenAuthority {
    GObject parent_instance;

    GDBusConnection *connection;
    guint n_open;
};

G_DEFINE_TYPE(OmenAuthority, omen_authority, G_TYPE_OBJECT)

static const struct {
    const char *interface_name;
    const char *method;
    const char *action;
} rules[] = {
    {"org.virtomen1.Manager", "GetStatus", ""},
    {"org.virtomen1.Manager", "Plan", ""},
    {"org.virtomen1.Manager", "SetMode", OMEN_POLKIT_CONFIGURE},
    {"org.virtomen1.Manager", "Reload", OMEN_POLKIT_CONFIGURE},
    {"org.virtomen1.Manager", "ListNormal", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "ForgetNormal", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "ListWords", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "ForgetWord", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "Evacuate", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Manager", "Return", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Domain", "Evacuate", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Omen", "GetRecords", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Omen", "Approve", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Omen", "GetNormal", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Omen", "Dismiss", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Omen", "Confirm", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Omen", "Clear", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Evacuation", "Cancel", OMEN_POLKIT_EVACUATE},
};

static void
omen_authority_finalize(GObject *object)
{
    g_clear_object(&OMEN_AUTHORITY(object)->connection);
    G_OBJECT_CLASS(omen_authority_parent_class)->finalize(object);
}

static void
omen_authority_class_init(OmenAuthorityClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = omen_authority_finalize;
}

static void
omen_authority_init(OmenAuthority *self)
{
}

OmenAuthority *
omen_authority_new(GDBusConnection *connection)
{
    OmenAuthority *self = g_object_new(OMEN_TYPE_AUTHORITY, NULL);
    self->connection = g_object_ref(connection);
    return self;
}

const char *
omen_authority_get_action(const char *interface_name, const char *method)
{
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (g_strcmp0(rules[i].interface_name, interface_name) == 0 &&
            g_strcmp0(rules[i].method, method) == 0)
            return rules[i].action;
    }
    return NULL;
}

static void
refuse(GTask *task, const char *reason)
{
    const char *action = g_task_get_task_data(task);

    g_task_return_new_error(task, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_AUTHORIZED,
                            "%s (%s); root may", reason, action);
}

static gboolean
is_polkit_absent(const GError *error)
{
    g_autofree char *name = g_dbus_error_get_remote_error(error);

    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           (name != NULL && g_str_has_prefix(name, "org.freedesktop.DBus.Error.Spawn."));
}

static void
on_polkit_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    OmenAuthority *self = g_task_get_source_object(task);
    gboolean authorized = FALSE, challenge = FALSE;

    self->n_open--;
    if (reply == NULL) {
        refuse(task, is_polkit_absent(error) ? "polkit is not there to be asked"
                                             : "polkit gave no answer");
        return;
    }
    g_variant_get(reply, "((bba{ss}))", &authorized, &challenge, NULL);
    if (authorized)
        g_task_return_boolean(task, TRUE);
    else
        refuse(task, challenge ? "this needs a password, and there is nobody to ask for it"
                               : "polkit does not allow it");
}

static void
ask_polkit(OmenAuthority *self, GDBusMethodInvocation *invocation, GTask *task)
{
    const char *sender = g_dbus_method_invocation_get_sender(invocation);
    GDBusMessage *message = g_dbus_method_invocation_get_message(invocation);
    gboolean interactive = (g_dbus_message_get_flags(message) &
                            G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
    GVariantBuilder subject;

    if (self->n_open >= MAX_OPEN_QUESTIONS) {
        g_task_return_new_error(task, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_BUSY,
                                "too many callers wait for an authorisation; try again");
        g_object_unref(task);
        return;
    }
    self->n_open++;
    g_variant_builder_init(&subject, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&subject, "{sv}", "name", g_variant_new_string(sender));
    g_dbus_connection_call(
        self->connection, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
        "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization",
        g_variant_new("((sa{sv})sa{ss}us)", "system-bus-name", &subject,
                      (const char *) g_task_get_task_data(task), NULL,
                      interactive ? POLKIT_ALLOW_USER_INTERACTION : 0, ""),
        G_VARIANT_TYPE("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE,
        interactive ? DIALOG_TIMEOUT_MS : POLKIT_TIMEOUT_MS, NULL, on_polkit_answer, task);
}

/* The task carries the action; the invocation hangs on it until the bus has answered. */
static void
on_user_known(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
    GDBusMethodInvocation *invocation = g_object_get_data(G_OBJECT(task), "invocation");
    /* Read before the task is handed over: arguments are evaluated in no particular order. */
    OmenAuthority *self = g_task_get_source_object(task);
    guint32 uid = G_MAXUINT32;

    if (reply == NULL) {
        refuse(task, "the bus does not know who asks");
        return;
    }
    g_variant_get(reply, "(u)", &uid);
    if (uid == 0)
        g_task_return_boolean(task, TRUE);
    else
        ask_polkit(self, invocation, g_steal_pointer(&task));
}

void
omen_authority_check_async(OmenAuthority *self,
                           GDBusMethodInvocation *invocation,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(self, NULL, callback, user_data);
    const char *action =
        omen_authority_get_action(g_dbus_method_invocation_get_interface_name(invocation),
                                  g_dbus_method_invocation_get_method_name(invocation));
    const char *sender = g_dbus_method_invocation_get_sender(invocation);

    g_task_set_source_tag(task, omen_authority_check_async);
    g_task_set_task_data(task, g_strdup(action != NULL ? action : "no action"), g_free);
    if (action == NULL || sender == NULL) {
        refuse(task, "nobody but root may call this");
        return;
    }
    if (*action == '\0') {
        g_task_return_boolean(task, TRUE);
        return;
    }
    g_object_set_data_full(G_OBJECT(task), "invocation", g_object_ref(invocation), g_object_unref);
    g_dbus_connection_call(
        self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "GetConnectionUnixUser", g_variant_new("(s)", sender), G_VARIANT_TYPE("(u)"),
        G_DBUS_CALL_FLAGS_NONE, BUS_TIMEOUT_MS, NULL, on_user_known, g_steal_pointer(&task));
}

gboolean
omen_authority_check_finish(OmenAuthority *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
    return g_task_propagate_boolean(G_TASK(result), error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/authority.h"

#include <virt-omen/bus-names.h>

#include "bus/controller.h"
#include "bus/user-quota.h"

#define BUS_TIMEOUT_MS    5000
#define POLKIT_TIMEOUT_MS 10000
#define DIALOG_TIMEOUT_MS (5 * 60 * 1000)
/* Of one user, that are open. One with a dialog, which may stay open for minutes, counts as many.
 */
#define MAX_QUESTIONS 64
#define DIALOG_WEIGHT 16

/* CheckAuthorizationFlags of polkit. */
#define POLKIT_ALLOW_USER_INTERACTION 1

struct _OmenAuthority {
    GObject parent_instance;

    GDBusConnection *connection;
    OmenUserQuota *questions; /* that polkit has not answered yet */
    guint64 n_asked;
};

G_DEFINE_TYPE(OmenAuthority, omen_authority, G_TYPE_OBJECT)

static const struct {
    const char *interface_name;
    const char *method;
    const char *action;
} rules[] = {
    {"org.virtomen1.Manager", "GetStatus", ""},
    {"org.virtomen1.Manager", "Plan", ""},
    {"org.virtomen1.Manager", "ListFleet", OMEN_POLKIT_CONFIGURE},
    {"org.virtomen1.Manager", "SetMaintenance", OMEN_POLKIT_CONFIGURE},
    {"org.virtomen1.Manager", "SetMode", OMEN_POLKIT_CONFIGURE},
    {"org.virtomen1.Manager", "Reload", OMEN_POLKIT_CONFIGURE},
    {"org.virtomen1.Manager", "ListNormal", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "ForgetNormal", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "ListWords", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "ForgetWord", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "ListAccepted", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "ForgetAccepted", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Manager", "Evacuate", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Manager", "Return", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Manager", "Drain", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Manager", "Undrain", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Manager", "AbortDrain", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Manager", "GetDrain", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Domain", "Evacuate", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Omen", "GetRecords", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Omen", "Approve", OMEN_POLKIT_EVACUATE},
    {"org.virtomen1.Omen", "GetNormal", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Omen", "Dismiss", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Omen", "Confirm", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Omen", "Clear", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Omen", "Accept", OMEN_POLKIT_JUDGE},
    {"org.virtomen1.Evacuation", "Cancel", OMEN_POLKIT_EVACUATE},
};

static void
omen_authority_finalize(GObject *object)
{
    OmenAuthority *self = OMEN_AUTHORITY(object);

    g_clear_object(&self->connection);
    omen_user_quota_free(self->questions);
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
    self->questions = omen_user_quota_new(MAX_QUESTIONS);
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

/* One caller who waits for a yes; belongs to its task. */
typedef struct {
    OmenAuthority *authority; /* owned */
    const char *action;
    GDBusMethodInvocation *invocation;
    guint32 uid;
    guint weight;
    GCancellable *cancellable;
    char *cancellation_id; /* (nullable): polkit is asked by this name */
    guint watch;           /* of the caller's leaving */
} Check;

static void
check_free(gpointer data)
{
    Check *self = data;

    if (self->watch)
        g_dbus_connection_signal_unsubscribe(self->authority->connection, self->watch);
    g_clear_object(&self->invocation);
    g_clear_object(&self->cancellable);
    g_object_unref(self->authority);
    g_free(self->cancellation_id);
    g_free(self);
}

static void
refuse(GTask *task, const char *reason)
{
    const Check *check = g_task_get_task_data(task);

    g_task_return_new_error(task, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_NOT_AUTHORIZED,
                            "%s (%s); use root", reason, check->action);
}

static gboolean
is_polkit_absent(const GError *error)
{
    g_autofree char *name = g_dbus_error_get_remote_error(error);

    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           (name != NULL && g_str_has_prefix(name, "org.freedesktop.DBus.Error.Spawn."));
}

/* ---- questions to polkit ---- */

static void
on_polkit_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    Check *check = g_task_get_task_data(task);
    gboolean authorized = FALSE, challenge = FALSE;

    omen_user_quota_give_back(check->authority->questions, check->uid, check->weight);
    if (reply == NULL) {
        refuse(task, is_polkit_absent(error) ? "polkit is not running" : "polkit gave no answer");
        return;
    }
    g_variant_get(reply, "((bba{ss}))", &authorized, &challenge, NULL);
    if (authorized)
        g_task_return_boolean(task, TRUE);
    else
        refuse(task, challenge ? "this needs a password, and the caller cannot be asked for one"
                               : "polkit does not allow it");
}

static void
call_polkit(OmenAuthority *self,
            const char *method,
            GVariant *parameters,
            const char *reply_type,
            int timeout_ms,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
    g_dbus_connection_call(self->connection, "org.freedesktop.PolicyKit1",
                           "/org/freedesktop/PolicyKit1/Authority",
                           "org.freedesktop.PolicyKit1.Authority", method, parameters,
                           reply_type ? G_VARIANT_TYPE(reply_type) : NULL, G_DBUS_CALL_FLAGS_NONE,
                           timeout_ms, cancellable, callback, user_data);
}

/* The dialog of one who left would stay open for minutes. */
static void
on_owner_changed(GDBusConnection *connection G_GNUC_UNUSED,
                 const char *sender G_GNUC_UNUSED,
                 const char *path G_GNUC_UNUSED,
                 const char *interface G_GNUC_UNUSED,
                 const char *signal G_GNUC_UNUSED,
                 GVariant *parameters G_GNUC_UNUSED,
                 gpointer user_data)
{
    Check *check = user_data;

    call_polkit(check->authority, "CancelCheckAuthorization",
                g_variant_new("(s)", check->cancellation_id), NULL, POLKIT_TIMEOUT_MS, NULL, NULL,
                NULL);
    g_cancellable_cancel(check->cancellable);
}

static void
watch_caller(Check *check, const char *sender)
{
    OmenAuthority *self = check->authority;

    check->cancellation_id = g_strdup_printf("virt-omend-%" G_GUINT64_FORMAT, ++self->n_asked);
    check->watch = g_dbus_connection_signal_subscribe(
        self->connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", sender, G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, check, NULL);
}

/* Takes @task. */
static void
ask_polkit(GTask *task)
{
    Check *check = g_task_get_task_data(task);
    const char *sender = g_dbus_method_invocation_get_sender(check->invocation);
    GDBusMessage *message = g_dbus_method_invocation_get_message(check->invocation);
    gboolean interactive = (g_dbus_message_get_flags(message) &
                            G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
    GVariantBuilder subject;

    check->weight = interactive ? DIALOG_WEIGHT : 1;
    if (!omen_user_quota_take(check->authority->questions, check->uid, check->weight)) {
        g_task_return_new_error(task, OMEN_CONTROLLER_ERROR, OMEN_CONTROLLER_ERROR_BUSY,
                                "too many calls of this user wait for an authorisation");
        g_object_unref(task);
        return;
    }
    watch_caller(check, sender);
    g_variant_builder_init(&subject, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&subject, "{sv}", "name", g_variant_new_string(sender));
    call_polkit(check->authority, "CheckAuthorization",
                g_variant_new("((sa{sv})sa{ss}us)", "system-bus-name", &subject, check->action,
                              NULL, interactive ? POLKIT_ALLOW_USER_INTERACTION : 0,
                              check->cancellation_id),
                "((bba{ss}))", interactive ? DIALOG_TIMEOUT_MS : POLKIT_TIMEOUT_MS,
                check->cancellable, on_polkit_answer, task);
}

static void
on_user_known(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GTask) task = user_data;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
    Check *check = g_task_get_task_data(task);

    if (reply == NULL) {
        refuse(task, "D-Bus does not know the caller");
        return;
    }
    g_variant_get(reply, "(u)", &check->uid);
    if (check->uid == 0 || *check->action == '\0')
        g_task_return_boolean(task, TRUE);
    else
        ask_polkit(g_steal_pointer(&task));
}

void
omen_authority_check_async(OmenAuthority *self,
                           GDBusMethodInvocation *invocation,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(self, NULL, callback, user_data);
    const char *method = g_dbus_method_invocation_get_method_name(invocation);
    const char *action =
        omen_authority_get_action(g_dbus_method_invocation_get_interface_name(invocation), method);
    const char *sender = g_dbus_method_invocation_get_sender(invocation);
    Check *check = g_new0(Check, 1);

    check->authority = g_object_ref(self);
    check->action = action != NULL ? action : "no action";
    check->uid = G_MAXUINT32;
    check->cancellable = g_cancellable_new();
    g_task_set_source_tag(task, omen_authority_check_async);
    g_task_set_task_data(task, check, check_free);
    if (action == NULL || sender == NULL) {
        refuse(task, "only root may call this");
        return;
    }
    /* What is free for all and cheap. */
    if (*action == '\0' && !g_str_equal(method, "Plan")) {
        g_task_return_boolean(task, TRUE);
        return;
    }
    check->invocation = g_object_ref(invocation);
    g_dbus_connection_call(
        self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "GetConnectionUnixUser", g_variant_new("(s)", sender), G_VARIANT_TYPE("(u)"),
        G_DBUS_CALL_FLAGS_NONE, BUS_TIMEOUT_MS, NULL, on_user_known, g_steal_pointer(&task));
}

gboolean
omen_authority_check_finish(OmenAuthority *self, GAsyncResult *result, guint32 *uid, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
    *uid = ((const Check *) g_task_get_task_data(G_TASK(result)))->uid;
    return g_task_propagate_boolean(G_TASK(result), error);
}

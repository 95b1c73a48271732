/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attacker.h"

#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <virt-omen/bus-names.h>

#define MANY      20000
#define N_DIALOGS 100

static GDBusMessage *
make_call(const char *method, GVariant *body, GDBusMessageFlags flags)
{
    GDBusMessage *message = g_dbus_message_new_method_call(OMEN_BUS_NAME, OMEN_BUS_MANAGER_PATH,
                                                           "org.virtomen1.Manager", method);

    g_dbus_message_set_body(message, body);
    g_dbus_message_set_flags(message, flags);
    return message;
}

static GDBusMessage *
make_set_mode(const char *mode, GDBusMessageFlags flags)
{
    return make_call("SetMode", g_variant_new("(s@a{sv})", mode, g_variant_new("a{sv}", NULL)),
                     flags);
}

static void
send_many(GDBusConnection *connection, guint n, GDBusMessageFlags flags)
{
    for (guint i = 0; i < n; i++) {
        g_autoptr(GDBusMessage) message = make_set_mode("enforce", flags);
        g_dbus_connection_send_message(connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                       NULL);
    }
    g_dbus_connection_flush_sync(connection, NULL, NULL);
}

static char *
send_one(GDBusConnection *connection, GDBusMessage *message)
{
    g_autoptr(GDBusMessage) reply = g_dbus_connection_send_message_with_reply_sync(
        connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, 20000, NULL, NULL, NULL);

    g_object_unref(message);
    return g_strdup(reply ? g_dbus_message_get_error_name(reply) : "no answer");
}

static GVariant *
make_names(void)
{
    GVariantBuilder names;

    g_variant_builder_init(&names, G_VARIANT_TYPE("as"));
    for (guint i = 0; i < 300000; i++)
        g_variant_builder_add(&names, "s", "g1");
    return g_variant_new("(ass@a{sv})", &names, "", g_variant_new("a{sv}", NULL));
}

void
attacker_run(GDBusConnection *connection, const char *attack)
{
    g_autofree char *said = g_strdup("sent");

    if (g_str_equal(attack, "unheard")) {
        send_many(connection, MANY, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
    } else if (g_str_equal(attack, "dialogs")) {
        send_many(connection, N_DIALOGS, G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
    } else if (g_str_equal(attack, "big")) {
        g_autofree char *mode = g_strnfill(8 * 1024 * 1024, 'x');
        g_free(said);
        said = send_one(connection, make_set_mode(mode, G_DBUS_MESSAGE_FLAGS_NONE));
    } else if (g_str_equal(attack, "names")) {
        g_free(said);
        said = send_one(connection, make_call("Plan", make_names(), G_DBUS_MESSAGE_FLAGS_NONE));
    } else if (g_str_equal(attack, "files")) {
        GDBusMessage *message = make_set_mode("enforce", G_DBUS_MESSAGE_FLAGS_NONE);
        g_autoptr(GUnixFDList) files = g_unix_fd_list_new();
        g_unix_fd_list_append(files, 0, NULL);
        g_dbus_message_set_unix_fd_list(message, files);
        g_free(said);
        said = send_one(connection, message);
    }
    puts(said);
    fflush(stdout);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A local user against the bus: what he holds, and how long others wait for it. */
#include <unistd.h>
#include <virt-omen/bus-names.h>

#include "attacker.h"
#include "bus/bus-gate.h"
#include "private-bus.h"

#define MANAGER     "org.virtomen1.Manager"
#define MAX_WAIT_US G_USEC_PER_SEC

static GVariant *
no_options(void)
{
    return g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL));
}

/* How long root waits for an answer while it goes on. */
static void
check_wait(PrivateBus *bus)
{
    gint64 longest_us = 0;

    for (guint i = 0; i < 5; i++) {
        gint64 began_us = g_get_monotonic_time();
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = private_bus_call(bus, OMEN_BUS_MANAGER_PATH, MANAGER,
                                                     "GetStatus", no_options(), &error);
        g_assert_no_error(error);
        g_assert_nonnull(reply);
        longest_us = MAX(longest_us, g_get_monotonic_time() - began_us);
    }
    g_test_message("root waits %.3f s", (double) longest_us / G_USEC_PER_SEC);
    g_assert_cmpint(longest_us, <, MAX_WAIT_US);
}

static void
test_unheard(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *said = NULL;
    GSubprocess *attacker = private_bus_attack(bus, "unheard", &said);

    g_assert_cmpstr(said, ==, "sent");
    check_wait(bus);
    /* Nothing of it was done. */
    g_assert_cmpstr(bus->controller->calls->str, ==, "");
    private_bus_end_attack(attacker);
    check_wait(bus);
}

/* After a flood of them, a call whose answer is not wanted is done as ever. */
static void
test_no_reply_works(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    for (guint i = 0; i < 3 * OMEN_BUS_GATE_MAX_SENDER_CALLS; i++) {
        g_autoptr(GDBusMessage) message = g_dbus_message_new_method_call(
            OMEN_BUS_NAME, OMEN_BUS_MANAGER_PATH, MANAGER, "SetMode");
        g_dbus_message_set_body(
            message, g_variant_new("(s@a{sv})", "observe", g_variant_new("a{sv}", NULL)));
        g_dbus_message_set_flags(message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
        g_dbus_connection_send_message(bus->connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                       NULL, NULL);
        private_bus_run_for(2);
    }
    check_wait(bus);
    g_assert_cmpstr(bus->controller->mode, ==, "observe");
}

static void
check_refused(PrivateBus *bus, const char *attack)
{
    g_autofree char *said = NULL;
    GSubprocess *attacker = private_bus_attack(bus, attack, &said);

    g_assert_cmpstr(said, ==, OMEN_BUS_ERROR_PREFIX "Busy");
    private_bus_end_attack(attacker);
    check_wait(bus);
}

static void
test_big(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    check_refused(bus, "big");
}

static void
test_names(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    check_refused(bus, "names");
}

static void
test_files(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    check_refused(bus, "files");
}

static gboolean
has_withdrawn(gpointer data)
{
    const PrivateBus *bus = data;

    return bus->n_withdrawn >= bus->dialogs->len;
}

/* His own dialogs are few, hold up nobody else, and end when he leaves. */
static void
test_dialogs(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *said = NULL;
    GSubprocess *attacker;

    if (geteuid() != 0) {
        g_test_skip("needs root, to be two users");
        return;
    }
    private_bus_start_polkit(bus);
    bus->answer = POLKIT_DIALOG;
    attacker = private_bus_attack(bus, "dialogs", &said);
    private_bus_run_for(200);
    g_assert_cmpuint(bus->dialogs->len, >, 0);
    g_assert_cmpuint(bus->dialogs->len, <, 10);
    g_autofree char *other =
        private_bus_call_as(bus, OPERATOR, OMEN_BUS_MANAGER_PATH, MANAGER, "Reload");
    g_assert_cmpstr(other, ==, "ok");
    private_bus_end_attack(attacker);
    g_assert_true(private_bus_run_until(has_withdrawn, bus));
    /* The same user has his places back. */
    g_autofree char *again =
        private_bus_call_as(bus, NOBODY, OMEN_BUS_MANAGER_PATH, MANAGER, "Reload");
    g_assert_cmpstr(again, ==, "ok");
}

#define ADD(name, function)                                                                        \
    g_test_add(name, PrivateBus, NULL, private_bus_set_up, function, private_bus_tear_down)

int
main(int argc, char **argv)
{
    private_bus_maybe_be_another(argc, argv, attacker_run);
    g_test_init(&argc, &argv, NULL);
    ADD("/attacks/bus/unheard", test_unheard);
    ADD("/attacks/bus/no-reply-works", test_no_reply_works);
    ADD("/attacks/bus/big", test_big);
    ADD("/attacks/bus/names", test_names);
    ADD("/attacks/bus/files", test_files);
    ADD("/attacks/bus/dialogs", test_dialogs);
    return g_test_run();
}

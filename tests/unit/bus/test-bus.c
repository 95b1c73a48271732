/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <omen-dbus.h>
#include <string.h>
#include <unistd.h>
#include <virt-omen/bus-names.h>

#include "bus/authority.h"
#include "private-bus.h"

#define MANAGER "org.virtomen1.Manager"
#define OMEN    "org.virtomen1.Omen"

static GVariant *
no_options(void)
{
    return g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL));
}

static Omen *
raise_omen_for(PrivateBus *bus, const char *line, gint64 lifetime_us)
{
    OmenData *sign = omen_data_new();
    gint64 now = g_get_real_time();

    sign->is_proven = TRUE;
    g_free(sign->stream);
    sign->stream = g_strdup("host");
    sign->time_us = now;
    sign->expires_us = now + lifetime_us;
    sign->scope = OMEN_SCOPE_HOST;
    sign->failure_class = OMEN_FAILURE_MEMORY;
    sign->probability = 0.9;
    g_ptr_array_add(sign->records, g_strdup(line));
    return omen_registry_raise(bus->controller->omens, sign, NULL);
}

static Omen *
raise_omen(PrivateBus *bus, const char *line)
{
    return raise_omen_for(bus, line, G_TIME_SPAN_HOUR);
}

/* (transfer full): what GetManagedObjects gives. */
static GVariant *
get_objects(PrivateBus *bus)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        private_bus_call(bus, OMEN_BUS_ROOT, "org.freedesktop.DBus.ObjectManager",
                         "GetManagedObjects", NULL, &error);

    g_assert_no_error(error);
    return g_variant_get_child_value(reply, 0);
}

static guint
count_objects(PrivateBus *bus, const char *interface)
{
    g_autoptr(GVariant) objects = get_objects(bus);
    GVariantIter iter;
    GVariant *interfaces;
    guint n = 0;

    g_variant_iter_init(&iter, objects);
    while (g_variant_iter_loop(&iter, "{o@a{sa{sv}}}", NULL, &interfaces)) {
        g_autoptr(GVariant) found = g_variant_lookup_value(interfaces, interface, NULL);
        n += found ? 1 : 0;
    }
    return n;
}

static GVariant *
get_property(PrivateBus *bus, const char *path, const char *interface, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        private_bus_call(bus, path, "org.freedesktop.DBus.Properties", "Get",
                         g_variant_new("(ss)", interface, name), &error);
    GVariant *value = NULL;

    g_assert_no_error(error);
    g_variant_get(reply, "(v)", &value);
    return value;
}

static void
assert_refused(PrivateBus *bus, const char *method, GVariant *parameters, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        private_bus_call(bus, OMEN_BUS_MANAGER_PATH, MANAGER, method, parameters, &error);
    g_assert_null(reply);
    g_autofree char *got = g_dbus_error_get_remote_error(error);
    g_assert_cmpstr(got, ==, name);
}

static gboolean
needs_root(void)
{
    if (geteuid() == 0)
        return FALSE;
    g_test_skip("calls as root");
    return TRUE;
}

static void
test_rules(void)
{
    GDBusInterfaceInfo *const interfaces[] = {
        omen_dbus_manager_interface_info(),    omen_dbus_host_interface_info(),
        omen_dbus_domain_interface_info(),     omen_dbus_omen_interface_info(),
        omen_dbus_evacuation_interface_info(),
    };

    for (guint i = 0; i < G_N_ELEMENTS(interfaces); i++) {
        for (guint m = 0; interfaces[i]->methods && interfaces[i]->methods[m]; m++)
            g_assert_nonnull(
                omen_authority_get_action(interfaces[i]->name, interfaces[i]->methods[m]->name));
    }
    g_assert_null(omen_authority_get_action(MANAGER, "Approve"));
    g_assert_null(omen_authority_get_action(MANAGER, ""));
    g_assert_null(omen_authority_get_action(NULL, NULL));
    g_assert_cmpstr(omen_authority_get_action(MANAGER, "Evacuate"), ==, OMEN_POLKIT_EVACUATE);
    g_assert_cmpstr(omen_authority_get_action(OMEN, "GetRecords"), ==, OMEN_POLKIT_JUDGE);
}

static void
test_tree(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpuint(count_objects(bus, MANAGER), ==, 1);
    g_assert_cmpuint(count_objects(bus, "org.virtomen1.Domain"), ==, 2);
    g_assert_cmpuint(count_objects(bus, "org.virtomen1.Host"), ==, 2);
    g_assert_cmpuint(count_objects(bus, OMEN), ==, 0);

    raise_omen(bus, "EDAC MC0: 1 UE");
    fake_controller_add_evacuation(bus->controller, OMEN_PHASE_RUNNING);
    g_assert_cmpuint(count_objects(bus, OMEN), ==, 1);
    g_assert_cmpuint(count_objects(bus, "org.virtomen1.Evacuation"), ==, 1);
    g_autoptr(GVariant) open = get_property(bus, OMEN_BUS_OMENS_PATH "/1", OMEN, "Open");
    g_assert_true(g_variant_get_boolean(open));

    g_ptr_array_set_size(bus->controller->domains, 1);
    private_bus_run_for(2200);
    g_assert_cmpuint(count_objects(bus, "org.virtomen1.Domain"), ==, 1);
}

/* Names that differ are objects that differ, and none is this host's. */
static void
test_host_names(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    const char *const names[] = {"beta-1", "beta_1", "beta.1", g_get_host_name()};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_ptr_array_add(bus->controller->destinations, g_strdup(names[i]));
    private_bus_run_for(2200);
    g_assert_cmpuint(count_objects(bus, "org.virtomen1.Host"), ==, 6);

    /* A reload took them out of the configuration. */
    g_ptr_array_set_size(bus->controller->destinations, 1);
    private_bus_run_for(2200);
    g_assert_cmpuint(count_objects(bus, "org.virtomen1.Host"), ==, 2);
}

static void
test_status(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    bus->controller->records = 4711;
    g_autoptr(GVariant) reply =
        private_bus_call(bus, OMEN_BUS_MANAGER_PATH, MANAGER, "GetStatus", no_options(), &error);

    g_assert_no_error(error);
    g_autofree char *text = g_variant_print(reply, FALSE);
    g_assert_nonnull(strstr(text, "'mode': <'advise'>"));
    g_assert_nonnull(strstr(text, "'records': <uint64 4711>"));
    g_assert_nonnull(strstr(text, "'trusted': <true>"));
    g_assert_nonnull(strstr(text, "'name': <'g2'>"));
    g_assert_nonnull(strstr(text, "the state database is full"));
    g_assert_null(strstr(text, "pressure"));

    g_autoptr(GVariant) more = private_bus_call(
        bus, OMEN_BUS_MANAGER_PATH, MANAGER, "GetStatus",
        g_variant_new_parsed("({'pressure': <true>, 'scores': <'day'>},)"), &error);
    g_assert_no_error(error);
    g_autofree char *both = g_variant_print(more, FALSE);
    g_assert_nonnull(strstr(both, "'cpu': <[-1.0, 12.5]>"));
    g_assert_nonnull(strstr(both, "'io': <[-1.0, 0.0]>"));
    g_assert_nonnull(strstr(both, "'scores': <[0.0, 0.0, 0.0, 0.75]>"));
}

static void
test_calls(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    const char *const domains[] = {"g1", "g2", NULL};

    if (needs_root())
        return;
    g_autoptr(GVariant) reply = private_bus_call(
        bus, OMEN_BUS_MANAGER_PATH, MANAGER, "Evacuate",
        g_variant_new("(^ass@a{sv})", domains, "", g_variant_new("a{sv}", NULL)), &error);
    g_assert_no_error(error);
    g_autofree char *text = g_variant_print(reply, FALSE);
    g_assert_cmpstr(text, ==,
                    "(['" OMEN_BUS_EVACUATIONS_PATH "/1', '" OMEN_BUS_EVACUATIONS_PATH "/2'],)");

    raise_omen(bus, "secret line");
    g_autoptr(GVariant) records =
        private_bus_call(bus, OMEN_BUS_OMENS_PATH "/1", OMEN, "GetRecords", no_options(), &error);
    g_assert_no_error(error);
    g_autofree char *lines = g_variant_print(records, FALSE);
    g_assert_cmpstr(lines, ==, "(['secret line'],)");
    const char *const methods[] = {"Approve", "Dismiss", "Confirm", "Clear", "Accept"};
    for (guint i = 0; i < G_N_ELEMENTS(methods); i++) {
        g_autoptr(GVariant) done =
            private_bus_call(bus, OMEN_BUS_OMENS_PATH "/1", OMEN, methods[i], no_options(), &error);
        g_assert_no_error(error);
        g_assert_nonnull(done);
    }
    g_autoptr(GVariant) cancelled =
        private_bus_call(bus, OMEN_BUS_EVACUATIONS_PATH "/2", "org.virtomen1.Evacuation", "Cancel",
                         no_options(), &error);
    g_assert_no_error(error);
    g_assert_nonnull(cancelled);
    g_assert_cmpstr(
        bus->controller->calls->str, ==,
        "evacuate g1,g2 to any;approve 1;dismiss 1;confirm 1;clear 1;accept 1;cancel 2;");
}

/* Whatever went wrong inside, a caller gets one of our names, and text that is fit to be shown. */
static void
test_errors(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    if (needs_root())
        return;
    g_set_error_literal(&bus->controller->next_error, OMEN_CONTROLLER_ERROR,
                        OMEN_CONTROLLER_ERROR_NO_DESTINATION, "none");
    assert_refused(bus, "Reload", no_options(), "org.virtomen1.Error.NoDestination");
    g_set_error_literal(&bus->controller->next_error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "none");
    assert_refused(bus, "Reload", no_options(), "org.virtomen1.Error.Failed");

    g_autoptr(GError) error = NULL;
    g_set_error_literal(&bus->controller->next_error, OMEN_CONTROLLER_ERROR,
                        OMEN_CONTROLLER_ERROR_FAILED, "two\nlines \033[2J");
    g_autoptr(GVariant) reply =
        private_bus_call(bus, OMEN_BUS_MANAGER_PATH, MANAGER, "Reload", no_options(), &error);
    g_assert_null(reply);
    g_assert_null(strchr(error->message, '\n'));
    g_assert_null(strchr(error->message, '\033'));
}

static void
test_nobody(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    raise_omen(bus, "secret line");
    g_autofree char *status =
        private_bus_call_as(bus, NOBODY, OMEN_BUS_MANAGER_PATH, MANAGER, "GetStatus");
    g_assert_cmpstr(status, ==, "ok");
    g_autofree char *no_polkit =
        private_bus_call_as(bus, NOBODY, OMEN_BUS_MANAGER_PATH, MANAGER, "Reload");
    g_assert_cmpstr(no_polkit, ==, "org.virtomen1.Error.NotAuthorized");

    private_bus_start_polkit(bus);
    const PolkitAnswer refusals[] = {POLKIT_NO, POLKIT_CHALLENGE};
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        bus->answer = refusals[i];
        g_autofree char *refused =
            private_bus_call_as(bus, NOBODY, OMEN_BUS_OMENS_PATH "/1", OMEN, "GetRecords");
        g_assert_cmpstr(refused, ==, "org.virtomen1.Error.NotAuthorized");
    }
    g_assert_cmpstr(bus->controller->calls->str, ==, "");

    bus->answer = POLKIT_YES;
    g_autofree char *allowed =
        private_bus_call_as(bus, NOBODY, OMEN_BUS_OMENS_PATH "/1", OMEN, "Dismiss");
    g_assert_cmpstr(allowed, ==, "ok");
    g_assert_cmpstr(bus->controller->calls->str, ==, "dismiss 1;");
    g_assert_cmpstr(bus->asked_action, ==, OMEN_POLKIT_JUDGE);
    g_assert_cmpstr(bus->asked_subject, ==, "system-bus-name");
    g_assert_cmpuint(bus->asked_flags, ==, 0);
}

static void
on_changed(GDBusConnection *connection G_GNUC_UNUSED,
           const char *sender G_GNUC_UNUSED,
           const char *path G_GNUC_UNUSED,
           const char *interface G_GNUC_UNUSED,
           const char *signal G_GNUC_UNUSED,
           GVariant *parameters G_GNUC_UNUSED,
           gpointer user_data)
{
    (*(guint *) user_data)++;
}

/* A flood of records is no flood on the bus; what an operator waits for comes at once. */
static void
test_flood(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    Omen *omen = raise_omen(bus, "first");
    guint n_signals = 0;

    private_bus_run_for(50);
    guint watch = g_dbus_connection_signal_subscribe(
        bus->connection, NULL, "org.freedesktop.DBus.Properties", "PropertiesChanged",
        OMEN_BUS_OMENS_PATH "/1", NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_changed, &n_signals, NULL);
    g_autoptr(OmenData) again = omen_data_copy(omen_get_data(omen));
    gint64 end = g_get_monotonic_time() + 2 * G_TIME_SPAN_SECOND;
    while (g_get_monotonic_time() < end) {
        omen_join(omen, again);
        private_bus_run_for(1);
    }
    g_test_message("%u signals in 2 s", n_signals);
    g_assert_cmpuint(n_signals, <=, 4);
    g_assert_cmpuint(n_signals, >=, 1);

    n_signals = 0;
    omen_set_action(omen, OMEN_ACTION_EVACUATING);
    private_bus_run_for(100);
    g_assert_cmpuint(n_signals, >=, 1);
    g_autoptr(GVariant) action = get_property(bus, OMEN_BUS_OMENS_PATH "/1", OMEN, "Action");
    g_assert_cmpstr(g_variant_get_string(action, NULL), ==, "evacuating");
    g_dbus_connection_signal_unsubscribe(bus->connection, watch);
}

/* An omen that passes by itself says so, whatever was done about it. */
static void
test_open_ends(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    Omen *omen = raise_omen_for(bus, "first", G_TIME_SPAN_SECOND / 2);

    omen_set_action(omen, OMEN_ACTION_FINISHED);
    private_bus_run_for(2200);
    g_autoptr(GVariant) open = get_property(bus, OMEN_BUS_OMENS_PATH "/1", OMEN, "Open");
    g_assert_false(g_variant_get_boolean(open));
}

static void
test_evacuations_are_bounded(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    fake_controller_add_evacuation(bus->controller, OMEN_PHASE_RUNNING);
    for (guint i = 0; i < 1200; i++)
        fake_controller_add_evacuation(bus->controller, OMEN_PHASE_SUCCEEDED);
    g_assert_cmpuint(count_objects(bus, "org.virtomen1.Evacuation"), <=, 1001);
    /* What still runs stays, however old it is. */
    g_autoptr(GVariant) phase =
        get_property(bus, OMEN_BUS_EVACUATIONS_PATH "/1", "org.virtomen1.Evacuation", "Phase");
    g_assert_cmpstr(g_variant_get_string(phase, NULL), ==, "running");
}

static void
on_plan(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    GString *answers = user_data;

    if (reply) {
        g_autofree char *text = g_variant_print(reply, FALSE);
        g_assert_nonnull(strstr(text, "'reason': <'no room anywhere'>"));
        g_assert_nonnull(strstr(text, "'downtime_ms': <uint32 30>"));
        g_assert_true(g_str_has_prefix(text, "(123000045, "));
        g_string_append_c(answers, '+');
        return;
    }
    g_autofree char *name = g_dbus_error_get_remote_error(error);
    g_assert_cmpstr(name, ==, "org.virtomen1.Error.Busy");
    g_string_append_c(answers, '-');
}

/* Anyone may ask for a plan; nobody can keep the destinations busy with it. */
static void
test_plans_are_bounded(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    const char *const domains[] = {NULL};
    g_autoptr(GString) answers = g_string_new(NULL);

    for (guint round = 0; round < 2; round++) {
        g_string_truncate(answers, 0);
        for (guint i = 0; i < 10; i++)
            g_dbus_connection_call(
                bus->connection, OMEN_BUS_NAME, OMEN_BUS_MANAGER_PATH, MANAGER, "Plan",
                g_variant_new_parsed("(%^as, '', {'within_s': <uint32 45>})", domains), NULL,
                G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_plan, answers);
        private_bus_run_for(200);
        g_assert_cmpstr(answers->str, ==, "------");
        fake_controller_answer_plans(bus->controller);
        private_bus_run_for(100);
        g_assert_cmpstr(answers->str, ==, "------++++");
    }
}

static void
count_lost(OmenBus *bus G_GNUC_UNUSED, guint *n)
{
    (*n)++;
}

static void
test_second_daemon(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenBus) second = omen_bus_new(OMEN_CONTROLLER(bus->controller));
    g_autoptr(GError) error = NULL;
    guint n_lost = 0;

    g_signal_connect(second, "lost", G_CALLBACK(count_lost), &n_lost);
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*another virt-omend*");
    g_assert_true(omen_bus_start(second, bus->address, &error));
    private_bus_run_for(200);
    g_test_assert_expected_messages();
    g_assert_cmpuint(n_lost, ==, 1);
}

/* The daemon goes while a caller waits for his authorisation. */
static void
test_end_in_the_middle(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    for (guint i = 0; i < 20; i++)
        g_dbus_connection_call(bus->connection, OMEN_BUS_NAME, OMEN_BUS_MANAGER_PATH, MANAGER,
                               "Reload", no_options(), NULL, G_DBUS_CALL_FLAGS_NONE, 2000, NULL,
                               NULL, NULL);
    g_dbus_connection_flush_sync(bus->connection, NULL, NULL);
    for (guint i = 0; i < 3; i++)
        g_main_context_iteration(NULL, FALSE);
    g_object_run_dispose(G_OBJECT(bus->bus));
    g_clear_object(&bus->bus);
    private_bus_run_for(300);
}

#define ADD(name, function)                                                                        \
    g_test_add(name, PrivateBus, NULL, private_bus_set_up, function, private_bus_tear_down)

int
main(int argc, char **argv)
{
    private_bus_maybe_be_another(argc, argv, NULL);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/rules", test_rules);
    ADD("/bus/tree", test_tree);
    ADD("/bus/host-names", test_host_names);
    ADD("/bus/status", test_status);
    ADD("/bus/calls", test_calls);
    ADD("/bus/errors", test_errors);
    ADD("/bus/nobody", test_nobody);
    ADD("/bus/flood", test_flood);
    ADD("/bus/open-ends", test_open_ends);
    ADD("/bus/evacuations-are-bounded", test_evacuations_are_bounded);
    ADD("/bus/plans-are-bounded", test_plans_are_bounded);
    ADD("/bus/second-daemon", test_second_daemon);
    ADD("/bus/end-in-the-middle", test_end_in_the_middle);
    return g_test_run();
}

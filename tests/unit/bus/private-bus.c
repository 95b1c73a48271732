/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "private-bus.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <virt-omen/bus-names.h>

static const char configuration[] =
    "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN'"
    " 'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>"
    "<busconfig><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>"
    "<policy context='default'><allow user='*'/><allow own='*'/>"
    "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>"
    "</policy></busconfig>";

static const char polkit_xml[] =
    "<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
    "<method name='CheckAuthorization'><arg type='(sa{sv})' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='a{ss}' direction='in'/>"
    "<arg type='u' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='(bba{ss})' direction='out'/></method>"
    "<method name='CancelCheckAuthorization'><arg type='s' direction='in'/></method>"
    "</interface></node>";

GDBusConnection *
private_bus_connect(PrivateBus *self)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *connection =
        g_dbus_connection_new_for_address_sync(self->address,
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);

    g_assert_no_error(error);
    return connection;
}

/* A test that aborts leaves no bus behind. */
static void
die_with_parent(gpointer data G_GNUC_UNUSED)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void
start_daemon(PrivateBus *self)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(self->directory, "bus.conf", NULL);
    g_autofree char *text = g_strdup_printf(configuration, self->directory);
    g_autofree char *option = g_strdup_printf("--config-file=%s", path);
    g_autofree char *socket = g_build_filename(self->directory, "bus", NULL);
    g_autoptr(GDataInputStream) words = NULL;
    g_autofree char *line = NULL;
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        (GSubprocessFlags) (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE));

    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
    self->daemon = g_subprocess_launcher_spawn(launcher, &error, "dbus-daemon", option, "--nofork",
                                               "--nopidfile", "--print-address", NULL);
    g_assert_no_error(error);
    /* It prints its address when it listens. */
    words = g_data_input_stream_new(g_subprocess_get_stdout_pipe(self->daemon));
    line = g_data_input_stream_read_line(words, NULL, NULL, NULL);
    g_assert_nonnull(line);
    self->address = g_strdup_printf("unix:path=%s", socket);
}

static gboolean
has_name(gpointer data)
{
    PrivateBus *self = data;
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "NameHasOwner", g_variant_new("(s)", OMEN_BUS_NAME), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
        NULL);
    gboolean owned = FALSE;

    g_variant_get(reply, "(b)", &owned);
    return owned;
}

void
private_bus_set_up(PrivateBus *self, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    self->directory = g_dir_make_tmp("virt-omen-bus-XXXXXX", NULL);
    g_assert_cmpint(g_chmod(self->directory, 0755), ==, 0);
    start_daemon(self);
    self->connection = private_bus_connect(self);
    self->controller = fake_controller_new();
    g_ptr_array_add(self->controller->domains, g_strdup("g1"));
    g_ptr_array_add(self->controller->domains, g_strdup("g2"));
    g_ptr_array_add(self->controller->destinations, g_strdup("beta"));
    self->bus = omen_bus_new(OMEN_CONTROLLER(self->controller));
    g_assert_true(omen_bus_start(self->bus, self->address, &error));
    g_assert_no_error(error);
    g_assert_true(private_bus_run_until(has_name, self));
}

void
private_bus_tear_down(PrivateBus *self, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(self->directory, "bus.conf", NULL);
    g_autofree char *socket = g_build_filename(self->directory, "bus", NULL);

    g_clear_object(&self->bus);
    private_bus_run_for(20);
    g_clear_object(&self->controller);
    g_clear_pointer(&self->dialogs, g_ptr_array_unref);
    g_clear_object(&self->polkit);
    g_clear_object(&self->connection);
    g_subprocess_force_exit(self->daemon);
    g_subprocess_wait(self->daemon, NULL, NULL);
    g_clear_object(&self->daemon);
    g_unlink(path);
    g_unlink(socket);
    g_rmdir(self->directory);
    g_free(self->directory);
    g_free(self->address);
    g_free(self->asked_action);
    g_free(self->asked_subject);
}

static void
on_polkit_call(GDBusConnection *connection G_GNUC_UNUSED,
               const char *sender G_GNUC_UNUSED,
               const char *path G_GNUC_UNUSED,
               const char *interface G_GNUC_UNUSED,
               const char *method,
               GVariant *parameters,
               GDBusMethodInvocation *invocation,
               gpointer user_data)
{
    PrivateBus *self = user_data;

    if (g_str_equal(method, "CancelCheckAuthorization")) {
        self->n_withdrawn++;
        g_dbus_method_invocation_return_value(invocation, NULL);
        return;
    }
    self->n_asked++;
    g_clear_pointer(&self->asked_action, g_free);
    g_clear_pointer(&self->asked_subject, g_free);
    g_variant_get(parameters, "((sa{sv})sa{ss}us)", &self->asked_subject, NULL, &self->asked_action,
                  NULL, &self->asked_flags, NULL);
    if (self->answer == POLKIT_DIALOG && self->asked_flags != 0) {
        g_ptr_array_add(self->dialogs, invocation);
        return;
    }
    g_dbus_method_invocation_return_value(
        invocation,
        g_variant_new("((bba{ss}))", self->answer == POLKIT_YES || self->answer == POLKIT_DIALOG,
                      self->answer == POLKIT_CHALLENGE, NULL));
}

void
private_bus_start_polkit(PrivateBus *self)
{
    static const GDBusInterfaceVTable table = {.method_call = on_polkit_call};
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(polkit_xml, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;

    self->polkit = private_bus_connect(self);
    self->dialogs = g_ptr_array_new_with_free_func(g_object_unref);
    g_dbus_connection_register_object(self->polkit, "/org/freedesktop/PolicyKit1/Authority",
                                      node->interfaces[0], &table, self, NULL, &error);
    g_assert_no_error(error);
    reply = g_dbus_connection_call_sync(
        self->polkit, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "RequestName", g_variant_new("(su)", "org.freedesktop.PolicyKit1", 0), NULL,
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(reply);
}

static gboolean
on_late(gpointer data)
{
    *(gboolean *) data = TRUE;
    return G_SOURCE_REMOVE;
}

gboolean
private_bus_run_until(gboolean (*is_done)(gpointer), gpointer data)
{
    gint64 end = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;

    while (!is_done(data) && g_get_monotonic_time() < end)
        private_bus_run_for(5);
    return is_done(data);
}

void
private_bus_run_for(guint milliseconds)
{
    gboolean late = FALSE;

    g_timeout_add(milliseconds, on_late, &late);
    while (!late)
        g_main_context_iteration(NULL, TRUE);
}

typedef struct {
    GVariant *reply;
    GError *error;
    gboolean done;
} Answer;

static void
on_reply(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Answer *answer = user_data;

    answer->reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &answer->error);
    answer->done = TRUE;
}

GVariant *
private_bus_call(PrivateBus *self,
                 const char *path,
                 const char *interface,
                 const char *method,
                 GVariant *parameters,
                 GError **error)
{
    Answer answer = {0};

    g_dbus_connection_call(self->connection, OMEN_BUS_NAME, path, interface, method, parameters,
                           NULL, G_DBUS_CALL_FLAGS_NONE, 5000, NULL, on_reply, &answer);
    while (!answer.done)
        g_main_context_iteration(NULL, TRUE);
    if (answer.error)
        g_propagate_error(error, answer.error);
    return answer.reply;
}

typedef struct {
    char *text;
    gboolean done;
} Output;

static void
on_other_user(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Output *output = user_data;

    g_subprocess_communicate_utf8_finish(G_SUBPROCESS(source), result, &output->text, NULL, NULL);
    output->done = TRUE;
}

char *
private_bus_call_as(
    PrivateBus *self, guint uid, const char *path, const char *interface, const char *method)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *user = g_strdup_printf("%u", uid);
    Output output = {0};
    g_autoptr(GSubprocess) process =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "/proc/self/exe", "--call-as",
                         user, self->address, path, interface, method, NULL);

    g_assert_no_error(error);
    g_subprocess_communicate_utf8_async(process, NULL, NULL, on_other_user, &output);
    while (!output.done)
        g_main_context_iteration(NULL, TRUE);
    return g_strchomp(output.text);
}

static void
on_line(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Output *output = user_data;

    output->text =
        g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(source), result, NULL, NULL);
    output->done = TRUE;
}

GSubprocess *
private_bus_attack(PrivateBus *self, const char *attack, char **said)
{
    g_autoptr(GError) error = NULL;
    Output output = {0};
    GSubprocess *process = g_subprocess_new(
        (GSubprocessFlags) (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDIN_PIPE), &error,
        "/proc/self/exe", "--attack", self->address, attack, NULL);
    g_autoptr(GDataInputStream) lines = NULL;

    g_assert_no_error(error);
    lines = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    g_data_input_stream_read_line_async(lines, G_PRIORITY_DEFAULT, NULL, on_line, &output);
    while (!output.done)
        g_main_context_iteration(NULL, TRUE);
    *said = output.text;
    return process;
}

void
private_bus_end_attack(GSubprocess *attacker)
{
    g_subprocess_force_exit(attacker);
    g_subprocess_wait(attacker, NULL, NULL);
    g_object_unref(attacker);
}

static void
become(guint uid)
{
    if (geteuid() == 0 && setresuid(uid, uid, uid) != 0)
        exit(1);
}

static void
call_and_exit(char **argv)
{
    PrivateBus self = {.address = argv[3]};
    become((guint) g_ascii_strtoull(argv[2], NULL, 10));
    g_autoptr(GDBusConnection) connection = private_bus_connect(&self);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_sync(connection, OMEN_BUS_NAME, argv[4], argv[5], argv[6],
                                    g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), NULL,
                                    G_DBUS_CALL_FLAGS_NONE, 5000, NULL, &error);
    g_autofree char *name = reply ? g_strdup("ok") : g_dbus_error_get_remote_error(error);
    puts(name ? name : error->message);
    fflush(stdout);
    _exit(0);
}

static void
attack_and_exit(char **argv, PrivateBusAttackFunc attack)
{
    PrivateBus self = {.address = argv[2]};

    become(NOBODY);
    attack(private_bus_connect(&self), argv[3]);
    /* Until whoever started it closes the other end. */
    while (getchar() != EOF) {
    }
    _exit(0);
}

void
private_bus_maybe_be_another(int argc, char **argv, PrivateBusAttackFunc attack)
{
    if (argc == 7 && g_str_equal(argv[1], "--call-as"))
        call_and_exit(argv);
    if (argc == 4 && g_str_equal(argv[1], "--attack"))
        attack_and_exit(argv, attack);
}

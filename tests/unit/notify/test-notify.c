/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notes, a command that is told them, and alerts. */
#include "notify/alerts.h"
#include "notify/command-hook.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>

static OmenData *
make_omen(gint64 now_us)
{
    OmenData *omen = omen_data_new();

    omen->is_proven = TRUE;
    omen->time_us = omen->last_us = now_us;
    omen->expires_us = now_us + G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC;
    omen->scope = OMEN_SCOPE_DEVICE;
    omen->failure_class = OMEN_FAILURE_DISK;
    omen->probability = 0.97;
    omen->migration_helps = TRUE;
    omen->n_records = 1;
    g_free(omen->stream);
    omen->stream = g_strdup("host");
    g_free(omen->device);
    omen->device = g_strdup("sda");
    g_free(omen->reason);
    omen->reason = g_strdup("the medium \"loses\" data");
    g_ptr_array_add(omen->records, g_strdup("kernel: a secret"));
    return omen;
}

static OmenNote *
make_note(void)
{
    g_autoptr(OmenData) omen = make_omen(1);

    omen->id = 7;
    return omen_note_new_of_omen(omen, TRUE);
}

static void
test_note(void)
{
    g_autoptr(OmenNote) note = make_note();
    g_autofree char *json = omen_note_to_json(note);
    g_autoptr(JsonNode) root = json_from_string(json, NULL);
    JsonObject *object = json_node_get_object(root);

    g_assert_cmpstr(json_object_get_string_member(object, "event"), ==, "omen-raised");
    g_assert_cmpstr(json_object_get_string_member(object, "id"), ==, "7");
    g_assert_cmpstr(json_object_get_string_member(object, "class"), ==, "disk");
    g_assert_cmpstr(json_object_get_string_member(object, "device"), ==, "sda");
    g_assert_cmpstr(json_object_get_string_member(object, "probability"), ==, "0.97");
    g_assert_false(json_object_has_member(object, "domain"));
    g_assert_null(strstr(json, "secret"));
    g_autofree char *variable =
        omen_note_field_to_variable(&g_array_index(note->fields, OmenNoteField, 2));
    g_assert_cmpstr(variable, ==, "OMEN_CLASS=disk");
}

static gboolean
wake(gpointer user_data G_GNUC_UNUSED)
{
    return G_SOURCE_CONTINUE;
}

/* Turns the main loop for a while, or until the file is there. */
static void
run_for(guint ms, const char *file)
{
    guint source = g_timeout_add(5, wake, NULL);
    gint64 end = g_get_monotonic_time() + (gint64) ms * 1000;

    while (g_get_monotonic_time() < end && !(file && g_file_test(file, G_FILE_TEST_EXISTS)))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(source);
}

static void
test_command(void)
{
    g_autofree char *directory = g_dir_make_tmp("omen-notify-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(directory, "out", NULL);
    g_autofree char *part = g_build_filename(directory, "part", NULL);
    g_autofree char *command = g_strdup_printf(
        "sh -c 'echo \"$OMEN_EVENT $OMEN_REASON$CREDENTIALS_DIRECTORY$NOTIFY_SOCKET\" > "
        "%s; cat >> %s; mv %s %s'",
        part, part, part, file);
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenCommandHook) hook = omen_command_hook_new(command, 10, &error);
    g_autofree char *text = NULL;

    g_assert_no_error(error);
    /* What systemd tells the daemon is told nobody else. */
    g_setenv("CREDENTIALS_DIRECTORY", "/run/credentials/virt-omend.service", TRUE);
    g_setenv("NOTIFY_SOCKET", "/run/systemd/notify", TRUE);
    omen_command_hook_run(hook, make_note());
    g_unsetenv("CREDENTIALS_DIRECTORY");
    g_unsetenv("NOTIFY_SOCKET");
    run_for(5000, file);
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_true(g_str_has_prefix(text, "omen-raised the medium \"loses\" data\n{"));
    run_for(50, NULL);
    g_assert_cmpuint(omen_command_hook_get_n_failed(hook), ==, 0);
    g_unlink(file);
    g_rmdir(directory);
}

/* A program that hangs is killed with its children, and holds up no one. */
static void
test_late_command(void)
{
    g_autofree char *directory = g_dir_make_tmp("omen-notify-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(directory, "alive", NULL);
    g_autofree char *command = g_strdup_printf("sh -c '(sleep 2; touch %s) & sleep 100'", file);
    g_autoptr(OmenCommandHook) hook = omen_command_hook_new(command, 1, NULL);

    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*longer than 1 s*");
    omen_command_hook_run(hook, make_note());
    run_for(3000, NULL);
    g_test_assert_expected_messages();
    g_assert_cmpuint(omen_command_hook_get_n_failed(hook), ==, 1);
    g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    g_rmdir(directory);
}

static void
test_bad_command(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenCommandHook) hook = NULL;

    g_assert_null(omen_command_hook_new("sh -c 'open", 1, &error));
    g_assert_nonnull(error);
    hook = omen_command_hook_new("/nonexistent/program", 1, NULL);
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*cannot run*");
    omen_command_hook_run(hook, make_note());
    g_test_assert_expected_messages();
    g_assert_cmpuint(omen_command_hook_get_n_failed(hook), ==, 1);
    g_clear_object(&hook);
    hook = omen_command_hook_new("false", 1, NULL);
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*exit status 1*");
    omen_command_hook_run(hook, make_note());
    run_for(1000, NULL);
    g_test_assert_expected_messages();
}

/* A flood is bounded: what can neither run nor wait is counted. */
static void
test_flood(void)
{
    g_autoptr(OmenCommandHook) hook = omen_command_hook_new("sleep 0.01", 10, NULL);

    for (guint i = 0; i < 200; i++)
        omen_command_hook_run(hook, make_note());
    g_assert_cmpuint(omen_command_hook_get_n_failed(hook), ==, 200 - 4 - 64);
    run_for(2000, NULL);
}

static JsonObject *
only_alert(JsonNode *root)
{
    JsonArray *array = json_node_get_array(root);

    g_assert_cmpuint(json_array_get_length(array), ==, 1);
    return json_array_get_object_element(array, 0);
}

static void
test_alerts(void)
{
    const gint64 now_us = G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC;
    g_autoptr(OmenRegistry) omens = omen_registry_new(10);
    g_autoptr(OmenAlerts) alerts = omen_alerts_new("alpha");
    g_autofree char *text = NULL;
    g_autoptr(JsonNode) root = NULL;
    Omen *omen;
    JsonObject *labels;

    g_assert_null(omen_alerts_to_json(alerts, omens, now_us));
    omen = omen_registry_raise(omens, make_omen(now_us), NULL);
    text = omen_alerts_to_json(alerts, omens, now_us);
    root = json_from_string(text, NULL);
    labels = json_object_get_object_member(only_alert(root), "labels");
    g_assert_cmpstr(json_object_get_string_member(labels, "alertname"), ==, "VirtOmen");
    g_assert_cmpstr(json_object_get_string_member(labels, "instance"), ==, "alpha");
    g_assert_cmpstr(json_object_get_string_member(labels, "severity"), ==, "critical");
    g_assert_cmpstr(json_object_get_string_member(only_alert(root), "startsAt"), ==,
                    "2023-11-14T22:13:20Z");
    g_assert_cmpstr(json_object_get_string_member(only_alert(root), "endsAt"), ==,
                    "2023-11-14T23:13:20Z");

    /* Its end is repeated for a while. */
    omen_set_action(omen, OMEN_ACTION_CLEARED);
    omen_alerts_end(alerts, omen_get_data(omen), now_us + G_USEC_PER_SEC);
    g_free(text);
    text = omen_alerts_to_json(alerts, omens, now_us + G_USEC_PER_SEC);
    g_clear_pointer(&root, json_node_unref);
    root = json_from_string(text, NULL);
    g_assert_cmpstr(json_object_get_string_member(only_alert(root), "endsAt"), ==,
                    "2023-11-14T22:13:21Z");
    g_assert_null(
        omen_alerts_to_json(alerts, omens, now_us + (OMEN_ALERTS_REPEAT_S + 2) * G_USEC_PER_SEC));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    g_test_add_func("/notify/note", test_note);
    g_test_add_func("/notify/command", test_command);
    g_test_add_func("/notify/late-command", test_late_command);
    g_test_add_func("/notify/bad-command", test_bad_command);
    g_test_add_func("/notify/flood", test_flood);
    g_test_add_func("/notify/alerts", test_alerts);
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool-run.h"

#include <glib/gstdio.h>
#include <unistd.h>

void
run_clear(Run *self)
{
    g_free(self->out);
    g_free(self->err);
}

static void
on_ended(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Run *run = user_data;

    g_subprocess_communicate_utf8_finish(G_SUBPROCESS(source), result, &run->out, &run->err, NULL);
    run->status = g_subprocess_get_if_exited(G_SUBPROCESS(source))
                      ? g_subprocess_get_exit_status(G_SUBPROCESS(source))
                      : -1;
    run->done = TRUE;
}

void
become_nobody(gpointer data G_GNUC_UNUSED)
{
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
        _exit(111);
}

void
run_words(Run *run, char **words, GSpawnChildSetupFunc become)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) process = NULL;
    g_autofree char *line = g_strjoinv(" ", words);
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        (GSubprocessFlags) (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE));
    gint64 end = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;

    if (become)
        g_subprocess_launcher_set_child_setup(launcher, become, NULL, NULL);
    process = g_subprocess_launcher_spawnv(launcher, (const char *const *) words, &error);
    g_assert_no_error(error);
    g_subprocess_communicate_utf8_async(process, NULL, NULL, on_ended, run);
    while (!run->done && g_get_monotonic_time() < end)
        private_bus_run_for(5);
    if (!run->done)
        g_subprocess_force_exit(process);
    while (!run->done)
        g_main_context_iteration(NULL, TRUE);
    g_test_message("%s: %d %s%s", line, run->status, run->out, run->err);
}

/* Where anybody may run it: the tree may lie below a folder that only root may enter. */
static char *
copy_tool(void)
{
    char *path = g_build_filename(g_get_tmp_dir(), "omen-tool-XXXXXX", NULL);
    g_autoptr(GFile) from = g_file_new_for_path(g_getenv("OMEN_TEST_TOOL"));
    g_autoptr(GFile) to = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(g_close(g_mkstemp(path), NULL));
    to = g_file_new_for_path(path);
    g_file_copy(from, to, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
    g_chmod(path, 0755);
    return path;
}

void
run_tool_as(PrivateBus *bus, Run *run, const char *line, GSpawnChildSetupFunc become)
{
    g_autofree char *copy = become ? copy_tool() : NULL;
    g_autofree char *whole = g_strdup_printf(
        "%s --bus %s %s", copy ? copy : g_getenv("OMEN_TEST_TOOL"), bus->address, line);
    g_auto(GStrv) words = g_strsplit(whole, " ", -1);

    run_words(run, words, become);
    if (copy)
        g_unlink(copy);
}

void
run_tool(PrivateBus *bus, Run *run, const char *line)
{
    run_tool_as(bus, run, line, NULL);
}

void
raise_omens(PrivateBus *bus, guint n)
{
    gint64 now = g_get_real_time();

    for (guint i = 0; i < n; i++) {
        OmenData *sign = omen_data_new();
        sign->is_proven = TRUE;
        g_free(sign->device);
        sign->device = g_strdup_printf("sd%u", i);
        sign->time_us = now;
        sign->expires_us = now + G_TIME_SPAN_HOUR;
        sign->scope = OMEN_SCOPE_DEVICE;
        sign->failure_class = OMEN_FAILURE_DISK;
        sign->probability = 0.9;
        g_ptr_array_add(sign->records, g_strdup("critical medium error"));
        omen_registry_raise(bus->controller->omens, sign, NULL);
    }
}

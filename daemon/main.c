/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "configuration/configuration-files.h"
#include "configuration/configuration.h"
#include "daemon.h"
#include "memory-lock.h"

#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

typedef struct {
    char *configuration;
    char *bus;
    char *mode;
    gboolean check;
    gboolean version;
} Options;

static void
options_clear(Options *self)
{
    g_free(self->configuration);
    g_free(self->bus);
    g_free(self->mode);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static gboolean
parse_options(Options *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->configuration,
         "Read FILE instead of " OMEN_SYSCONFDIR "/virt-omen/virt-omen.conf", "FILE"},
        {"bus", 0, 0, G_OPTION_ARG_STRING, &options->bus,
         "Serve the D-Bus daemon at ADDRESS instead of the system's", "ADDRESS"},
        {"mode", 0, 0, G_OPTION_ARG_STRING, &options->mode,
         "observe, advise or enforce, whatever the configuration says", "MODE"},
        {"check", 0, 0, G_OPTION_ARG_NONE, &options->check, "Check the configuration and end",
         NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version and end", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(
        context, "Foretells the failure of this host or of its VMs, and moves them away in time.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "unexpected argument \"%s\"",
                    (*argv)[1]);
        return FALSE;
    }
    return TRUE;
}

static OmenConfiguration *
load_configuration(const Options *options, GError **error)
{
    g_autoptr(OmenConfiguration) configuration =
        omen_configuration_files_check_trust(options->configuration, error)
            ? omen_configuration_load(options->configuration, error)
            : NULL;

    if (!configuration ||
        !omen_configuration_files_check_knowledge(configuration->knowledge_dir, error))
        return NULL;
    if (options->mode && !omen_mode_from_string(options->mode, &configuration->mode)) {
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "--mode: \"%s\" is not allowed here; allowed are: observe, advise, enforce",
                    options->mode);
        return NULL;
    }
    return g_steal_pointer(&configuration);
}

static gboolean
on_terminate(gpointer user_data)
{
    g_main_loop_quit(user_data);
    return G_SOURCE_REMOVE;
}

static void
on_reloaded(GObject *source, GAsyncResult *result, gpointer user_data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    if (!omen_daemon_reload_finish(OMEN_DAEMON(source), result, &error))
        g_warning("the configuration was not reloaded: %s", error->message);
    sd_notify(0, "READY=1");
}

static gboolean
on_reload(gpointer user_data)
{
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time());
    omen_daemon_reload_async(user_data, on_reloaded, NULL);
    return G_SOURCE_CONTINUE;
}

static void
on_lost(OmenDaemon *daemon G_GNUC_UNUSED, gpointer user_data)
{
    g_main_loop_quit(user_data);
}

/* Tells systemd that the main loop still turns, twice within its patience. */
static gboolean
on_watchdog(gpointer user_data G_GNUC_UNUSED)
{
    sd_notify(0, "WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

static void
start_watchdog(void)
{
    uint64_t patience_us;

    if (sd_watchdog_enabled(0, &patience_us) > 0)
        g_timeout_add(MAX(1, patience_us / 2000), on_watchdog, NULL);
}

static void
lock_memory(void)
{
    g_autofree char *problem = NULL;

    if (!omen_memory_lock(&problem))
        g_warning("%s", problem);
}

static int
run(OmenConfiguration *configuration, const Options *options)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenDaemon) daemon =
        omen_daemon_new(configuration, options->configuration, options->bus);

    if (configuration->lock_memory)
        lock_memory();
    if (!omen_daemon_start(daemon, &error)) {
        g_printerr("virt-omend: %s\n", error->message);
        return 1;
    }
    g_signal_connect(daemon, "lost", G_CALLBACK(on_lost), loop);
    g_unix_signal_add(SIGTERM, on_terminate, loop);
    g_unix_signal_add(SIGINT, on_terminate, loop);
    g_unix_signal_add(SIGHUP, on_reload, daemon);
    /* A peer that goes away is an error of the write, not the end. */
    signal(SIGPIPE, SIG_IGN);
    start_watchdog();
    sd_notify(0, "READY=1");

    g_main_loop_run(loop);

    sd_notify(0, "STOPPING=1");
    omen_daemon_stop(daemon);
    return omen_daemon_is_lost(daemon) ? 1 : 0;
}

int
main(int argc, char **argv)
{
    g_auto(Options) options = {0};
    g_autoptr(GError) error = NULL;
    OmenConfiguration *configuration;

    setlocale(LC_ALL, "");
    /* However it was started: nothing that it writes is for others to write. */
    umask(umask(077) | 022);
    if (!parse_options(&options, &argc, &argv, &error)) {
        g_printerr("virt-omend: %s; see virt-omend --help\n", error->message);
        return 2;
    }
    if (options.version) {
        g_print("virt-omend %s\n", OMEN_VERSION);
        return 0;
    }
    configuration = load_configuration(&options, &error);
    if (!configuration) {
        g_printerr("virt-omend: %s\n", error->message);
        return 1;
    }
    if (options.check) {
        omen_configuration_free(configuration);
        g_print("The configuration is valid.\n");
        return 0;
    }
    return run(configuration, &options);
}

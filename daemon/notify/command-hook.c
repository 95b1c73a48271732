/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/command-hook.h"

#include <signal.h>
#include <unistd.h>

#define MAX_RUNNING 4
#define MAX_WAITING 64

/* What systemd tells the daemon, and nobody else: where it hears from it, and where its secrets
 * are. */
static const char *const own_variables[] = {"CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET",
                                            "WATCHDOG_PID",          "WATCHDOG_USEC",
                                            "JOURNAL_STREAM",        "INVOCATION_ID"};

struct _OmenCommandHook {
    GObject parent_instance;

    char **argv;
    guint timeout_s;
    GQueue waiting; /* OmenNote */
    guint n_running;
    guint64 n_failed;
};

G_DEFINE_FINAL_TYPE(OmenCommandHook, omen_command_hook, G_TYPE_OBJECT)

/* One program at work. */
typedef struct {
    OmenCommandHook *hook;
    GSubprocess *process;
    pid_t group;
    guint timeout_source;
    gboolean is_late;
} Run;

static void
run_free(Run *self)
{
    g_clear_handle_id(&self->timeout_source, g_source_remove);
    g_clear_object(&self->process);
    g_object_unref(self->hook);
    g_free(self);
}

static void
omen_command_hook_finalize(GObject *object)
{
    OmenCommandHook *self = OMEN_COMMAND_HOOK(object);

    g_queue_clear_full(&self->waiting, (GDestroyNotify) omen_note_unref);
    g_strfreev(self->argv);
    G_OBJECT_CLASS(omen_command_hook_parent_class)->finalize(object);
}

static void
omen_command_hook_class_init(OmenCommandHookClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_command_hook_finalize;
}

static void
omen_command_hook_init(OmenCommandHook *self)
{
    g_queue_init(&self->waiting);
}

OmenCommandHook *
omen_command_hook_new(const char *command, guint timeout_s, GError **error)
{
    g_auto(GStrv) argv = NULL;
    OmenCommandHook *self;

    if (!g_shell_parse_argv(command, NULL, &argv, error))
        return NULL;
    self = g_object_new(OMEN_TYPE_COMMAND_HOOK, NULL);
    self->argv = g_steal_pointer(&argv);
    self->timeout_s = timeout_s;
    return self;
}

static void start_next(OmenCommandHook *self);

static void
on_ended(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GSubprocess *process = G_SUBPROCESS(source);
    Run *run = user_data;
    g_autoptr(OmenCommandHook) self = g_object_ref(run->hook);

    g_subprocess_wait_finish(process, result, NULL);
    if (run->is_late || !g_subprocess_get_successful(process)) {
        self->n_failed++;
        if (run->is_late)
            g_warning("notify: %s took longer than %u s and was killed", self->argv[0],
                      self->timeout_s);
        else if (g_subprocess_get_if_exited(process))
            g_warning("notify: %s ended with exit status %d", self->argv[0],
                      g_subprocess_get_exit_status(process));
        else
            g_warning("notify: %s was ended by signal %d", self->argv[0],
                      g_subprocess_get_term_sig(process));
    }
    self->n_running--;
    run_free(run);
    start_next(self);
}

/* It may still run: a program that does not read its input is none that failed. */
static void
on_told(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GSubprocess *process = G_SUBPROCESS(source);
    g_autoptr(GError) error = NULL;

    if (!g_subprocess_communicate_utf8_finish(process, result, NULL, NULL, &error))
        g_debug("notify: %s", error->message);
    g_subprocess_wait_async(process, NULL, on_ended, user_data);
}

static gboolean
on_late(gpointer user_data)
{
    Run *run = user_data;

    run->timeout_source = 0;
    run->is_late = TRUE;
    kill(-run->group, SIGKILL);
    return G_SOURCE_REMOVE;
}

/* A process group of its own, so that what it starts can be killed with it. */
static void
become_leader(gpointer data G_GNUC_UNUSED)
{
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
}

static GSubprocess *
spawn(OmenCommandHook *self, const OmenNote *note, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE);

    g_subprocess_launcher_set_child_setup(launcher, become_leader, NULL, NULL);
    g_subprocess_launcher_set_cwd(launcher, "/");
    for (guint i = 0; i < G_N_ELEMENTS(own_variables); i++)
        g_subprocess_launcher_unsetenv(launcher, own_variables[i]);
    g_subprocess_launcher_setenv(launcher, "OMEN_MESSAGE", note->message, TRUE);
    for (guint i = 0; i < note->fields->len; i++) {
        g_autofree char *variable =
            omen_note_field_to_variable(&g_array_index(note->fields, OmenNoteField, i));
        g_auto(GStrv) pair = g_strsplit(variable, "=", 2);
        g_subprocess_launcher_setenv(launcher, pair[0], pair[1], TRUE);
    }
    return g_subprocess_launcher_spawnv(launcher, (const char *const *) self->argv, error);
}

static void
start(OmenCommandHook *self, const OmenNote *note)
{
    g_autofree char *json = omen_note_to_json(note);
    g_autofree char *input = g_strconcat(json, "\n", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) process = spawn(self, note, &error);
    const char *id = process ? g_subprocess_get_identifier(process) : NULL;
    Run *run;

    if (!process) {
        self->n_failed++;
        g_warning("notify: cannot run %s: %s", self->argv[0], error->message);
        return;
    }
    run = g_new0(Run, 1);
    run->hook = g_object_ref(self);
    run->process = g_object_ref(process);
    run->group = id ? (pid_t) g_ascii_strtoll(id, NULL, 10) : 0;
    if (run->group > 0)
        run->timeout_source = g_timeout_add_seconds(self->timeout_s, on_late, run);
    self->n_running++;
    g_subprocess_communicate_utf8_async(process, input, NULL, on_told, run);
}

static void
start_next(OmenCommandHook *self)
{
    while (self->n_running < MAX_RUNNING && !g_queue_is_empty(&self->waiting)) {
        g_autoptr(OmenNote) note = g_queue_pop_head(&self->waiting);
        start(self, note);
    }
}

void
omen_command_hook_run(OmenCommandHook *self, OmenNote *note)
{
    if (g_queue_get_length(&self->waiting) >= MAX_WAITING) {
        self->n_failed++;
        omen_note_unref(note);
        return;
    }
    g_queue_push_tail(&self->waiting, note);
    start_next(self);
}

guint64
omen_command_hook_get_n_failed(OmenCommandHook *self)
{
    return self->n_failed;
}

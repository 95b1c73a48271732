/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen watch on a real terminal: in tmux, at sizes that people have, with keys that they
 * press. */
#include <glib/gstdio.h>
#include <string.h>

#include "tool-run.h"

typedef struct {
    char *folder;
    char *socket;
} Terminal;

static void
tmux(const Terminal *self, Run *run, const char *line)
{
    g_autofree char *whole = g_strdup_printf("tmux -S %s -f /dev/null %s", self->socket, line);
    g_auto(GStrv) words = g_strsplit(whole, " ", -1);

    run_words(run, words, NULL);
}

static void
terminal_open(Terminal *self, PrivateBus *bus, guint width, guint height)
{
    g_auto(Run) run = {0};
    g_autofree char *line = g_strdup_printf("new-session -d -x %u -y %u %s --bus %s watch", width,
                                            height, g_getenv("OMEN_TEST_TOOL"), bus->address);

    self->folder = g_dir_make_tmp("virt-omen-watch-XXXXXX", NULL);
    self->socket = g_build_filename(self->folder, "tmux", NULL);
    tmux(self, &run, line);
    g_assert_cmpint(run.status, ==, 0);
}

static void
terminal_close(Terminal *self)
{
    g_auto(Run) run = {0};

    tmux(self, &run, "kill-server");
    g_unlink(self->socket);
    g_rmdir(self->folder);
    g_free(self->socket);
    g_free(self->folder);
}

static void
press(const Terminal *self, const char *keys)
{
    g_auto(Run) run = {0};
    g_autofree char *line = g_strconcat("send-keys ", keys, NULL);

    tmux(self, &run, line);
    g_assert_cmpint(run.status, ==, 0);
}

/* What is on the screen once it has @text on it. (transfer full) */
static char *
wait_for(const Terminal *self, const char *text)
{
    g_autofree char *last = NULL;

    for (guint i = 0; i < 60; i++) {
        g_auto(Run) run = {0};
        tmux(self, &run, "capture-pane -p");
        g_free(last);
        last = g_strdup(run.out);
        if (run.status == 0 && strstr(run.out, text))
            return g_steal_pointer(&run.out);
        private_bus_run_for(50);
    }
    g_error("\"%s\" does not come on the screen:\n%s", text, last);
}

static void
expect(const Terminal *self, const char *text)
{
    g_free(wait_for(self, text));
}

static gboolean
lacks_tmux(void)
{
    g_autofree char *program = g_find_program_in_path("tmux");

    if (program)
        return FALSE;
    g_test_skip("tmux is not here");
    return TRUE;
}

/* Each row fits, what does not is marked, and the last line says what can be done. */
static void
test_sizes(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    static const guint sizes[][2] = {{80, 24}, {40, 10}, {132, 43}, {200, 60}};

    if (lacks_tmux())
        return;
    raise_omens(bus, 30);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Terminal terminal;
        terminal_open(&terminal, bus, sizes[i][0], sizes[i][1]);
        g_autofree char *shown = wait_for(&terminal, "? help");
        g_auto(GStrv) lines = g_strsplit(g_strchomp(shown), "\n", -1);
        guint n = g_strv_length(lines);
        g_assert_cmpuint(n, ==, sizes[i][1]);
        g_assert_true(g_str_has_prefix(lines[0], "virt-omen  "));
        g_assert_nonnull(strstr(lines[n - 1], "? help"));
        for (guint l = 0; l < n; l++)
            g_assert_cmpint(g_utf8_strlen(lines[l], -1), <=, sizes[i][0]);
        terminal_close(&terminal);
    }
}

static void
test_keys(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    Terminal terminal;

    if (lacks_tmux())
        return;
    raise_omens(bus, 30);
    terminal_open(&terminal, bus, 80, 24);
    expect(&terminal, "rows 1 to");
    /* To the end and back; the page follows. */
    press(&terminal, "End");
    expect(&terminal, "sd0");
    press(&terminal, "Home");
    expect(&terminal, "rows 1 to");
    /* A filter, then the one row that is left. */
    press(&terminal, "/ s d 1 7 Enter");
    g_autofree char *filtered = wait_for(&terminal, "(sd17)");
    g_assert_nonnull(strstr(filtered, ">   18"));
    press(&terminal, "Enter");
    expect(&terminal, "Omen 18:");
    /* A decision is asked for, and not made unless the answer is yes. */
    press(&terminal, "d");
    expect(&terminal, "dismiss omen 18?");
    press(&terminal, "n");
    expect(&terminal, "? help");
    g_assert_null(strstr(bus->controller->calls->str, "dismiss"));
    press(&terminal, "d y");
    for (guint i = 0; i < 60 && !strstr(bus->controller->calls->str, "dismiss 18"); i++)
        private_bus_run_for(50);
    g_assert_nonnull(strstr(bus->controller->calls->str, "dismiss 18"));
    expect(&terminal, "Dismissed omen 18");
    press(&terminal, "?");
    expect(&terminal, "Each decision asks for confirmation");
    press(&terminal, "q");
    terminal_close(&terminal);
}

/* A terminal that can't be drawn on gets lines. */
static void
test_dumb(PrivateBus *bus, gconstpointer data G_GNUC_UNUSED)
{
    Terminal terminal = {0};
    g_autofree char *line = NULL;
    g_auto(Run) run = {0};

    if (lacks_tmux())
        return;
    raise_omens(bus, 1);
    terminal.folder = g_dir_make_tmp("virt-omen-watch-XXXXXX", NULL);
    terminal.socket = g_build_filename(terminal.folder, "tmux", NULL);
    line = g_strdup_printf("new-session -d -x 80 -y 24 env TERM=dumb %s --bus %s watch",
                           g_getenv("OMEN_TEST_TOOL"), bus->address);
    tmux(&terminal, &run, line);
    g_autofree char *shown = wait_for(&terminal, "omen 1 disk");
    g_assert_null(strstr(shown, "? help"));
    terminal_close(&terminal);
}

#define ADD(name, function)                                                                        \
    g_test_add(name, PrivateBus, NULL, private_bus_set_up, function, private_bus_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/watch/sizes", test_sizes);
    ADD("/watch/keys", test_keys);
    ADD("/watch/dumb", test_dumb);
    return g_test_run();
}

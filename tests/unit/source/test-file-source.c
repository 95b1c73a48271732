/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/file-watcher.h"
#include "source/log/qemu-log-source.h"
#include "source/log/syslog-framing.h"
#include "source/log/syslog-source.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *folder;
    char *path;
    OmenFileWatcher *files;
    OmenSource *source;
    GPtrArray *messages;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->folder = g_dir_make_tmp("omen-file-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "syslog", NULL);
    fixture->files = omen_file_watcher_new();
    fixture->messages = g_ptr_array_new_with_free_func(g_free);
}

static void
stop(Fixture *fixture)
{
    if (fixture->source)
        omen_source_stop(fixture->source);
    g_clear_object(&fixture->source);
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *command = g_strdup_printf("rm -r '%s'", fixture->folder);

    stop(fixture);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_ptr_array_unref(fixture->messages);
    omen_file_watcher_unref(fixture->files);
    g_free(fixture->folder);
    g_free(fixture->path);
}

static void
on_record(OmenSource *source G_GNUC_UNUSED, const OmenRecord *record, gpointer user_data)
{
    Fixture *fixture = user_data;

    g_ptr_array_add(fixture->messages, g_strndup(record->message, record->message_length));
}

static void
start(Fixture *fixture, const char *bookmark)
{
    fixture->source = omen_file_source_new(fixture->files, fixture->path, bookmark);
    omen_source_start(fixture->source, on_record, fixture);
}

static void
append(const char *path, const char *text, gsize length)
{
    int fd = g_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, text, length), ==, (gssize) length);
    close(fd);
}

static void
say(Fixture *fixture, const char *text)
{
    append(fixture->path, text, strlen(text));
}

/* Turns the main loop until as many records are there; then a little longer, for one too many. */
static void
expect(Fixture *fixture, const char *const *messages)
{
    guint n = g_strv_length((char **) messages);
    gint64 until = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;

    while (fixture->messages->len < n && g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
    until = g_get_monotonic_time() + 20000;
    while (g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
    for (guint i = 0; i < MIN(n, fixture->messages->len); i++)
        g_assert_cmpstr(g_ptr_array_index(fixture->messages, i), ==, messages[i]);
    g_assert_cmpuint(fixture->messages->len, ==, n);
    g_ptr_array_set_size(fixture->messages, 0);
}

#define EXPECT(fixture, ...) expect(fixture, (const char *const[]){__VA_ARGS__, NULL})

/* Lets the reader open its file before more is written. */
static void
settle(Fixture *fixture)
{
    gint64 until = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;
    g_autofree char *bookmark = NULL;

    while (!bookmark && g_get_monotonic_time() < until) {
        g_main_context_iteration(NULL, FALSE);
        bookmark = omen_source_dup_bookmark(fixture->source);
    }
    g_assert_nonnull(bookmark);
}

static void
test_append(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    say(fixture, "before\n");
    start(fixture, NULL);
    settle(fixture);
    say(fixture, "one\ntwo\nthr");
    EXPECT(fixture, "one", "two");
    say(fixture, "ee\r\n\nfour\n");
    EXPECT(fixture, "three", "four");
}

/* Several files of a folder, followed by one watcher: each source gets its own, and one that ends
 * leaves the others. */
static void
test_neighbours(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *kern = g_build_filename(fixture->folder, "kern.log", NULL);
    g_autofree char *absent = g_build_filename(fixture->folder, "messages", NULL);
    Fixture second = {.messages = g_ptr_array_new_with_free_func(g_free)};
    Fixture third = {.messages = g_ptr_array_new_with_free_func(g_free)};

    say(fixture, "");
    append(kern, "", 0);
    start(fixture, NULL);
    second.source = omen_file_source_new(fixture->files, kern, NULL);
    third.source = omen_file_source_new(fixture->files, absent, NULL);
    omen_source_start(second.source, on_record, &second);
    omen_source_start(third.source, on_record, &third);
    settle(fixture);
    settle(&second);
    say(fixture, "one\n");
    append(kern, "two\n", 4);
    append(absent, "three\n", 6);
    EXPECT(fixture, "one");
    EXPECT(&second, "two");
    EXPECT(&third, "three");
    stop(&second);
    append(kern, "four\n", 5);
    say(fixture, "five\n");
    append(absent, "six\n", 4);
    EXPECT(fixture, "five");
    EXPECT(&third, "six");
    g_assert_cmpuint(second.messages->len, ==, 0);
    stop(&third);
    g_ptr_array_unref(second.messages);
    g_ptr_array_unref(third.messages);
}

/* What is written while lines gather is read in the order of its writing, and all of it. */
static void
test_gathered(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    say(fixture, "");
    start(fixture, NULL);
    settle(fixture);
    for (guint i = 0; i < 200; i++) {
        g_autofree char *line = g_strdup_printf("line %u\n", i);
        say(fixture, line);
        g_usleep(300);
        g_main_context_iteration(NULL, FALSE);
    }
    gint64 until = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
    while (fixture->messages->len < 200 && g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(fixture->messages->len, ==, 200);
    for (guint i = 0; i < 200; i++) {
        g_autofree char *line = g_strdup_printf("line %u", i);
        g_assert_cmpstr(g_ptr_array_index(fixture->messages, i), ==, line);
    }
    g_ptr_array_set_size(fixture->messages, 0);
}

static void
test_late(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    start(fixture, NULL);
    while (!omen_source_get_problem(fixture->source))
        g_main_context_iteration(NULL, TRUE);
    say(fixture, "first\n");
    EXPECT(fixture, "first");
    g_assert_null(omen_source_get_problem(fixture->source));
}

static void
test_rename(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *rotated = g_strconcat(fixture->path, ".1", NULL);

    say(fixture, "");
    start(fixture, NULL);
    settle(fixture);
    say(fixture, "a\n");
    EXPECT(fixture, "a");
    g_assert_no_errno(g_rename(fixture->path, rotated));
    append(rotated, "b\n", 2);
    say(fixture, "c\n");
    EXPECT(fixture, "b", "c");
}

static void
test_truncate(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    say(fixture, "");
    start(fixture, NULL);
    settle(fixture);
    say(fixture, "a long line\n");
    EXPECT(fixture, "a long line");
    g_assert_no_errno(truncate(fixture->path, 0));
    g_usleep(50000);
    say(fixture, "b\n");
    EXPECT(fixture, "b");
}

/* The next life goes on where the last one was, also when the file was rotated between. */
static void
test_bookmark(Fixture *fixture, gconstpointer rotate)
{
    g_autofree char *rotated = g_strconcat(fixture->path, ".1", NULL);
    g_autofree char *bookmark = NULL;

    say(fixture, "");
    start(fixture, NULL);
    settle(fixture);
    say(fixture, "a\nhalf");
    EXPECT(fixture, "a");
    bookmark = omen_source_dup_bookmark(fixture->source);
    stop(fixture);
    say(fixture, " line\nb\n");
    if (rotate) {
        g_assert_no_errno(g_rename(fixture->path, rotated));
        say(fixture, "c\n");
    }
    start(fixture, bookmark);
    if (rotate)
        EXPECT(fixture, "half line", "b", "c");
    else
        EXPECT(fixture, "half line", "b");
}

/* A line of 1 MiB is cut and counted; NULs are bytes like others. */
static void
test_monster(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *monster = g_strnfill(1 << 20, 'x');
    g_autofree char *cut = g_strnfill(OMEN_FILE_LINE_MAX, 'x');

    say(fixture, "");
    start(fixture, NULL);
    settle(fixture);
    append(fixture->path, monster, 1 << 20);
    append(fixture->path, "\nafter\n", 7);
    EXPECT(fixture, cut, "after");
    g_assert_cmpuint(omen_source_get_n_dropped(fixture->source), ==, 1);
    append(fixture->path, "n\0l\n", 4);
    EXPECT(fixture, "n");
}

static void
test_qemu_log(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(fixture->folder, "g1.log", NULL);

    g_assert_null(omen_qemu_log_source_new(fixture->files, fixture->folder, "../etc/passwd", NULL));
    append(path, "", 0);
    fixture->source = omen_qemu_log_source_new(fixture->files, fixture->folder, "g1", NULL);
    omen_source_start(fixture->source, on_record, fixture);
    settle(fixture);
    append(path, "2026-11-23 09:54:48.704+0000: shutting down, reason=crashed\nqemu: bad\n", 70);
    EXPECT(fixture, "shutting down, reason=crashed", "qemu: bad");
}

/* What libvirt writes when a domain starts names devices, and what its definer chose: no evidence.
 */
static void
test_qemu_command_line(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const char log[] = "2026-11-23 09:54:48.704+0000: starting up libvirt version: 9.0.0\n"
                              "LC_ALL=C \\\n"
                              "/usr/bin/qemu-system-x86_64 \\\n"
                              "-name 'guest=kernel panic,debug-threads=on' \\\n"
                              "-device '{\"driver\":\"pvpanic\",\"ioport\":1285}' \\\n"
                              "-msg timestamp=on\n"
                              "qemu-system-x86_64: bad\n";
    g_autofree char *path = g_build_filename(fixture->folder, "g1.log", NULL);

    append(path, "", 0);
    fixture->source = omen_qemu_log_source_new(fixture->files, fixture->folder, "g1", NULL);
    omen_source_start(fixture->source, on_record, fixture);
    settle(fixture);
    append(path, log, strlen(log));
    EXPECT(fixture, "starting up libvirt version: 9.0.0", "qemu-system-x86_64: bad");
}

static void
collect(const char *message, gsize length, gpointer user_data)
{
    g_ptr_array_add(user_data, g_strndup(message, length));
}

/* However the stream is cut into pieces, the same messages come out of it. */
static void
test_framing(void)
{
    static const char stream[] =
        "<13>one\n7 <13>two<14>three\n16 <13>with\na feed?5 <1>xy<2>last\n";
    static const char *const expected[] = {"<13>one",           "<13>two", "<14>three",
                                           "<13>with\na feed?", "<1>xy",   "<2>last"};

    for (gsize piece = 1; piece < sizeof stream; piece++) {
        g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
        OmenSyslogFraming framing;
        omen_syslog_framing_init(&framing, 100);
        for (gsize at = 0; at < sizeof stream - 1; at += piece)
            omen_syslog_framing_feed(&framing, stream + at, MIN(piece, sizeof stream - 1 - at),
                                     collect, messages);
        g_assert_cmpuint(messages->len, ==, G_N_ELEMENTS(expected));
        for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
            g_assert_cmpstr(g_ptr_array_index(messages, i), ==, expected[i]);
        omen_syslog_framing_clear(&framing);
    }
}

static void
test_framing_limit(void)
{
    g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *line = g_strnfill(1000, 'y');
    OmenSyslogFraming framing;

    omen_syslog_framing_init(&framing, 10);
    omen_syslog_framing_feed(&framing, line, 1000, collect, messages);
    omen_syslog_framing_feed(&framing, "\nshort\n999 ", 11, collect, messages);
    omen_syslog_framing_feed(&framing, line, 999, collect, messages);
    omen_syslog_framing_feed(&framing, "end\n", 4, collect, messages);
    g_assert_cmpuint(framing.n_cut, ==, 2);
    g_assert_cmpuint(framing.pending->len, ==, 0);
    g_assert_cmpuint(messages->len, ==, 4);
    g_assert_cmpstr(g_ptr_array_index(messages, 1), ==, "short");
    g_assert_cmpstr(g_ptr_array_index(messages, 3), ==, "end");
    omen_syslog_framing_clear(&framing);
}

static void
test_addresses(void)
{
    static const char *const bad[] = {
        "",     "tcp:",       "udp:127.0.0.1",    "unix-dgram:relative",
        "x:/y", "tcp:host:0", "udp:1.2.3.4:99999"};
    static const char *const good[] = {"unix-dgram:/run/x", "unix-stream:/run/x",
                                       "udp:127.0.0.1:5514", "tcp:[::1]:5514"};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(omen_syslog_source_new(bad[i], &error));
        g_assert_error(error, OMEN_SOURCE_ERROR, OMEN_SOURCE_ERROR_INVALID);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(OmenSource) source = omen_syslog_source_new(good[i], NULL);
        g_assert_nonnull(source);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
    g_test_add("/file/append", Fixture, NULL, set_up, test_append, tear_down);
    g_test_add("/file/neighbours", Fixture, NULL, set_up, test_neighbours, tear_down);
    g_test_add("/file/gathered", Fixture, NULL, set_up, test_gathered, tear_down);
    g_test_add("/file/late", Fixture, NULL, set_up, test_late, tear_down);
    g_test_add("/file/rename", Fixture, NULL, set_up, test_rename, tear_down);
    g_test_add("/file/truncate", Fixture, NULL, set_up, test_truncate, tear_down);
    g_test_add("/file/bookmark", Fixture, NULL, set_up, test_bookmark, tear_down);
    g_test_add("/file/bookmark-rotated", Fixture, "", set_up, test_bookmark, tear_down);
    g_test_add("/file/monster", Fixture, NULL, set_up, test_monster, tear_down);
    g_test_add("/file/qemu-log", Fixture, NULL, set_up, test_qemu_log, tear_down);
    g_test_add("/file/qemu-command-line", Fixture, NULL, set_up, test_qemu_command_line, tear_down);
    g_test_add_func("/syslog/framing", test_framing);
    g_test_add_func("/syslog/framing-limit", test_framing_limit);
    g_test_add_func("/syslog/addresses", test_addresses);
    return g_test_run();
}

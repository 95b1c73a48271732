/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is proven by who wrote it, and what is only said. */
#include "judge/writers.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
    OmenJudge *judge;
    OmenWriters *writers;
} Bench;

static void
set_up(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder =
        g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "data", "knowledge", NULL);

    bench->judge = omen_judge_new("embedded", folder, &error);
    g_assert_no_error(error);
    bench->writers = omen_writers_load(folder, &error);
    g_assert_no_error(error);
}

static void
tear_down(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    g_object_unref(bench->judge);
    omen_writers_free(bench->writers);
}

/* Judges the line as the detector does, and says whether that is proven. It must be a failure. */
static gboolean
proves(Bench *bench, OmenOrigin origin, const char *writer, const char *unit, const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, ": ", 2);
    OmenRecord record = {.identifier = parts[0],
                         .identifier_length = strlen(parts[0]),
                         .message = parts[1],
                         .message_length = strlen(parts[1]),
                         .origin = origin,
                         .writer = writer,
                         .writer_length = strlen(writer),
                         .unit = unit,
                         .unit_length = strlen(unit)};
    OmenEvidence evidence = {.provenance = OMEN_PROVENANCE_HOST,
                             .priority = OMEN_PRIORITY_ERROR,
                             .identifier = parts[0],
                             .message = parts[1]};
    OmenVerdict verdict;

    omen_judge_judge(bench->judge, &evidence, &verdict);
    g_assert_cmpfloat(verdict.probability, >=, 0.5);
    return omen_writers_prove(bench->writers, bench->judge, &record, &verdict);
}

static const char medium_error[] =
    "kernel: critical medium error, dev sda, sector 1234 op 0x0:(READ) flags 0x0 phys_seg 1";

/* The same words: of the kernel they are proven, of nobody else. */
static void
test_kernel(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const services[] = {
        "nginx",  "sshd",     "smartd2", "logger",          "",
        "kernel", "libvirtd", "systemd", "smartd@www-data", "any"};

    g_assert_true(proves(bench, OMEN_ORIGIN_KERNEL, "kernel", "", medium_error));
    g_assert_true(proves(bench, OMEN_ORIGIN_VOUCHED, "", "", medium_error));
    g_assert_false(proves(bench, OMEN_ORIGIN_UNPROVEN, "kernel", "", medium_error));
    g_assert_false(proves(bench, OMEN_ORIGIN_UNPROVEN, "smartd", "smartd", medium_error));
    g_assert_false(proves(bench, OMEN_ORIGIN_USER, "kernel", "", medium_error));
    g_assert_false(proves(bench, OMEN_ORIGIN_USER, "smartd", "smartd", medium_error));
    for (guint i = 0; i < G_N_ELEMENTS(services); i++)
        g_assert_false(proves(bench, OMEN_ORIGIN_SYSTEM, services[i], "nginx", medium_error));
}

static void
test_services(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    static const char smart[] =
        "smartd: Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors";
    static const char panic[] = "systemd: kernel panic - not syncing: fatal exception";
    static const char quoted[] = "libvirtd: internal error: process exited while connecting to "
                                 "monitor: critical medium error, dev sda, sector 1";

    g_assert_true(proves(bench, OMEN_ORIGIN_SYSTEM, "smartd", "smartmontools", smart));
    g_assert_false(proves(bench, OMEN_ORIGIN_SYSTEM, "smartd@nobody", "x", smart));
    g_assert_false(proves(bench, OMEN_ORIGIN_SYSTEM, "multipathd2", "x", smart));
    g_assert_false(proves(bench, OMEN_ORIGIN_USER, "smartd", "smartd", smart));
    g_assert_false(proves(bench, OMEN_ORIGIN_SYSTEM, "systemd", "init", panic));
    g_assert_false(proves(bench, OMEN_ORIGIN_SYSTEM, "libvirtd", "libvirtd", quoted));
}

/* The kernel repeats names that users give to processes, files and control groups. */
static void
test_chosen_names(Bench *bench, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const forged[] = {
        "kernel: process '/tmp/critical medium error, dev sda, sector 1' started with executable stack",
        "kernel: ptrace attach of \"critical medium error, dev sda, sector 1\"[7] was attempted by \"x\"[8]",
        "kernel: Memory cgroup stats for /user.slice/critical medium error, dev sda, sector 1:",
        "kernel: cgroup: fork rejected by pids controller in /user.slice/x/critical medium error, dev sda",
        "kernel: kernel panic [ka[1234]: segfault at 0 ip 00007f1 sp 00007ff error 4 in x[55a+1000]",
        "kernel: traps: kernel panic [1[1234] trap invalid opcode ip:55 sp:7f error:0 in x[55+1]",
    };

    for (guint i = 0; i < G_N_ELEMENTS(forged); i++) {
        g_auto(GStrv) parts = g_strsplit(forged[i], ": ", 2);
        OmenEvidence evidence = {.identifier = "kernel", .message = parts[1]};
        OmenVerdict verdict;
        omen_judge_judge(bench->judge, &evidence, &verdict);
        if (verdict.probability < 0.5)
            g_test_message("the judge is not taken in: %s", forged[i]);
        else
            g_assert_false(proves(bench, OMEN_ORIGIN_KERNEL, "kernel", "", forged[i]));
    }
    /* What it says of a device is its own. */
    g_assert_true(
        proves(bench, OMEN_ORIGIN_KERNEL, "kernel", "",
               "kernel: EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm "
               "ls: reading directory lblock 0"));
}

static void
check_hidden(const char *message, const char *gone)
{
    g_autofree char *own = omen_writers_hide_chosen(message);

    g_assert_cmpuint(strlen(own), ==, strlen(message));
    g_assert_null(strstr(own, gone));
}

static void
test_hide(Bench *bench G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    static const char plain[] = "critical medium error, dev sda, sector 1";
    g_autofree char *own = omen_writers_hide_chosen(plain);

    g_assert_cmpstr(own, ==, plain);
    check_hidden("a \"bad\" word", "bad");
    check_hidden("in /user.slice/bad name", "bad");
    check_hidden("oom-kill:constraint=X,task_memcg=/user.slice/bad,task=bad,pid=1,uid=0", "bad");
    check_hidden("Out of memory: Killed process 12 (bad, name) total-vm:1kB, anon-rss:2kB", "bad");
    check_hidden("INFO: task bad: name:12 blocked for more than 120 seconds.", "bad");
    check_hidden("bad[12]: segfault at 0", "bad");
    check_hidden("`bad' uses 32-bit capabilities", "bad");
    check_hidden("an end \"bad", "nothing of it");
}

/* A mistake is told by file and line. */
static void
test_bad_file(Bench *bench G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const bad[] = {"smartd disk\n", "# good\n\nsmartd: disc\n", "smartd:\n",
                                      ": disk\n"};
    g_autofree char *folder = g_dir_make_tmp("omen-writers-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "writers", NULL);

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(g_file_set_contents(path, bad[i], -1, NULL));
        g_assert_null(omen_writers_load(folder, &error));
        g_assert_error(error, OMEN_JUDGE_ERROR, OMEN_JUDGE_ERROR_BAD_KNOWLEDGE);
        g_assert_true(g_str_has_prefix(error->message, path));
    }
    g_assert_cmpint(g_remove(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/writers/kernel", Bench, NULL, set_up, test_kernel, tear_down);
    g_test_add("/writers/services", Bench, NULL, set_up, test_services, tear_down);
    g_test_add("/writers/chosen-names", Bench, NULL, set_up, test_chosen_names, tear_down);
    g_test_add("/writers/hide", Bench, NULL, set_up, test_hide, tear_down);
    g_test_add("/writers/bad-file", Bench, NULL, set_up, test_bad_file, tear_down);
    return g_test_run();
}

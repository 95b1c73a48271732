/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/health-check.h"
#include "response/recovery.h"

#include <glib/gstdio.h>
#include <string.h>

static void
put(const char *root, const char *path, const char *text)
{
    g_autofree char *whole = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(whole);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(whole, text, -1, NULL));
}

static void
remove_all(const char *root)
{
    const char *argv[] = {"rm", "-rf", root, NULL};

    g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

static void
test_health_check(void)
{
    g_autofree char *root = g_dir_make_tmp("check-XXXXXX", NULL);
    OmenHealthCheck check = {.folder = root, .root = root};
    char *wrong;

    put(root, "sys/block/sda/device/state", "running\n");
    put(root, "sys/block/nvme0n1/device/state", "live\n");
    put(root, "sys/block/md0/md/degraded", "0\n");
    put(root, "proc/pressure/memory",
        "some avg10=0 avg60=90.00 avg300=0 total=0\nfull avg10=0.00 avg60=1.50 avg300=0 total=0\n");
    g_assert_null(omen_health_check_run(&check));

    put(root, "sys/block/sda/device/state", "offline\n");
    wrong = omen_health_check_run(&check);
    g_assert_cmpstr(wrong, ==, "sda is offline");
    g_free(wrong);
    put(root, "sys/block/sda/device/state", "running\n");
    put(root, "sys/block/md0/md/degraded", "1\n");
    wrong = omen_health_check_run(&check);
    g_assert_cmpstr(wrong, ==, "md0 lacks 1 of its disks");
    g_free(wrong);
    put(root, "sys/block/md0/md/degraded", "0\n");
    put(root, "proc/pressure/memory", "full avg10=0.00 avg60=61.50 avg300=0 total=0\n");
    wrong = omen_health_check_run(&check);
    g_assert_nonnull(strstr(wrong, "memory is short"));
    g_free(wrong);
    put(root, "proc/pressure/memory", "");
    check.folder = "/proc/there/is/none";
    wrong = omen_health_check_run(&check);
    g_assert_nonnull(strstr(wrong, "cannot be written"));
    g_free(wrong);
    remove_all(root);
    g_assert_null(g_dir_open(root, 0, NULL));
}

/* What the check says is known soon: the main loop turns until then. */
static const char *
await_answer(OmenRecovery *recovery, const char *before)
{
    gint64 until_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    const char *doubt = omen_recovery_get_doubt(recovery);

    while (g_strcmp0(doubt, before) == 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, until_us);
        omen_recovery_note(recovery, FALSE);
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
        doubt = omen_recovery_get_doubt(recovery);
    }
    return doubt;
}

static void
test_way_back(void)
{
    g_autofree char *folder = g_dir_make_tmp("recovery-XXXXXX", NULL);
    g_autoptr(OmenRecovery) one = omen_recovery_new();
    g_autofree char *doubt = NULL;

    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*not healthy yet*cannot be written*");
    omen_recovery_configure(one, "/proc/there/is/none", 0);
    g_assert_null(omen_recovery_get_doubt(one));
    omen_recovery_note(one, TRUE);
    g_assert_null(omen_recovery_get_doubt(one)); /* an omen says more than that */
    omen_recovery_note(one, FALSE);
    g_assert_nonnull(strstr(omen_recovery_get_doubt(one), "is checked before"));
    doubt = g_strdup(await_answer(one, omen_recovery_get_doubt(one)));
    g_assert_nonnull(strstr(doubt, "cannot be written"));
    g_assert_false(omen_recovery_is_over(one, 0));
    g_test_assert_expected_messages();

    omen_recovery_configure(one, folder, 0);
    g_assert_null(await_answer(one, doubt));
    g_assert_true(omen_recovery_is_over(one, 0));
    g_assert_false(omen_recovery_is_over(one, 3600));
    omen_recovery_end(one);
    g_assert_false(omen_recovery_is_over(one, 0));

    /* Anew; an operator's word is enough to take guests. */
    omen_recovery_note(one, TRUE);
    omen_recovery_note(one, FALSE);
    g_assert_nonnull(omen_recovery_get_doubt(one));
    g_assert_false(omen_recovery_is_over(one, 0));
    omen_recovery_vouch(one);
    g_assert_null(omen_recovery_get_doubt(one));
    remove_all(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/recovery/health-check", test_health_check);
    g_test_add_func("/recovery", test_way_back);
    return g_test_run();
}

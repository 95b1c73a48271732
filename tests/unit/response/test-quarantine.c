/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/quarantine.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static char *
wait_for_file(const char *path, gboolean present)
{
    gint64 until = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;
    char *text = NULL;

    while (g_get_monotonic_time() < until) {
        g_main_context_iteration(NULL, FALSE);
        g_clear_pointer(&text, g_free);
        if (g_file_get_contents(path, &text, NULL, NULL) == present)
            return text;
    }
    return text;
}

static void
test_publish(void)
{
    g_autofree char *folder = g_dir_make_tmp("omen-quarantine-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "quarantine", NULL);
    g_autoptr(OmenQuarantine) quarantine = omen_quarantine_new(path);
    g_autofree char *text = NULL;
    struct timespec now;
    long long expiry_s;
    int read_to = 0;

    /* Published, withdrawn and published again before the first write is done: the last word holds.
     */
    omen_quarantine_publish(quarantine, "first", 10, FALSE);
    omen_quarantine_withdraw(quarantine);
    omen_quarantine_publish(quarantine, "omen 3: a\ndisk", 60, TRUE);
    for (guint i = 0; i < 100 && (!text || !strstr(text, "omen 3")); i++) {
        g_free(text);
        text = wait_for_file(path, TRUE);
        g_usleep(10000);
    }
    g_assert_nonnull(text);
    g_assert_cmpint(sscanf(text, "1 %lld omen 3: a\\x0adisk\nno-starts\n%n", &expiry_s, &read_to),
                    ==, 1);
    g_assert_cmpuint(strlen(text), ==, read_to);
    clock_gettime(CLOCK_BOOTTIME, &now);
    g_assert_cmpint(expiry_s - now.tv_sec, >, 50);
    g_assert_cmpint(expiry_s - now.tv_sec, <=, 60);

    omen_quarantine_withdraw(quarantine);
    g_clear_pointer(&text, g_free);
    text = wait_for_file(path, FALSE);
    g_assert_null(text);
    g_rmdir(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/quarantine/publish", test_publish);
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recorded-host.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *
make_place(const char *root, const char *path)
{
    char *full = g_strconcat(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    return full;
}

static void
make_link(const char *root, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 2);
    g_autofree char *full = make_place(root, words[0]);

    g_assert_nonnull(words[1]);
    g_assert_cmpint(symlink(words[1], full), ==, 0);
}

static void
flush(GString *text, char **full)
{
    if (*full)
        g_assert_true(g_file_set_contents_full(*full, text->str, (gssize) text->len,
                                               G_FILE_SET_CONTENTS_NONE, 0644, NULL));
    g_string_truncate(text, 0);
    g_clear_pointer(full, g_free);
}

char *
recorded_host_unpack(const char *text)
{
    /* Thousands of small files: rather in memory. */
    char *root = g_file_test("/dev/shm", G_FILE_TEST_IS_DIR)
                     ? g_mkdtemp(g_strdup("/dev/shm/recorded-host-XXXXXX"))
                     : g_dir_make_tmp("recorded-host-XXXXXX", NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *full = NULL;
    g_autoptr(GString) content = g_string_new(NULL);

    for (guint i = 0; lines[i]; i++) {
        if (*lines[i] == ' ') {
            g_string_append_printf(content, "%s\n", lines[i] + 1);
            continue;
        }
        flush(content, &full);
        if (g_str_has_prefix(lines[i], "link ")) {
            make_link(root, lines[i] + strlen("link "));
        } else if (g_str_has_prefix(lines[i], "text ")) {
            full = make_place(root, lines[i] + strlen("text "));
        } else if (g_str_has_prefix(lines[i], "folder ")) {
            g_autofree char *folder = g_strconcat(root, lines[i] + strlen("folder "), NULL);
            g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
        }
    }
    flush(content, &full);
    g_assert_nonnull(root);
    return root;
}

char *
recorded_host_unpack_file(const char *name)
{
    g_autofree char *path =
        g_build_filename(g_getenv("OMEN_TEST_SOURCE_ROOT"), "tests/data/topology", name, NULL);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return recorded_host_unpack(text);
}

static void
remove_folder(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *full = g_build_filename(path, name, NULL);
        if (!g_file_test(full, G_FILE_TEST_IS_SYMLINK) && g_file_test(full, G_FILE_TEST_IS_DIR))
            remove_folder(full);
        else
            g_unlink(full);
    }
    g_rmdir(path);
}

void
recorded_host_remove(char *root)
{
    remove_folder(root);
    g_free(root);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "configuration/configuration-files.h"

#include "configuration/configuration.h"
#include "configuration/trusted-file.h"

#include <string.h>

static const char *
find_main_file(const char *path)
{
    return path ? path : OMEN_SYSCONFDIR "/virt-omen/virt-omen.conf";
}

/* (transfer full). */
static char *
find_drop_ins(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(find_main_file(path));

    return g_build_filename(directory, "conf.d", NULL);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

char **
omen_configuration_files_list(const char *path)
{
    g_autofree char *drop_ins = find_drop_ins(path);
    g_autoptr(GDir) dir = g_dir_open(drop_ins, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GStrvBuilder) files = g_strv_builder_new();
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ".conf") && *name != '.')
            g_ptr_array_add(names, g_build_filename(drop_ins, name, NULL));
    }
    g_ptr_array_sort(names, compare_names);
    g_strv_builder_add(files, find_main_file(path));
    for (guint i = 0; i < names->len; i++)
        g_strv_builder_add(files, g_ptr_array_index(names, i));
    return g_strv_builder_end(files);
}

static gboolean
refuse(const GError *why, GError **error)
{
    g_set_error_literal(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_UNREADABLE,
                        why->message);
    return FALSE;
}

gboolean
omen_configuration_files_check_trust(const char *path, GError **error)
{
    g_autofree char *drop_ins = find_drop_ins(path);
    g_autoptr(GError) local = NULL;

    if (omen_trusted_file_check(find_main_file(path), &local) &&
        omen_trusted_file_check_folder(drop_ins, &local))
        return TRUE;
    return refuse(local, error);
}

gboolean
omen_configuration_files_check_knowledge(const char *folder, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (omen_trusted_file_check_folder(*folder ? folder : OMEN_PKGDATADIR "/knowledge", &local))
        return TRUE;
    return refuse(local, error);
}

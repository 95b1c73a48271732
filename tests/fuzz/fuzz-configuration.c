/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configuration: it is taken, or refused with a reason; what is taken can be shown, and its
 * secrets are not. */
#include "fuzz-file.h"

#include "configuration/configuration.h"
#include "configuration/setting.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = g_build_filename(fuzz_folder(), "virt-omen.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenConfiguration) configuration = NULL;
    g_autoptr(GPtrArray) list = NULL;

    fuzz_write(path, data, size);
    configuration = omen_configuration_load(path, &error);
    if (!configuration != !!error)
        g_error("neither a configuration nor an error");
    list = configuration ? omen_configuration_list(configuration) : NULL;
    for (guint i = 0; list && i < list->len; i++) {
        const OmenConfigurationEntry *entry = g_ptr_array_index(list, i);
        g_autofree char *shown = omen_setting_hide_password(entry->value);
        const char *host = strstr(shown, "://");
        if (host && g_str_has_prefix(entry->value, "http://") && strchr(shown, '@') &&
            strcspn(host + 3, "@") < strcspn(host + 3, "/?#") && strncmp(host, "://***@", 7) != 0)
            g_error("a password is shown: %s", shown);
    }
    return 0;
}

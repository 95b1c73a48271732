/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen config: is the daemon's configuration without mistakes, and what is in force? */
#include "config.h"

#include "client.h"
#include "command.h"
#include "configuration/configuration.h"
#include "configuration/setting.h"
#include "json.h"

#define HINT "name one: config check [FILE], or config show"

static void
tell_json(const OmenConfiguration *configuration, const GError *error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    json_add_boolean(builder, "valid", configuration != NULL);
    json_add_string(builder, "error", error ? error->message : "");
    if (configuration) {
        json_add_string(builder, "mode", omen_mode_to_string(configuration->mode));
        json_add_count(builder, "destinations", configuration->destinations->len);
    }
    json_builder_end_object(builder);
    client_print_json(json_builder_get_root(builder));
}

static void
tell_valid(const OmenConfiguration *configuration)
{
    g_print("The configuration is valid: mode %s, %u destinations.\n",
            omen_mode_to_string(configuration->mode), configuration->destinations->len);
    if (configuration->destinations->len == 0)
        g_print("Nothing can be moved away: name a destination in %s/virt-omen/conf.d/"
                "destinations.conf.\n",
                OMEN_SYSCONFDIR);
    else if (!*configuration->own_uri)
        g_print("Nothing can be brought back: set own_uri in [evacuation].\n");
}

static void
show_table(GPtrArray *entries, gboolean no_headers)
{
    static const char *const headers[] = {"SETTING", "VALUE", "FROM", NULL};
    g_autoptr(Table) table = table_new(headers);

    for (guint i = 0; i < entries->len; i++) {
        const OmenConfigurationEntry *entry = g_ptr_array_index(entries, i);
        char *cells[] = {
            g_strdup_printf("[%s] %s", entry->group, entry->key),
            omen_setting_hide_password(entry->value),
            g_strdup(entry->file ? entry->file : "default"),
        };
        table_add(table, TABLE_PLAIN, cells);
    }
    table_print(table, !no_headers);
}

static void
show_json(GPtrArray *entries)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_array(builder);
    for (guint i = 0; i < entries->len; i++) {
        const OmenConfigurationEntry *entry = g_ptr_array_index(entries, i);
        g_autofree char *value = omen_setting_hide_password(entry->value);
        json_builder_begin_object(builder);
        json_add_string(builder, "group", entry->group);
        json_add_string(builder, "key", entry->key);
        json_add_string(builder, "value", value);
        json_add_string(builder, "file", entry->file ? entry->file : "");
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    client_print_json(json_builder_get_root(builder));
}

int
command_config(int argc, char **argv)
{
    ClientListing listing = {0};
    const GOptionEntry entries[] = {CLIENT_LISTING_OPTIONS(listing), G_OPTION_ENTRY_NULL};
    g_autoptr(OmenConfiguration) configuration = NULL;
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(GError) error = NULL;
    gboolean is_show;
    int status;

    if (!command_parse_options(entries, &argc, &argv, &status))
        return status;
    is_show = argc == 2 && g_str_equal(argv[1], "show");
    if (!is_show && (argc < 2 || argc > 3 || !g_str_equal(argv[1], "check")))
        return command_fail("config", EXIT_USAGE, HINT);
    configuration = omen_configuration_load(argc > 2 ? argv[2] : NULL, &error);
    if (listing.json && !is_show)
        tell_json(configuration, error);
    if (!configuration)
        return command_fail("config", EXIT_FAILED, "%s", error->message);
    if (!is_show && !listing.json)
        tell_valid(configuration);
    if (!is_show)
        return EXIT_GOOD;
    list = omen_configuration_list(configuration);
    if (listing.json)
        show_json(list);
    else
        show_table(list, listing.no_headers);
    return EXIT_GOOD;
}

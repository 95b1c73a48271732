/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen config check: is the daemon's configuration without mistakes? */
#include "config.h"

#include "client.h"
#include "command.h"
#include "configuration.h"
#include "json.h"

#define HINT "say: virt-omen config check [FILE]"

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

int
command_config(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(OmenConfiguration) configuration = NULL;
    g_autoptr(GError) error = NULL;
    int status;

    if (!command_parse_options(entries, &argc, &argv, &status))
        return status;
    if (argc < 2 || argc > 3 || !g_str_equal(argv[1], "check"))
        return command_fail("config", EXIT_USAGE, HINT);
    configuration = omen_configuration_load(argc > 2 ? argv[2] : NULL, &error);
    if (json)
        tell_json(configuration, error);
    if (!configuration)
        return command_fail("config", EXIT_FAILED, "%s", error->message);
    if (json)
        return EXIT_GOOD;
    g_print("The configuration is valid: mode %s, %u destinations.\n",
            omen_mode_to_string(configuration->mode), configuration->destinations->len);
    if (configuration->destinations->len == 0)
        g_print("Nothing can be moved away: name a destination in %s/virt-omen/conf.d/"
                "destinations.conf.\n",
                OMEN_SYSCONFDIR);
    return EXIT_GOOD;
}

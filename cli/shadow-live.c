/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen shadow: what mode enforce would have moved, by the omens that the daemon knows. */
#include "client.h"
#include "command.h"
#include "json.h"
#include "shadow.h"

#include <virt-omen/bus-names.h>

typedef struct {
    char **failures;
    int window_h;
    gboolean json;
} Options;

static void
options_clear(Options *self)
{
    g_strfreev(self->failures);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static void
set_text(char **field, Client *client, const char *path, const char *property)
{
    g_free(*field);
    *field = g_strdup(client_get_string(client, path, INTERFACE_OMEN, property));
}

/* (transfer full): NULL if it is of a later daemon's kind. */
static OmenData *
read_omen(Client *client, const char *path)
{
    g_autoptr(OmenData) omen = omen_data_new();
    const char *class = client_get_string(client, path, INTERFACE_OMEN, "Class");
    const char *scope = client_get_string(client, path, INTERFACE_OMEN, "Scope");
    const char *action = client_get_string(client, path, INTERFACE_OMEN, "Action");

    if (!omen_failure_class_from_string(class, &omen->failure_class) ||
        !omen_scope_from_string(scope, &omen->scope) ||
        !omen_action_from_string(action, &omen->action))
        return NULL;
    omen->id = client_get_number(client, path, INTERFACE_OMEN, "Id");
    omen->time_us = (gint64) client_get_number(client, path, INTERFACE_OMEN, "Time");
    omen->probability = client_get_double(client, path, INTERFACE_OMEN, "Probability");
    omen->is_proven = client_get_boolean(client, path, INTERFACE_OMEN, "Proven");
    omen->migration_helps = client_get_boolean(client, path, INTERFACE_OMEN, "MigrationHelps");
    omen->n_records = client_get_number(client, path, INTERFACE_OMEN, "Records");
    set_text(&omen->stream, client, path, "Stream");
    set_text(&omen->device, client, path, "Device");
    set_text(&omen->domain_uuid, client, path, "DomainUuid");
    set_text(&omen->domain_name, client, path, "DomainName");
    set_text(&omen->reason, client, path, "Reason");
    set_text(&omen->outcome, client, path, "Outcome");
    return g_steal_pointer(&omen);
}

static void
tell(Client *client, Shadow *shadow, gboolean json)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    if (!json) {
        g_autofree char *since = client_format_time(
            client_get_number(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Since"));
        g_print("since %s, mode %s\n", since,
                client_get_string(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Mode"));
        shadow_print(shadow);
        return;
    }
    json_builder_begin_object(builder);
    shadow_build_omens(shadow, builder);
    shadow_build_summary(shadow, builder);
    json_builder_end_object(builder);
    client_print_json(json_builder_get_root(builder));
}

int
command_shadow(int argc, char **argv)
{
    g_auto(Options) options = {.window_h = 24};
    const GOptionEntry entries[] = {
        {"failure", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.failures,
         "When the host did fail (ISO 8601), to tell right evacuations from false ones", "TIME"},
        {"window", 0, 0, G_OPTION_ARG_INT, &options.window_h,
         "For how long before a failure an evacuation is right (24)", "HOURS"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GArray) failures = NULL;
    g_autoptr(Shadow) shadow = NULL;
    g_autoptr(GPtrArray) paths = NULL;
    g_autoptr(GError) error = NULL;
    int status;

    if (!client_begin(&client, entries, &argc, &argv, 0, 0, "it takes no argument", &status))
        return status;
    failures = shadow_parse_failures(options.failures, &error);
    if (!failures)
        return command_fail("shadow", EXIT_USAGE, "%s", error->message);
    if (options.window_h < 1 || options.window_h > 24 * 366)
        return command_fail("shadow", EXIT_USAGE, "--window is 1 to 8784 hours");
    shadow = shadow_new(failures, (guint) options.window_h * 3600, 3600);
    shadow_set_span(
        shadow,
        (gint64) client_get_number(&client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Since"),
        g_get_real_time());
    paths = client_list(&client, INTERFACE_OMEN);
    for (guint i = 0; i < paths->len; i++) {
        OmenData *omen = read_omen(&client, g_ptr_array_index(paths, i));
        if (omen)
            shadow_add_omen(shadow, omen);
    }
    tell(&client, shadow, options.json);
    return EXIT_GOOD;
}

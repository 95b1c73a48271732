/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen omens, approve, dismiss, clear. */
#include "client.h"
#include "command.h"

#include <virt-omen/bus-names.h>

static void
add_string(
    JsonBuilder *builder, Client *client, const char *path, const char *name, const char *property)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder,
                                  client_get_string(client, path, INTERFACE_OMEN, property));
}

static void
add_omen(Client *client, const char *path, JsonBuilder *builder)
{
    g_auto(GStrv) records = client_get_lines(client, path);

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "id");
    json_builder_add_int_value(builder,
                               (gint64) client_get_number(client, path, INTERFACE_OMEN, "Id"));
    json_builder_set_member_name(builder, "time");
    json_builder_add_double_value(
        builder, (double) client_get_number(client, path, INTERFACE_OMEN, "Time") / G_USEC_PER_SEC);
    add_string(builder, client, path, "scope", "Scope");
    add_string(builder, client, path, "class", "Class");
    add_string(builder, client, path, "device", "Device");
    add_string(builder, client, path, "domain", "DomainName");
    json_builder_set_member_name(builder, "probability");
    json_builder_add_double_value(builder,
                                  client_get_double(client, path, INTERFACE_OMEN, "Probability"));
    add_string(builder, client, path, "reason", "Reason");
    json_builder_set_member_name(builder, "records");
    json_builder_begin_array(builder);
    for (guint i = 0; records && records[i]; i++)
        json_builder_add_string_value(builder, records[i]);
    json_builder_end_array(builder);
    add_string(builder, client, path, "action", "Action");
    add_string(builder, client, path, "outcome", "Outcome");
    json_builder_set_member_name(builder, "open");
    json_builder_add_boolean_value(builder,
                                   client_get_boolean(client, path, INTERFACE_OMEN, "Open"));
    json_builder_end_object(builder);
}

static void
print_omen(Client *client, const char *path)
{
    g_auto(GStrv) records = client_get_lines(client, path);
    g_autofree char *time =
        client_format_time(client_get_number(client, path, INTERFACE_OMEN, "Time"));
    const char *outcome = client_get_string(client, path, INTERFACE_OMEN, "Outcome");
    const char *device = client_get_string(client, path, INTERFACE_OMEN, "Device");
    const char *domain = client_get_string(client, path, INTERFACE_OMEN, "DomainName");
    gboolean is_red =
        command_has_colour() && client_get_boolean(client, path, INTERFACE_OMEN, "Open");

    g_print("%s%" G_GUINT64_FORMAT "  %s  %s%s%s%s%s, probability %.2f: %s%s\n",
            is_red ? "\033[1;31m" : "", client_get_number(client, path, INTERFACE_OMEN, "Id"), time,
            client_get_string(client, path, INTERFACE_OMEN, "Class"), *device ? " " : "", device,
            *domain ? " of " : "", domain,
            client_get_double(client, path, INTERFACE_OMEN, "Probability"),
            client_get_string(client, path, INTERFACE_OMEN, "Reason"), is_red ? "\033[0m" : "");
    g_print("   %s%s%s; %" G_GUINT64_FORMAT " records\n",
            client_get_string(client, path, INTERFACE_OMEN, "Action"), *outcome ? ": " : "",
            outcome, client_get_number(client, path, INTERFACE_OMEN, "Records"));
    for (guint i = 0; records && records[i] && i < 3; i++)
        g_print("     %s\n", records[i]);
}

int
command_omens(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GPtrArray) paths = NULL;
    g_autoptr(JsonBuilder) builder = json_builder_new();
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (argc > 1)
        return command_fail("omens", EXIT_USAGE, "it takes no argument");
    if (!client_open(&client, "omens"))
        return EXIT_FAILED;
    paths = client_list(&client, INTERFACE_OMEN);
    json_builder_begin_array(builder);
    for (guint i = 0; i < paths->len; i++) {
        if (json)
            add_omen(&client, g_ptr_array_index(paths, i), builder);
        else
            print_omen(&client, g_ptr_array_index(paths, i));
    }
    json_builder_end_array(builder);
    if (json)
        client_print_json(json_builder_get_root(builder));
    else if (paths->len == 0)
        g_print("No omens.\n");
    return EXIT_GOOD;
}

/* approve, dismiss, clear: one method of one omen. */
static int
tell_omen(const char *command, const char *method, int argc, char **argv)
{
    const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
    g_auto(Client) client = {0};
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    guint64 id;
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (argc != 2 || !g_ascii_string_to_unsigned(argv[1], 10, 1, G_MAXUINT64, &id, NULL))
        return command_fail(command, EXIT_USAGE, "name one omen by its number (virt-omen omens)");
    if (!client_open(&client, command))
        return EXIT_FAILED;
    path = g_strdup_printf(OMEN_BUS_OMENS_PATH "/%" G_GUINT64_FORMAT, id);
    if (client_get_number(&client, path, INTERFACE_OMEN, "Id") != id)
        return command_fail(command, EXIT_FAILED,
                            "there is no omen %" G_GUINT64_FORMAT "; virt-omen omens lists them",
                            id);
    reply = client_call(&client, path, INTERFACE_OMEN, method,
                        g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), &error);
    return reply ? EXIT_GOOD : command_fail(command, EXIT_FAILED, "%s", error->message);
}

int
command_approve(int argc, char **argv)
{
    return tell_omen("approve", "Approve", argc, argv);
}

int
command_dismiss(int argc, char **argv)
{
    return tell_omen("dismiss", "Dismiss", argc, argv);
}

int
command_clear(int argc, char **argv)
{
    return tell_omen("clear", "Clear", argc, argv);
}

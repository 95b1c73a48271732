/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen status, mode, destinations. */
#include "client.h"
#include "command.h"
#include "json.h"

#include <virt-omen/bus-names.h>

static GVariant *
no_options(void)
{
    return g_variant_new("a{sv}", NULL);
}

static const char *
paint(const char *code)
{
    return command_has_colour() ? code : "";
}

static void
print_streams(GVariant *streams, const char *indent)
{
    GVariantIter iter;
    GVariant *stream;

    g_variant_iter_init(&iter, streams);
    while (g_variant_iter_loop(&iter, "@a{sv}", &stream)) {
        const char *source = "";
        const char *problem = "";
        guint64 records = 0;
        guint64 anomalies = 0;
        guint64 dropped = 0;
        gboolean training = FALSE;
        g_variant_lookup(stream, "source", "&s", &source);
        g_variant_lookup(stream, "problem", "&s", &problem);
        g_variant_lookup(stream, "records", "t", &records);
        g_variant_lookup(stream, "anomalies", "t", &anomalies);
        g_variant_lookup(stream, "dropped", "t", &dropped);
        g_variant_lookup(stream, "training", "b", &training);
        g_print("%s%-40s %10" G_GUINT64_FORMAT " records %6" G_GUINT64_FORMAT " anomalies%s\n",
                indent, source, records, anomalies, training ? "  in training" : "");
        if (dropped > 0)
            g_print("%s  %" G_GUINT64_FORMAT " lines were lost\n", indent, dropped);
        if (*problem)
            g_print("%s  %s\n", indent, problem);
    }
}

static void
print_state(gboolean endangered)
{
    g_print("%s%s%s\n", paint(endangered ? "\033[1;31m" : "\033[32m"),
            endangered ? "endangered" : "no sign of failure", paint("\033[0m"));
}

static void
print_status(GVariant *status)
{
    const char *mode = "";
    const char *name = "";
    gboolean connected = FALSE;
    gboolean endangered = FALSE;
    g_autofree const char **problems = NULL;
    g_autoptr(GVariant) host = g_variant_lookup_value(status, "host", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) domains = g_variant_lookup_value(status, "domains", NULL);
    g_autoptr(GVariant) streams = g_variant_lookup_value(host, "streams", NULL);
    GVariantIter iter;
    GVariant *domain;

    g_variant_lookup(status, "mode", "&s", &mode);
    g_variant_lookup(status, "connected", "b", &connected);
    g_variant_lookup(status, "problems", "^a&s", &problems);
    g_variant_lookup(host, "name", "&s", &name);
    g_variant_lookup(host, "endangered", "b", &endangered);
    g_print("host %s, mode %s, %s: ", name, mode,
            connected ? "connected to libvirt" : "NOT connected to libvirt");
    print_state(endangered);
    print_streams(streams, "  ");
    g_variant_iter_init(&iter, domains);
    while (g_variant_iter_loop(&iter, "@a{sv}", &domain)) {
        const char *state = "";
        const char *hearing = "";
        g_autoptr(GVariant) domain_streams = g_variant_lookup_value(domain, "streams", NULL);
        g_variant_lookup(domain, "name", "&s", &name);
        g_variant_lookup(domain, "state", "&s", &state);
        g_variant_lookup(domain, "endangered", "b", &endangered);
        g_variant_lookup(domain, "hearing", "&s", &hearing);
        g_print("domain %s, %s: ", name, state);
        print_state(endangered);
        print_streams(domain_streams, "  ");
        if (*hearing)
            g_print("  %s\n", hearing);
    }
    for (guint i = 0; problems && problems[i]; i++)
        g_print("%sproblem: %s%s\n", paint("\033[33m"), problems[i], paint("\033[0m"));
}

int
command_status(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariant) status = NULL;
    g_autoptr(GError) error = NULL;
    int result;

    if (!client_begin(&client, entries, &argc, &argv, 0, 0, "it takes no argument", &result))
        return result;
    reply = client_call(&client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "GetStatus",
                        g_variant_new("(@a{sv})", no_options()), &error);
    if (!reply)
        return command_fail("status", EXIT_FAILED, "%s", error->message);
    status = g_variant_get_child_value(reply, 0);
    if (json)
        client_print_json(json_gvariant_serialize(status));
    else
        print_status(status);
    return EXIT_GOOD;
}

static void
tell_mode(Client *client, gboolean json)
{
    const char *mode = client_get_string(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Mode");
    g_autoptr(JsonBuilder) builder = json_builder_new();

    if (!json) {
        g_print("%s\n", mode);
        return;
    }
    json_builder_begin_object(builder);
    json_add_string(builder, "mode", mode);
    json_builder_end_object(builder);
    client_print_json(json_builder_get_root(builder));
}

int
command_mode(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GError) error = NULL;
    int result;

    if (!client_begin(&client, entries, &argc, &argv, 0, 1,
                      "name one mode: observe, advise or enforce", &result))
        return result;
    if (argc == 1) {
        tell_mode(&client, json);
        return EXIT_GOOD;
    }
    reply = client_call(&client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "SetMode",
                        g_variant_new("(s@a{sv})", argv[1], no_options()), &error);
    return reply ? EXIT_GOOD : command_fail("mode", EXIT_FAILED, "%s", error->message);
}

static gboolean
is_destination(Client *client, const char *path)
{
    return g_str_equal(client_get_string(client, path, INTERFACE_HOST, "Role"), "destination");
}

static void
add_destination(Client *client, const char *path, JsonBuilder *builder)
{
    static const char *const fields[] = {"Name", "Uri", "Reason"};
    static const char *const names[] = {"name", "uri", "reason"};

    if (!is_destination(client, path))
        return;
    json_builder_begin_object(builder);
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        json_builder_set_member_name(builder, names[i]);
        json_builder_add_string_value(builder,
                                      client_get_string(client, path, INTERFACE_HOST, fields[i]));
    }
    json_builder_set_member_name(builder, "reachable");
    json_builder_add_boolean_value(builder,
                                   client_get_boolean(client, path, INTERFACE_HOST, "Reachable"));
    json_builder_set_member_name(builder, "free_memory");
    json_builder_add_int_value(
        builder, (gint64) client_get_number(client, path, INTERFACE_HOST, "FreeMemory"));
    json_builder_end_object(builder);
}

static void
print_destination(Client *client, const char *path)
{
    if (is_destination(client, path))
        g_print("%-12s %-36s %8" G_GUINT64_FORMAT " MiB free  %s\n",
                client_get_string(client, path, INTERFACE_HOST, "Name"),
                client_get_string(client, path, INTERFACE_HOST, "Uri"),
                client_get_number(client, path, INTERFACE_HOST, "FreeMemory") >> 20,
                client_get_string(client, path, INTERFACE_HOST, "Reason"));
}

int
command_destinations(int argc, char **argv)
{
    return client_list_command(argc, argv, INTERFACE_HOST, add_destination, print_destination, "");
}

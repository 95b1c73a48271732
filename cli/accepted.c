/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen accepted: values that operators took as known, listed and taken back. */
#include "client.h"
#include "command.h"
#include "json.h"

#include <virt-omen/bus-names.h>

#define HINT                                                                                       \
    "usage: virt-omen accepted [STREAM] [--forget NUMBER] (a stream is host, or the name of a "    \
    "domain)"

typedef struct {
    guint32 number;
    const char *device;
    const char *line;
    const char *failure_class;
    guint64 time_us;
} Row;

static Row
read_row(GVariant *variant)
{
    Row row = {.device = "", .line = "", .failure_class = ""};

    g_variant_lookup(variant, "number", "u", &row.number);
    g_variant_lookup(variant, "device", "&s", &row.device);
    g_variant_lookup(variant, "line", "&s", &row.line);
    g_variant_lookup(variant, "class", "&s", &row.failure_class);
    g_variant_lookup(variant, "time", "t", &row.time_us);
    return row;
}

static void
add_row(JsonBuilder *builder, const Row *row)
{
    json_builder_begin_object(builder);
    json_add_count(builder, "number", row->number);
    json_add_string(builder, "device", row->device);
    json_add_string(builder, "class", row->failure_class);
    json_add_string(builder, "line", row->line);
    json_add_time(builder, "time", row->time_us);
    json_builder_end_object(builder);
}

static void
add_line(Table *table, const Row *row)
{
    char *const cells[] = {g_strdup_printf("%u", row->number), client_format_time(row->time_us),
                           g_strdup(row->failure_class), g_strdup(*row->device ? row->device : "-"),
                           g_strdup(row->line)};

    table_add(table, TABLE_PLAIN, cells);
}

static void
print_rows(GVariant *rows, const char *stream, const ClientListing *listing)
{
    static const char *const headers[] = {"number", "accepted", "class", "device", "line", NULL};
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(Table) table = table_new(headers);

    json_builder_begin_array(builder);
    for (gsize i = 0; i < g_variant_n_children(rows); i++) {
        g_autoptr(GVariant) variant = g_variant_get_child_value(rows, i);
        Row row = read_row(variant);
        add_row(builder, &row);
        add_line(table, &row);
    }
    json_builder_end_array(builder);
    if (listing->json)
        client_print_json(json_builder_get_root(builder));
    else if (g_variant_n_children(rows) == 0)
        g_print("No value is accepted in stream %s.\n", stream);
    else
        table_print(table, !listing->no_headers);
}

static int
list(Client *client, const char *stream, const ClientListing *listing)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) rows = NULL;
    g_autoptr(GVariant) reply =
        client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "ListAccepted",
                    g_variant_new("(s@a{sv})", stream, g_variant_new("a{sv}", NULL)), &error);

    if (!reply)
        return command_fail("accepted", EXIT_FAILED, "%s", error->message);
    rows = g_variant_get_child_value(reply, 0);
    print_rows(rows, stream, listing);
    return EXIT_GOOD;
}

static int
forget(Client *client, const char *stream, int number)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = client_call(
        client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "ForgetAccepted",
        g_variant_new("(su@a{sv})", stream, (guint32) number, g_variant_new("a{sv}", NULL)),
        &error);

    if (!reply)
        return command_fail("accepted", EXIT_FAILED, "%s", error->message);
    g_print("Forgot the accepted value %d: the judge decides about its lines again.\n", number);
    return EXIT_GOOD;
}

int
command_accepted(int argc, char **argv)
{
    int number = 0;
    ClientListing listing = {0};
    const GOptionEntry entries[] = {
        {"forget", 0, 0, G_OPTION_ARG_INT, &number, "Remove this one", "NUMBER"},
        CLIENT_LISTING_OPTIONS(listing),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autofree char *stream = NULL;
    int status;

    if (!client_begin(&client, entries, &argc, &argv, 0, 1, HINT, &status))
        return status;
    if (number < 0)
        return command_fail("accepted", EXIT_USAGE, HINT);
    stream = client_find_stream(&client, "accepted", argc > 1 ? argv[1] : "host");
    if (!stream)
        return EXIT_FAILED;
    return number > 0 ? forget(&client, stream, number) : list(&client, stream, &listing);
}

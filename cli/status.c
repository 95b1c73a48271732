/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen status, mode, destinations. */
#include "config.h"

#include "client.h"
#include "command.h"
#include "json.h"

#include <math.h>
#include <string.h>
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

/* What all streams of the host or a domain read. */
typedef struct {
    guint64 records;
    guint64 anomalies;
    guint64 dropped;
    const char *problem; /* of the first that has one; "" */
} Reading;

static Reading
sum_streams(GVariant *streams)
{
    Reading sum = {.problem = ""};
    GVariantIter iter;
    GVariant *stream;

    g_variant_iter_init(&iter, streams);
    while (g_variant_iter_loop(&iter, "@a{sv}", &stream)) {
        guint64 n = 0;
        const char *problem = "";
        sum.records += g_variant_lookup(stream, "records", "t", &n) ? n : 0;
        sum.anomalies += g_variant_lookup(stream, "anomalies", "t", &n) ? n : 0;
        sum.dropped += g_variant_lookup(stream, "dropped", "t", &n) ? n : 0;
        g_variant_lookup(stream, "problem", "&s", &problem);
        if (!*sum.problem && *problem)
            sum.problem = g_intern_string(problem);
    }
    return sum;
}

static void
add_streams(Table *table, const char *owner, GVariant *streams)
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
        char *cells[] = {
            g_strdup(owner),
            g_strdup(source),
            g_strdup_printf("%" G_GUINT64_FORMAT, records),
            g_strdup_printf("%" G_GUINT64_FORMAT, anomalies),
            g_strdup_printf("%" G_GUINT64_FORMAT, dropped),
            g_strdup(*problem   ? problem
                     : training ? "in training"
                                : ""),
        };
        table_add(table, *problem || dropped > 0 ? TABLE_WARNING : TABLE_PLAIN, cells);
    }
}

static gboolean
is_endangered(GVariant *row)
{
    gboolean endangered = FALSE;

    g_variant_lookup(row, "endangered", "b", &endangered);
    return endangered;
}

/* An older daemon says only whether it is endangered. */
static void
print_state(GVariant *host)
{
    gboolean endangered = is_endangered(host);
    const char *health = endangered ? "red" : "green";
    const char *reason = endangered ? "" : "no sign of failure";

    g_variant_lookup(host, "health", "&s", &health);
    g_variant_lookup(host, "reason", "&s", &reason);
    g_print("%s%s%s%s%s\n",
            paint(endangered                      ? "\033[1;31m"
                  : g_str_equal(health, "yellow") ? "\033[33m"
                                                  : "\033[32m"),
            endangered ? "endangered" : "", endangered && *reason ? ": " : "", reason,
            paint("\033[0m"));
}

/* (transfer full) (nullable): NULL: it is over. */
static char *
describe_training(GVariant *host)
{
    g_autoptr(GVariant) training =
        g_variant_lookup_value(host, "training", G_VARIANT_TYPE("a{st}"));
    guint64 records = 0;
    guint64 of = 0;
    guint64 day_ends_us = 0;
    guint64 now_us = (guint64) g_get_real_time();

    if (!training || !g_variant_lookup(training, "records", "t", &records) ||
        !g_variant_lookup(training, "of", "t", &of))
        return NULL;
    g_variant_lookup(training, "day_ends", "t", &day_ends_us);
    if (records < of)
        return g_strdup_printf(", learning, %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, records,
                               of);
    if (day_ends_us <= now_us)
        return NULL;
    return g_strdup_printf(", learning what comes daily, %.0f h left",
                           ceil((double) (day_ends_us - now_us) / G_TIME_SPAN_HOUR));
}

static gint
compare_domains(gconstpointer a, gconstpointer b)
{
    GVariant *left = *(GVariant *const *) a;
    GVariant *right = *(GVariant *const *) b;
    const char *left_name = "";
    const char *right_name = "";

    if (is_endangered(left) != is_endangered(right))
        return is_endangered(left) ? -1 : 1;
    g_variant_lookup(left, "name", "&s", &left_name);
    g_variant_lookup(right, "name", "&s", &right_name);
    return strcmp(left_name, right_name);
}

/* What is wrong comes first. (transfer full) (element-type GVariant) */
static GPtrArray *
sort_domains(GVariant *domains)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_variant_unref);

    for (gsize i = 0; i < g_variant_n_children(domains); i++)
        g_ptr_array_add(rows, g_variant_get_child_value(domains, i));
    g_ptr_array_sort(rows, compare_domains);
    return rows;
}

static void
add_domain(Table *table, GVariant *domain, gboolean verbose)
{
    g_autoptr(GVariant) streams = g_variant_lookup_value(domain, "streams", NULL);
    Reading reading = sum_streams(streams);
    gboolean endangered = is_endangered(domain);
    const char *name = "";
    const char *state = "";
    const char *hearing = "";

    g_variant_lookup(domain, "name", "&s", &name);
    g_variant_lookup(domain, "state", "&s", &state);
    g_variant_lookup(domain, "hearing", "&s", &hearing);
    char *cells[] = {
        g_strdup(name),
        g_strdup(state),
        g_strdup(endangered ? "endangered" : "no sign of failure"),
        g_strdup_printf("%" G_GUINT64_FORMAT, reading.records),
        g_strdup_printf("%" G_GUINT64_FORMAT, reading.anomalies),
        g_strdup_printf("%" G_GUINT64_FORMAT, reading.dropped),
    };
    table_add(table, endangered ? TABLE_BAD : TABLE_PLAIN, cells);
    if (*reading.problem)
        table_add_note(table, "%s", reading.problem);
    if (verbose && *hearing)
        table_add_note(table, "%s", hearing);
}

static void
print_sources(GVariant *host, GPtrArray *domains)
{
    static const char *const headers[] = {"OF",    "SOURCE", ">RECORDS", ">ANOMALIES",
                                          ">LOST", "NOTE",   NULL};
    g_autoptr(Table) table = table_new(headers);
    g_autoptr(GVariant) streams = g_variant_lookup_value(host, "streams", NULL);

    add_streams(table, "host", streams);
    for (guint i = 0; i < domains->len; i++) {
        g_autoptr(GVariant) of_domain =
            g_variant_lookup_value(g_ptr_array_index(domains, i), "streams", NULL);
        const char *name = "";
        g_variant_lookup(g_ptr_array_index(domains, i), "name", "&s", &name);
        add_streams(table, name, of_domain);
    }
    g_print("\n");
    table_print(table, TRUE);
}

static void
print_host(GVariant *status, GVariant *host)
{
    const char *mode = "";
    const char *name = "";
    gboolean connected = FALSE;
    g_autoptr(GVariant) streams = g_variant_lookup_value(host, "streams", NULL);
    Reading reading = sum_streams(streams);
    g_autofree char *training = describe_training(host);

    g_variant_lookup(status, "mode", "&s", &mode);
    g_variant_lookup(status, "connected", "b", &connected);
    g_variant_lookup(host, "name", "&s", &name);
    g_print("host %s, mode %s, %s: ", name, mode,
            connected ? "connected to libvirt" : "NOT connected to libvirt");
    print_state(host);
    g_print("%" G_GUINT64_FORMAT " records read from %" G_GSIZE_FORMAT
            " sources, %" G_GUINT64_FORMAT " anomalies%s\n",
            reading.records, g_variant_n_children(streams), reading.anomalies,
            training ? training : "");
    if (reading.dropped > 0)
        g_print("%" G_GUINT64_FORMAT " lines were lost\n", reading.dropped);
}

static void
print_status(GVariant *status, gboolean verbose)
{
    static const char *const headers[] = {"DOMAIN",     "STATE", "HEALTH", ">RECORDS",
                                          ">ANOMALIES", ">LOST", NULL};
    g_autofree const char **problems = NULL;
    g_autoptr(GVariant) host = g_variant_lookup_value(status, "host", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) list = g_variant_lookup_value(status, "domains", NULL);
    g_autoptr(GPtrArray) domains = sort_domains(list);
    g_autoptr(Table) table = table_new(headers);

    g_variant_lookup(status, "problems", "^a&s", &problems);
    /* What is missing comes first. */
    for (guint i = 0; problems && problems[i]; i++)
        g_print("%sproblem: %s%s\n", paint("\033[33m"), problems[i], paint("\033[0m"));
    print_host(status, host);
    for (guint i = 0; i < domains->len; i++)
        add_domain(table, g_ptr_array_index(domains, i), verbose);
    if (domains->len > 0) {
        g_print("\n");
        table_print(table, TRUE);
    }
    if (verbose)
        print_sources(host, domains);
}

int
command_status(int argc, char **argv)
{
    gboolean json = FALSE;
    gboolean verbose = FALSE;
    const GOptionEntry entries[] = {
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
         "With each source, and how guests are heard", NULL},
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
        print_status(status, verbose);
    return EXIT_GOOD;
}

static void
tell_mode(const char *mode, gboolean json)
{
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

static gboolean
is_mode(const char *word, const char **similar)
{
    static const char *const modes[] = {"observe", "advise", "enforce", NULL};

    *similar = command_find_similar(word, modes, g_strv_length((char **) modes));
    return g_strv_contains(modes, word);
}

static int
set_mode(Client *client, const char *mode, gboolean json)
{
    const char *before =
        client_get_string(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Mode");
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "SetMode",
                    g_variant_new("(s@a{sv})", mode, no_options()), &error);

    if (!reply)
        return command_fail("mode", EXIT_FAILED, "%s", error->message);
    if (json)
        tell_mode(mode, TRUE);
    else if (g_str_equal(before, mode))
        g_print("The mode is already %s.\n", mode);
    else
        g_print("The mode is now %s; it was %s.\n", mode, before);
    return EXIT_GOOD;
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
    const char *similar = NULL;
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (argc > 2 || (argc == 2 && !is_mode(argv[1], &similar)))
        return command_fail("mode", EXIT_USAGE, "name one mode: observe, advise or enforce%s%s%s",
                            similar ? "; did you mean \"" : "", similar ? similar : "",
                            similar ? "\"?" : "");
    if (!client_open(&client, "mode"))
        return EXIT_FAILED;
    if (argc == 2)
        return set_mode(&client, argv[1], json);
    tell_mode(client_get_string(&client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Mode"), json);
    return EXIT_GOOD;
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
add_destination_row(Client *client, const char *path, Table *table)
{
    const char *reason = client_get_string(client, path, INTERFACE_HOST, "Reason");

    if (!is_destination(client, path))
        return;
    char *cells[] = {
        g_strdup(client_get_string(client, path, INTERFACE_HOST, "Name")),
        g_strdup(client_get_string(client, path, INTERFACE_HOST, "Uri")),
        g_strdup_printf("%" G_GUINT64_FORMAT " MiB",
                        client_get_number(client, path, INTERFACE_HOST, "FreeMemory") >> 20),
        g_strdup(*reason ? "no" : "yes"),
        g_strdup(reason),
    };
    table_add(table, *reason ? TABLE_WARNING : TABLE_PLAIN, cells);
}

int
command_destinations(int argc, char **argv)
{
    static const char *const headers[] = {"DESTINATION", "URI", ">FREE", "USABLE", "WHY NOT", NULL};

    return client_list_command(argc, argv, INTERFACE_HOST, headers, add_destination,
                               add_destination_row,
                               "No destination is configured: name one in " OMEN_SYSCONFDIR
                               "/virt-omen/conf.d/destinations.conf.\n");
}

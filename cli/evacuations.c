/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen evacuate, evacuations, cancel, plan. */
#include "client.h"
#include "command.h"
#include "json.h"
#include "plan.h"

#include <stdio.h>
#include <unistd.h>
#include <virt-omen/bus-names.h>

#define POLL_US 250000

static const char *
text_of(Client *client, const char *path, const char *name)
{
    return client_get_string(client, path, INTERFACE_EVACUATION, name);
}

static guint64
number_of(Client *client, const char *path, const char *name)
{
    return client_get_number(client, path, INTERFACE_EVACUATION, name);
}

static void
add_evacuation(Client *client, const char *path, JsonBuilder *builder)
{
    static const char *const strings[][2] = {{"domain", "DomainName"},
                                             {"uuid", "DomainUuid"},
                                             {"destination", "Destination"},
                                             {"phase", "Phase"},
                                             {"error", "Error"}};
    static const char *const numbers[][2] = {{"id", "Id"},
                                             {"omen", "OmenId"},
                                             {"attempt", "Attempt"},
                                             {"remaining_bytes", "RemainingBytes"},
                                             {"downtime_ms", "DowntimeMs"}};

    json_builder_begin_object(builder);
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++)
        json_add_string(builder, strings[i][0], text_of(client, path, strings[i][1]));
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        json_add_count(builder, numbers[i][0], number_of(client, path, numbers[i][1]));
    json_add_share(builder, "progress",
                   client_get_double(client, path, INTERFACE_EVACUATION, "Progress"));
    json_add_time(builder, "queued", number_of(client, path, "QueuedTime"));
    json_add_time(builder, "started", number_of(client, path, "StartedTime"));
    json_add_time(builder, "switched", number_of(client, path, "SwitchedTime"));
    json_add_time(builder, "ended", number_of(client, path, "EndedTime"));
    json_builder_end_object(builder);
}

static TableStyle
style_of(const char *phase)
{
    if (g_str_equal(phase, "succeeded"))
        return TABLE_GOOD;
    return g_str_equal(phase, "failed") ? TABLE_BAD : TABLE_PLAIN;
}

static void
add_evacuation_row(Client *client, const char *path, Table *table)
{
    const char *phase = text_of(client, path, "Phase");
    guint64 omen = number_of(client, path, "OmenId");
    char *cells[] = {
        g_strdup_printf("%" G_GUINT64_FORMAT, number_of(client, path, "Id")),
        client_format_time(number_of(client, path, "QueuedTime")),
        g_strdup(text_of(client, path, "DomainName")),
        g_strdup(text_of(client, path, "Destination")),
        g_strdup(phase),
        g_strdup_printf("%.0f %%",
                        100 * client_get_double(client, path, INTERFACE_EVACUATION, "Progress")),
        omen > 0 ? g_strdup_printf("%" G_GUINT64_FORMAT, omen) : g_strdup(""),
        g_strdup(text_of(client, path, "Error")),
    };

    table_add(table, style_of(phase), cells);
}

int
command_evacuations(int argc, char **argv)
{
    static const char *const headers[] = {">EVACUATION", "QUEUED", "DOMAIN", "TO", "PHASE",
                                          ">DONE",       ">OMEN",  "ERROR",  NULL};

    return client_list_command(argc, argv, INTERFACE_EVACUATION, headers, add_evacuation,
                               add_evacuation_row, "No evacuations.\n");
}

int
command_cancel(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the evacuation, for programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    g_autofree char *path = client_begin_object(&client, entries, &argc, &argv,
                                                OMEN_BUS_EVACUATIONS_PATH, "evacuation", &status);

    if (!path)
        return status;
    reply = client_call(&client, path, INTERFACE_EVACUATION, "Cancel",
                        g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), &error);
    if (!reply)
        return command_fail("cancel", EXIT_FAILED, "%s", error->message);
    if (json)
        client_print_object(&client, path, add_evacuation);
    else
        g_print("Cancelling the evacuation of %s; it stays on this host.\n",
                text_of(&client, path, "DomainName"));
    return EXIT_GOOD;
}

static gboolean
is_final(const char *phase)
{
    return g_str_equal(phase, "succeeded") || g_str_equal(phase, "failed") ||
           g_str_equal(phase, "cancelled");
}

/* Those that the daemon still knows, as an array. */
static void
print_evacuations(Client *client, char **paths)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_array(builder);
    if (client_refresh(client, NULL)) {
        for (guint i = 0; paths[i]; i++) {
            if (client_has(client, paths[i]))
                add_evacuation(client, paths[i], builder);
        }
    }
    json_builder_end_array(builder);
    client_print_json(json_builder_get_root(builder));
}

static void
tell_end(Client *client, const char *path)
{
    const char *phase = text_of(client, path, "Phase");
    const char *destination = text_of(client, path, "Destination");
    const char *error = text_of(client, path, "Error");

    g_print("%s%s%s: %s%s%s\n", text_of(client, path, "DomainName"), *destination ? " to " : "",
            destination, phase, *error ? ": " : "", error);
}

/* Follows evacuations to their ends; how many did not succeed. */
static guint
follow(Client *client, char **paths, gboolean json)
{
    gboolean has_screen = isatty(STDERR_FILENO);
    guint n_failed = 0;

    for (guint i = 0; paths[i]; i++) {
        g_autoptr(GError) error = NULL;
        while (client_refresh(client, &error) && client_has(client, paths[i]) &&
               !is_final(text_of(client, paths[i], "Phase"))) {
            if (has_screen)
                fprintf(stderr, "\r\033[K%s: %s %3.0f %%", text_of(client, paths[i], "DomainName"),
                        text_of(client, paths[i], "Phase"),
                        100 *
                            client_get_double(client, paths[i], INTERFACE_EVACUATION, "Progress"));
            g_usleep(POLL_US);
        }
        if (has_screen)
            fputs("\r\033[K", stderr);
        if (error) {
            command_fail("evacuate", EXIT_FAILED, "the daemon no longer answers: %s",
                         error->message);
            return g_strv_length(paths) - i + n_failed;
        }
        if (!client_has(client, paths[i])) {
            command_fail("evacuate", EXIT_FAILED, "the daemon no longer knows the outcome of %s",
                         paths[i]);
            n_failed++;
            continue;
        }
        if (!json)
            tell_end(client, paths[i]);
        n_failed += g_str_equal(text_of(client, paths[i], "Phase"), "succeeded") ? 0 : 1;
    }
    return n_failed;
}

static void
tell_begun(Client *client, char **paths)
{
    if (!*paths) {
        g_print("Nothing to move.\n");
        return;
    }
    for (guint i = 0; client_refresh(client, NULL) && paths[i]; i++)
        g_print("%s%s", i > 0 ? ", " : "Moving: ", text_of(client, paths[i], "DomainName"));
    g_print(".\nvirt-omen evacuations shows the progress.\n");
}

/* Calls a method that gives evacuations, and follows them if that is wanted. Takes @arguments. */
static int
begin(Client *client,
      const char *command,
      const char *method,
      GVariant *arguments,
      gboolean wait,
      gboolean json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, method, arguments, &error);
    g_auto(GStrv) paths = NULL;
    guint n_failed;

    if (!reply)
        return command_fail(command, EXIT_FAILED, "%s", error->message);
    g_variant_get(reply, "(^ao)", &paths);
    if (!wait && json) {
        print_evacuations(client, paths);
        return EXIT_GOOD;
    }
    if (!wait) {
        tell_begun(client, paths);
        return EXIT_GOOD;
    }
    n_failed = follow(client, paths, json);
    if (json)
        print_evacuations(client, paths);
    return n_failed == 0 ? EXIT_GOOD
                         : command_fail(command, EXIT_FAILED, "%u of %u domains were not moved",
                                        n_failed, g_strv_length(paths));
}

int
command_return(int argc, char **argv)
{
    gboolean all = FALSE;
    gboolean wait = FALSE;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "All domains that left and are not back", NULL},
        {"wait", 0, 0, G_OPTION_ARG_NONE, &wait, "Wait until it has ended", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (all == (argc > 1))
        return command_fail("return", EXIT_USAGE, "name domains, or use --all");
    if (!client_open(&client, "return"))
        return EXIT_FAILED;
    return begin(&client, "return", "Return",
                 g_variant_new("(^as@a{sv})", argv + 1, g_variant_new("a{sv}", NULL)), wait, json);
}

/* What would be done: good if nobody would stay. */
static int
try_evacuation(Client *client, char **domains, const char *destination, gboolean json)
{
    gsize n_staying = 0;
    int status = plan_show(client, "evacuate", domains, destination, 0, json, &n_staying);

    if (status != EXIT_GOOD || n_staying == 0)
        return status;
    return command_fail("evacuate", EXIT_FAILED, "%" G_GSIZE_FORMAT " domains would stay",
                        n_staying);
}

int
command_evacuate(int argc, char **argv)
{
    gboolean all = FALSE;
    gboolean dry_run = FALSE;
    gboolean wait = FALSE;
    gboolean json = FALSE;
    g_autofree char *destination = NULL;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "All domains that run here", NULL},
        {"to", 0, 0, G_OPTION_ARG_STRING, &destination, "Only to this destination", "NAME"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "Only say what would be done", NULL},
        {"wait", 0, 0, G_OPTION_ARG_NONE, &wait, "Wait until it has ended", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (all == (argc > 1))
        return command_fail("evacuate", EXIT_USAGE, "name domains, or use --all");
    if (!client_open(&client, "evacuate"))
        return EXIT_FAILED;
    if (dry_run)
        return try_evacuation(&client, argv + 1, destination ? destination : "", json);
    if (!plan_check_destination(&client, "evacuate", destination))
        return EXIT_FAILED;
    return begin(&client, "evacuate", "Evacuate",
                 g_variant_new("(^ass@a{sv})", argv + 1, destination ? destination : "",
                               g_variant_new("a{sv}", NULL)),
                 wait, json);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen evacuate, evacuations, cancel, plan. */
#include "client.h"
#include "command.h"

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
add_seconds(JsonBuilder *builder, const char *name, guint64 time_us)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_double_value(builder, (double) time_us / G_USEC_PER_SEC);
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
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
        json_builder_set_member_name(builder, strings[i][0]);
        json_builder_add_string_value(builder, text_of(client, path, strings[i][1]));
    }
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        json_builder_set_member_name(builder, numbers[i][0]);
        json_builder_add_int_value(builder, (gint64) number_of(client, path, numbers[i][1]));
    }
    json_builder_set_member_name(builder, "progress");
    json_builder_add_double_value(
        builder, client_get_double(client, path, INTERFACE_EVACUATION, "Progress"));
    add_seconds(builder, "queued", number_of(client, path, "QueuedTime"));
    add_seconds(builder, "started", number_of(client, path, "StartedTime"));
    add_seconds(builder, "switched", number_of(client, path, "SwitchedTime"));
    add_seconds(builder, "ended", number_of(client, path, "EndedTime"));
    json_builder_end_object(builder);
}

static void
print_evacuation(Client *client, const char *path)
{
    g_autofree char *time = client_format_time(number_of(client, path, "QueuedTime"));
    const char *destination = text_of(client, path, "Destination");
    const char *error = text_of(client, path, "Error");

    g_print("%" G_GUINT64_FORMAT "  %s  %s%s%s: %s %3.0f %%%s%s\n", number_of(client, path, "Id"),
            time, text_of(client, path, "DomainName"), *destination ? " to " : "", destination,
            text_of(client, path, "Phase"),
            100 * client_get_double(client, path, INTERFACE_EVACUATION, "Progress"),
            *error ? "\n     " : "", error);
}

int
command_evacuations(int argc, char **argv)
{
    return client_list_command(argc, argv, INTERFACE_EVACUATION, add_evacuation, print_evacuation,
                               "No evacuations.\n");
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
    return EXIT_GOOD;
}

/* ---- plan ---- */

#define BAR_WIDTH 32

/* When it is done at best: what the bars are scaled to. */
static double
find_end(GVariant *moves)
{
    GVariantIter iter;
    GVariant *row;
    double last = 0;

    g_variant_iter_init(&iter, moves);
    while (g_variant_iter_loop(&iter, "@a{sv}", &row)) {
        double end = 0;
        g_variant_lookup(row, "end_s", "d", &end);
        last = MAX(last, end);
    }
    return last;
}

static void
print_move(GVariant *row, double scale_s, double left_s)
{
    const char *domain = "";
    const char *destination = "";
    const char *technique = "";
    double start = 0;
    double end = 0;
    guint32 downtime_ms = 0;
    char bar[BAR_WIDTH + 1];

    g_variant_lookup(row, "domain", "&s", &domain);
    g_variant_lookup(row, "destination", "&s", &destination);
    g_variant_lookup(row, "technique", "&s", &technique);
    g_variant_lookup(row, "start_s", "d", &start);
    g_variant_lookup(row, "end_s", "d", &end);
    g_variant_lookup(row, "downtime_ms", "u", &downtime_ms);
    for (int i = 0; i < BAR_WIDTH; i++) {
        double at_s = scale_s * (i + 0.5) / BAR_WIDTH;
        double half_s = scale_s / BAR_WIDTH / 2;
        bar[i] = at_s + half_s >= start && at_s - half_s <= end ? '=' : ' ';
    }
    bar[BAR_WIDTH] = '\0';
    g_print("|%s| %7.1f to %7.1f s  %s to %s, %s, stands still %u ms%s\n", bar, start, end, domain,
            destination, technique, downtime_ms, left_s > 0 && end > left_s ? ", TOO LATE" : "");
}

static void
print_plan(guint64 deadline_us, GVariant *moves, GVariant *stays)
{
    double left_s = deadline_us > 0 ? ((double) deadline_us - (double) g_get_real_time()) /
                                          (double) G_USEC_PER_SEC
                                    : 0;
    double scale_s = MAX(find_end(moves), 0.1);
    GVariantIter iter;
    GVariant *row;

    if (deadline_us > 0) {
        g_autofree char *time = client_format_time(deadline_us);
        g_print("this host is expected to fail at %s, in %.0f s\n", time, left_s);
    }
    g_variant_iter_init(&iter, moves);
    while (g_variant_iter_loop(&iter, "@a{sv}", &row))
        print_move(row, scale_s, left_s);
    g_variant_iter_init(&iter, stays);
    while (g_variant_iter_loop(&iter, "@a{sv}", &row)) {
        const char *domain = "";
        const char *reason = "";
        g_variant_lookup(row, "domain", "&s", &domain);
        g_variant_lookup(row, "reason", "&s", &reason);
        g_print("%s stays: %s\n", domain, reason);
    }
    if (g_variant_n_children(moves) + g_variant_n_children(stays) == 0)
        g_print("no domain runs here\n");
}

static int
make_plan(
    Client *client, const char *command, char **domains, const char *destination, gboolean json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = client_call(
        client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Plan",
        g_variant_new("(^ass@a{sv})", domains, destination, g_variant_new("a{sv}", NULL)), &error);
    g_autoptr(GVariant) moves = NULL;
    g_autoptr(GVariant) stays = NULL;
    guint64 deadline_us;

    if (!reply)
        return command_fail(command, EXIT_FAILED, "%s", error->message);
    g_variant_get(reply, "(t@aa{sv}@aa{sv})", &deadline_us, &moves, &stays);
    if (json) {
        JsonObject *object = json_object_new();
        JsonNode *root = json_node_new(JSON_NODE_OBJECT);
        json_object_set_double_member(object, "deadline", (double) deadline_us / G_USEC_PER_SEC);
        json_object_set_member(object, "moves", json_gvariant_serialize(moves));
        json_object_set_member(object, "stays", json_gvariant_serialize(stays));
        json_node_take_object(root, object);
        client_print_json(root);
        return EXIT_GOOD;
    }
    print_plan(deadline_us, moves, stays);
    return EXIT_GOOD;
}

/* Those whom an omen endangers, by UUID, "all" as an empty list. NULL: nobody, or (@error) there is
 * no such omen. */
static char **
list_endangered(Client *client, guint64 omen, GError **error)
{
    g_autofree char *path = g_strdup_printf(OMEN_BUS_OMENS_PATH "/%" G_GUINT64_FORMAT, omen);
    const char *domain = client_get_string(client, path, INTERFACE_OMEN, "DomainUuid");
    const char *reach = client_get_string(client, path, INTERFACE_OMEN, "Reach");
    g_autoptr(GVariant) uses = client_get_value(client, path, INTERFACE_OMEN, "Uses");
    g_autoptr(GStrvBuilder) uuids = g_strv_builder_new();

    if (!client_has(client, path)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "there is no omen %" G_GUINT64_FORMAT "; virt-omen omens lists them", omen);
        return NULL;
    }
    if (g_str_equal(reach, "nobody") || g_str_equal(reach, "seeking") ||
        !client_get_boolean(client, path, INTERFACE_OMEN, "MigrationHelps"))
        return NULL;
    if (*domain)
        g_strv_builder_add(uuids, domain);
    for (gsize i = 0; g_str_equal(reach, "domains") && i < g_variant_n_children(uses); i++) {
        const char *uuid;
        g_variant_get_child(uses, i, "(&s&s&s)", &uuid, NULL, NULL);
        g_strv_builder_add(uuids, uuid);
    }
    return g_strv_builder_end(uuids);
}

static int
make_plan_of_omen(Client *client, guint64 omen, const char *destination, gboolean json)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) uuids = list_endangered(client, omen, &error);

    if (error)
        return command_fail("plan", EXIT_FAILED, "%s", error->message);
    if (uuids)
        return make_plan(client, "plan", uuids, destination, json);
    g_print("%s\n", json ? "{\"deadline\": 0, \"moves\": [], \"stays\": []}"
                         : "this omen moves nobody; virt-omen explain says why");
    return EXIT_GOOD;
}

int
command_plan(int argc, char **argv)
{
    gboolean json = FALSE;
    gint64 omen = 0;
    g_autofree char *destination = NULL;
    const GOptionEntry entries[] = {
        {"to", 0, 0, G_OPTION_ARG_STRING, &destination, "Only to this destination", "NAME"},
        {"omen", 0, 0, G_OPTION_ARG_INT64, &omen, "Of those whom this omen endangers", "NUMBER"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (omen < 0 || (omen > 0 && argc > 1))
        return command_fail("plan", EXIT_USAGE, "name either an omen, by its number, or domains");
    if (!client_open(&client, "plan"))
        return EXIT_FAILED;
    if (omen > 0)
        return make_plan_of_omen(&client, (guint64) omen, destination ? destination : "", json);
    return make_plan(&client, "plan", argv + 1, destination ? destination : "", json);
}

/* ---- evacuate ---- */

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
            command_fail("evacuate", EXIT_FAILED, "the daemon no longer knows what became of %s",
                         paths[i]);
            n_failed++;
            continue;
        }
        if (!json)
            print_evacuation(client, paths[i]);
        n_failed += g_str_equal(text_of(client, paths[i], "Phase"), "succeeded") ? 0 : 1;
    }
    return n_failed;
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
        g_print("%u evacuations began; virt-omen evacuations shows them\n", g_strv_length(paths));
        return EXIT_GOOD;
    }
    n_failed = follow(client, paths, json);
    if (json)
        print_evacuations(client, paths);
    return n_failed == 0 ? EXIT_GOOD
                         : command_fail(command, EXIT_FAILED, "%u of %u domains did not get there",
                                        n_failed, g_strv_length(paths));
}

int
command_return(int argc, char **argv)
{
    gboolean all = FALSE;
    gboolean wait = FALSE;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "All that left and are not here", NULL},
        {"wait", 0, 0, G_OPTION_ARG_NONE, &wait, "Follow it to its end", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (all == (argc > 1))
        return command_fail("return", EXIT_USAGE, "name domains, or say --all");
    if (!client_open(&client, "return"))
        return EXIT_FAILED;
    return begin(&client, "return", "Return",
                 g_variant_new("(^as@a{sv})", argv + 1, g_variant_new("a{sv}", NULL)), wait, json);
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
        {"wait", 0, 0, G_OPTION_ARG_NONE, &wait, "Follow it to its end", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (all == (argc > 1))
        return command_fail("evacuate", EXIT_USAGE, "name domains, or say --all");
    if (!client_open(&client, "evacuate"))
        return EXIT_FAILED;
    if (dry_run)
        return make_plan(&client, "evacuate", argv + 1, destination ? destination : "", json);
    return begin(&client, "evacuate", "Evacuate",
                 g_variant_new("(^ass@a{sv})", argv + 1, destination ? destination : "",
                               g_variant_new("a{sv}", NULL)),
                 wait, json);
}

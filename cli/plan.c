/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen plan. */
#include "plan.h"

#include "command.h"

#include <math.h>
#include <virt-omen/bus-names.h>

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
print_move(GVariant *row, double scale_s, gboolean has_deadline, double left_s)
{
    const char *domain = "";
    const char *destination = "";
    const char *technique = "";
    double start = 0;
    double end = 0;
    guint32 downtime_ms = 0;
    gboolean is_late;
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
    is_late = has_deadline && end > left_s;
    g_print("|%s| %7.1f to %7.1f s  %s to %s, %s, pause %u ms%s\n", bar, start, end, domain,
            destination, technique, downtime_ms, is_late ? ", too late" : "");
}

/* A deadline is a plan's, not a prophecy: half the warning time that such a sign usually gives. */
static void
print_deadline(guint64 deadline_us, double left_s, guint within_s)
{
    g_autofree char *time = client_format_time(deadline_us);

    if (within_s > 0)
        g_print("Plan for %u s:\n", within_s);
    else if (left_s > 0)
        g_print("Aim to be done by %s, in %.0f s: half the typical warning time for this sign.\n",
                time, left_s);
    else
        g_print(
            "The time to aim for, %s, has passed (half the typical warning time for this sign); "
            "moving now may still be in time.\n",
            time);
}

/* What the times rest on. */
static void
print_speed(GVariant *moves)
{
    g_autoptr(GVariant) first = NULL;
    double speed = 0;

    if (g_variant_n_children(moves) == 0)
        return;
    first = g_variant_get_child_value(moves, 0);
    if (g_variant_lookup(first, "link_mib_s", "d", &speed))
        g_print("Assumed: %.0f MiB/s for all moves together (link_mib in [evacuation]).\n", speed);
}

static void
print_plan(guint64 deadline_us, guint within_s, GVariant *moves, GVariant *stays)
{
    double left_s = deadline_us > 0 ? ((double) deadline_us - (double) g_get_real_time()) /
                                          (double) G_USEC_PER_SEC
                                    : 0;
    double scale_s = MAX(find_end(moves), 0.1);
    gsize n_rows = g_variant_n_children(moves) + g_variant_n_children(stays);
    GVariantIter iter;
    GVariant *row;

    if (deadline_us > 0 && n_rows > 0)
        print_deadline(deadline_us, left_s, within_s);
    g_variant_iter_init(&iter, moves);
    while (g_variant_iter_loop(&iter, "@a{sv}", &row))
        print_move(row, scale_s, deadline_us > 0, left_s);
    g_variant_iter_init(&iter, stays);
    while (g_variant_iter_loop(&iter, "@a{sv}", &row)) {
        const char *domain = "";
        const char *reason = "";
        g_variant_lookup(row, "domain", "&s", &domain);
        g_variant_lookup(row, "reason", "&s", &reason);
        g_print("%s stays: %s\n", domain, reason);
    }
    if (n_rows == 0)
        g_print("No domain runs here: nothing to move.\n");
}

/* Rows of a plan, with times as people are shown them. (transfer full) */
static JsonNode *
pack_rows(GVariant *rows)
{
    static const char *const times[] = {"start_s", "end_s"};
    JsonNode *node = json_gvariant_serialize(rows);
    JsonArray *array = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonObject *row = json_array_get_object_element(array, i);
        for (guint t = 0; t < G_N_ELEMENTS(times); t++) {
            if (json_object_has_member(row, times[t]))
                json_object_set_double_member(
                    row, times[t], round(json_object_get_double_member(row, times[t]) * 10) / 10);
        }
    }
    return node;
}

gboolean
plan_check_destination(Client *client, const char *command, const char *name)
{
    g_autoptr(GPtrArray) hosts = client_list(client, INTERFACE_HOST);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *similar;

    for (guint i = 0; i < hosts->len; i++) {
        const char *path = g_ptr_array_index(hosts, i);
        if (g_str_equal(client_get_string(client, path, INTERFACE_HOST, "Role"), "destination"))
            g_ptr_array_add(names,
                            (gpointer) client_get_string(client, path, INTERFACE_HOST, "Name"));
    }
    if (!name || !*name || g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
        return TRUE;
    similar = command_find_similar(name, (const char *const *) names->pdata, names->len);
    command_fail(command, EXIT_FAILED, "there is no destination %s%s%s%s", name,
                 similar ? "; did you mean " : "; virt-omen destinations lists them",
                 similar ? similar : "", similar ? "?" : "");
    return FALSE;
}

int
plan_show(Client *client,
          const char *command,
          char **domains,
          const char *destination,
          guint within_s,
          gboolean json,
          gsize *n_staying)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariant) moves = NULL;
    g_autoptr(GVariant) stays = NULL;
    GVariantDict options;
    guint64 deadline_us;

    if (!plan_check_destination(client, command, destination))
        return EXIT_FAILED;
    g_variant_dict_init(&options, NULL);
    if (within_s > 0)
        g_variant_dict_insert(&options, "within_s", "u", within_s);
    reply = client_call(
        client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Plan",
        g_variant_new("(^ass@a{sv})", domains, destination, g_variant_dict_end(&options)), &error);
    if (!reply)
        return command_fail(command, EXIT_FAILED, "%s", error->message);
    g_variant_get(reply, "(t@aa{sv}@aa{sv})", &deadline_us, &moves, &stays);
    if (n_staying)
        *n_staying = g_variant_n_children(stays);
    if (json) {
        JsonObject *object = json_object_new();
        JsonNode *root = json_node_new(JSON_NODE_OBJECT);
        json_object_set_double_member(object, "deadline", (double) deadline_us / G_USEC_PER_SEC);
        json_object_set_member(object, "moves", pack_rows(moves));
        json_object_set_member(object, "stays", pack_rows(stays));
        json_node_take_object(root, object);
        client_print_json(root);
        return EXIT_GOOD;
    }
    print_plan(deadline_us, within_s, moves, stays);
    print_speed(moves);
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

static void
print_nobody(Client *client, guint64 omen)
{
    g_autofree char *path = g_strdup_printf(OMEN_BUS_OMENS_PATH "/%" G_GUINT64_FORMAT, omen);
    const char *why = client_get_string(client, path, INTERFACE_OMEN, "ReachNote");

    g_print("this omen moves no domain%s%s; virt-omen explain says why\n", *why ? ": " : "", why);
}

static int
show_of_omen(Client *client, guint64 omen, const char *destination, guint within_s, gboolean json)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) uuids = list_endangered(client, omen, &error);

    if (error)
        return command_fail("plan", EXIT_FAILED, "%s", error->message);
    if (uuids)
        return plan_show(client, "plan", uuids, destination, within_s, json, NULL);
    if (json)
        g_print("{\"deadline\": 0, \"moves\": [], \"stays\": []}\n");
    else
        print_nobody(client, omen);
    return EXIT_GOOD;
}

int
command_plan(int argc, char **argv)
{
    gboolean json = FALSE;
    gint64 omen = 0;
    int within_s = 0;
    g_autofree char *destination = NULL;
    const GOptionEntry entries[] = {
        {"to", 0, 0, G_OPTION_ARG_STRING, &destination, "Only to this destination", "NAME"},
        {"omen", 0, 0, G_OPTION_ARG_INT64, &omen, "Only the domains that this omen endangers",
         "NUMBER"},
        {"within", 0, 0, G_OPTION_ARG_INT, &within_s, "Plan as if this much time were left",
         "SECONDS"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "For programs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (omen < 0 || (omen > 0 && argc > 1))
        return command_fail("plan", EXIT_USAGE, "name either an omen, by its number, or domains");
    if (within_s < 0)
        return command_fail("plan", EXIT_USAGE, "--within needs a number of seconds, at least 1");
    if (!client_open(&client, "plan"))
        return EXIT_FAILED;
    if (omen > 0)
        return show_of_omen(&client, (guint64) omen, destination ? destination : "",
                            (guint) within_s, json);
    return plan_show(&client, "plan", argv + 1, destination ? destination : "", (guint) within_s,
                     json, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen fleet. */
#include "client.h"
#include "command.h"
#include "json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <virt-omen/bus-names.h>

#define HINT                                                                                       \
    "virt-omen fleet takes no argument; use --maintenance HOST or --no-maintenance HOST; --watch " \
    "goes with neither"
#define WATCH_S 5

/* Borrows from the variant it was read from. */
typedef struct {
    const char *host, *health, *reason, *mode, *version, *uri, *uri_refused;
    const char *in_common;
    gboolean takes, maintenance, is_held;
    const char *drain, *drain_reason; /* "none": it is not drained */
    guint32 running, omens;
    guint64 free_mib, reserved_mib, seen_us;
    char **labels; /* transfer full */
} Row;

/* Interned: a tool that lives for one command may. */
static const char *
text_of_drain(GVariant *drain, const char *name, const char *fallback)
{
    const char *text = fallback;

    if (drain)
        g_variant_lookup(drain, name, "&s", &text);
    return g_intern_string(text);
}

static Row
read_row(GVariant *variant)
{
    Row row = {.host = "",
               .health = "",
               .reason = "",
               .mode = "",
               .version = "",
               .uri = "",
               .uri_refused = "",
               .in_common = ""};
    g_autoptr(GVariant) drain = g_variant_lookup_value(variant, "drain", G_VARIANT_TYPE_VARDICT);

    g_variant_lookup(variant, "host", "&s", &row.host);
    g_variant_lookup(variant, "health", "&s", &row.health);
    g_variant_lookup(variant, "reason", "&s", &row.reason);
    g_variant_lookup(variant, "mode", "&s", &row.mode);
    g_variant_lookup(variant, "version", "&s", &row.version);
    g_variant_lookup(variant, "uri", "&s", &row.uri);
    g_variant_lookup(variant, "uri_refused", "&s", &row.uri_refused);
    g_variant_lookup(variant, "takes", "b", &row.takes);
    g_variant_lookup(variant, "maintenance", "b", &row.maintenance);
    g_variant_lookup(variant, "held_by_brake", "b", &row.is_held);
    g_variant_lookup(variant, "in_common", "&s", &row.in_common);
    g_variant_lookup(variant, "running", "u", &row.running);
    g_variant_lookup(variant, "omens", "u", &row.omens);
    g_variant_lookup(variant, "free_mib", "t", &row.free_mib);
    g_variant_lookup(variant, "reserved_mib", "t", &row.reserved_mib);
    g_variant_lookup(variant, "seen", "t", &row.seen_us);
    row.drain = text_of_drain(drain, "state", "none");
    row.drain_reason = text_of_drain(drain, "reason", "");
    if (!g_variant_lookup(variant, "labels", "^as", &row.labels))
        row.labels = g_new0(char *, 1);
    return row;
}

static void
add_json(JsonBuilder *builder, const Row *row)
{
    json_builder_begin_object(builder);
    json_add_string(builder, "host", row->host);
    json_add_string(builder, "health", row->health);
    json_add_string(builder, "reason", row->reason);
    json_add_boolean(builder, "takes", row->takes);
    json_add_boolean(builder, "maintenance", row->maintenance);
    json_add_boolean(builder, "held_by_brake", row->is_held);
    json_add_string(builder, "in_common", row->in_common);
    json_add_string(builder, "drain", row->drain);
    json_add_string(builder, "mode", row->mode);
    json_add_string(builder, "version", row->version);
    json_add_string(builder, "uri", row->uri);
    json_add_string(builder, "uri_refused", row->uri_refused);
    json_add_count(builder, "running", row->running);
    json_add_count(builder, "free_mib", row->free_mib);
    json_add_count(builder, "reserved_mib", row->reserved_mib);
    json_add_count(builder, "omens", row->omens);
    json_add_time(builder, "seen", row->seen_us);
    json_builder_set_member_name(builder, "labels");
    json_builder_begin_array(builder);
    for (guint i = 0; row->labels[i]; i++)
        json_builder_add_string_value(builder, row->labels[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void
add_line(Table *table, const Row *row)
{
    gboolean is_green = g_str_equal(row->health, "green");
    gboolean is_red = g_str_equal(row->health, "red");
    TableStyle style = is_red ? TABLE_BAD : is_green ? TABLE_GOOD : TABLE_WARNING;
    const char *takes = row->maintenance                   ? "maintenance"
                        : row->takes && !*row->uri_refused ? "yes"
                                                           : "no";
    char *cells[] = {
        g_strdup(row->host),
        g_strdup(row->health),
        g_strdup(takes),
        g_strdup_printf("%u", row->running),
        g_strdup_printf("%" G_GUINT64_FORMAT, row->free_mib),
        g_strdup_printf("%" G_GUINT64_FORMAT, row->reserved_mib),
        g_strdup_printf("%u", row->omens),
        client_format_time(row->seen_us),
    };

    table_add(table, style, cells);
    if (!is_green || !row->takes)
        table_add_note(table, "%s", row->reason);
    if (*row->uri_refused)
        table_add_note(table, "its URI is not used: %s", row->uri_refused);
    if (!g_str_equal(row->drain, "none"))
        table_add_note(table, "%s%s%s", row->drain, *row->drain_reason ? ": " : "",
                       row->drain_reason);
}

/* ---- what many have in common ---- */

/* @causes: of each cause (char *) the names of the hosts that have it (GString). */
static void
note_cause(GHashTable *causes, const Row *row)
{
    GString *names = g_hash_table_lookup(causes, row->in_common);

    if (!row->is_held)
        return;
    if (names)
        g_string_append_printf(names, ", %s", row->host);
    else
        g_hash_table_insert(causes, g_strdup(row->in_common), g_string_new(row->host));
}

static void
print_causes(GHashTable *causes)
{
    GHashTableIter iter;
    gpointer cause;
    gpointer names;

    g_hash_table_iter_init(&iter, causes);
    while (g_hash_table_iter_next(&iter, &cause, &names)) {
        gboolean is_one = strchr(((GString *) names)->str, ',') == NULL;
        g_print("Brake on %s, for what %s in common%s: %s\n", ((GString *) names)->str,
                is_one ? "it has" : "they have", is_one ? " with other hosts" : "",
                (const char *) cause);
    }
    if (g_hash_table_size(causes) > 0)
        g_print("Nothing moves from there without approval.\n\n");
}

static void
free_names(gpointer names)
{
    g_string_free(names, TRUE);
}

/* A screen of its own, where there is one. */
static void
begin_screen(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *time = g_date_time_format(now, "%H:%M:%S");

    g_print("%s%s, every %d s; Ctrl-C ends\n\n", isatty(STDOUT_FILENO) ? "\033[H\033[J" : "", time,
            WATCH_S);
}

static void
show(GVariant *rows, const ClientListing *listing)
{
    static const char *const headers[] = {"HOST",      "HEALTH", "TAKES", ">RUNNING", ">FREE MIB",
                                          ">RESERVED", ">OMENS", "SEEN",  NULL};
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(GHashTable) causes =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_names);
    g_autoptr(Table) table = table_new(headers);

    json_builder_begin_array(builder);
    for (gsize i = 0; i < g_variant_n_children(rows); i++) {
        g_autoptr(GVariant) variant = g_variant_get_child_value(rows, i);
        Row row = read_row(variant);
        add_json(builder, &row);
        add_line(table, &row);
        note_cause(causes, &row);
        g_strfreev(row.labels);
    }
    json_builder_end_array(builder);
    if (listing->json) {
        client_print_json(json_builder_get_root(builder));
        return;
    }
    if (!listing->no_headers)
        print_causes(causes);
    if (table_get_length(table) == 0)
        g_print("No host has a row in the fleet's store.\n");
    else
        table_print(table, !listing->no_headers);
}

static int
list(Client *client, const ClientListing *listing, gboolean is_live)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) rows = NULL;
    g_autoptr(GVariant) reply =
        client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "ListFleet",
                    g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), &error);

    if (is_live)
        begin_screen();
    if (!reply)
        return command_fail("fleet", EXIT_FAILED, "%s", error->message);
    rows = g_variant_get_child_value(reply, 0);
    show(rows, listing);
    return EXIT_GOOD;
}

/* A store that is gone for a while may come back; who is not let in, or has none, need not wait. */
static int
watch(Client *client, const ClientListing *listing)
{
    int status = list(client, listing, TRUE);

    if (status != EXIT_GOOD)
        return status;
    for (;;) {
        fflush(stdout);
        g_usleep(WATCH_S * G_USEC_PER_SEC);
        list(client, listing, TRUE);
    }
}

static int
set_maintenance(Client *client, const char *host, gboolean on)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        client_call(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "SetMaintenance",
                    g_variant_new("(sb@a{sv})", host, on, g_variant_new("a{sv}", NULL)), &error);

    if (!reply)
        return command_fail("fleet", EXIT_FAILED, "%s", error->message);
    if (on)
        g_print(
            "%s is in maintenance: nothing is moved to it. What runs there stays; virt-omen drain "
            "empties it.\n",
            host);
    else
        g_print("%s is no longer in maintenance.\n", host);
    return EXIT_GOOD;
}

int
command_fleet(int argc, char **argv)
{
    g_autofree char *on = NULL;
    g_autofree char *off = NULL;
    gboolean is_live = FALSE;
    ClientListing listing = {0};
    const GOptionEntry entries[] = {
        {"maintenance", 0, 0, G_OPTION_ARG_STRING, &on, "Move no domains to this host", "HOST"},
        {"no-maintenance", 0, 0, G_OPTION_ARG_STRING, &off, "Allow it again", "HOST"},
        {"watch", 0, 0, G_OPTION_ARG_NONE, &is_live, "Show it again every few seconds", NULL},
        CLIENT_LISTING_OPTIONS(listing),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(Client) client = {0};
    int status;

    if (!client_begin(&client, entries, &argc, &argv, 0, 0, HINT, &status))
        return status;
    if ((on && off) || (is_live && (on || off || listing.json)))
        return command_fail("fleet", EXIT_USAGE, "%s", HINT);
    if (on || off)
        return set_maintenance(&client, on ? on : off, on != NULL);
    return is_live ? watch(&client, &listing) : list(&client, &listing, FALSE);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen report: the last day of a live daemon as one page. */
#include "client.h"
#include "command.h"
#include "config.h"
#include "json.h"
#include "page.h"

#include <string.h>
#include <virt-omen/bus-names.h>

#define MAX_OMENS 200

static void
add_omen(Client *client, const char *path, JsonBuilder *builder)
{
    static const char *const strings[][2] = {{"class", "Class"},   {"scope", "Scope"},
                                             {"device", "Device"}, {"reason", "Reason"},
                                             {"action", "Action"}, {"outcome", "Outcome"}};
    g_auto(GStrv) lines = client_get_lines(client, path);

    json_builder_begin_object(builder);
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++)
        json_add_string(builder, strings[i][0],
                        client_get_string(client, path, INTERFACE_OMEN, strings[i][1]));
    json_add_number(builder, "time",
                    (double) client_get_number(client, path, INTERFACE_OMEN, "Time") /
                        G_USEC_PER_SEC);
    json_add_number(builder, "score",
                    client_get_double(client, path, INTERFACE_OMEN, "Probability"));
    json_add_count(builder, "records", client_get_number(client, path, INTERFACE_OMEN, "Records"));
    json_add_boolean(builder, "would_move",
                     client_get_boolean(client, path, INTERFACE_OMEN, "MigrationHelps"));
    json_add_boolean(builder, "open", client_get_boolean(client, path, INTERFACE_OMEN, "Open"));
    json_builder_set_member_name(builder, "lines");
    json_builder_begin_array(builder);
    for (guint i = 0; lines && lines[i]; i++)
        json_builder_add_string_value(builder, lines[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

/* The omens of a domain, or of the host ("" ), the newest first. */
static void
add_omens(Client *client, const char *uuid, JsonBuilder *builder)
{
    g_autoptr(GPtrArray) paths = client_list(client, INTERFACE_OMEN);
    guint n = 0;

    json_builder_set_member_name(builder, "omens");
    json_builder_begin_array(builder);
    for (guint i = paths->len; i > 0 && n < MAX_OMENS; i--) {
        const char *path = g_ptr_array_index(paths, i - 1);
        if (!g_str_equal(client_get_string(client, path, INTERFACE_OMEN, "DomainUuid"), uuid))
            continue;
        add_omen(client, path, builder);
        n++;
    }
    json_builder_end_array(builder);
}

/* Of a domain, or of all ("": the host). */
static void
add_evacuations(Client *client, const char *uuid, JsonBuilder *builder)
{
    static const char *const strings[][2] = {{"domain", "DomainName"},
                                             {"destination", "Destination"},
                                             {"phase", "Phase"},
                                             {"error", "Error"}};
    g_autoptr(GPtrArray) paths = client_list(client, INTERFACE_EVACUATION);

    json_builder_set_member_name(builder, "evacuations");
    json_builder_begin_array(builder);
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        if (*uuid &&
            !g_str_equal(client_get_string(client, path, INTERFACE_EVACUATION, "DomainUuid"), uuid))
            continue;
        json_builder_begin_object(builder);
        for (guint s = 0; s < G_N_ELEMENTS(strings); s++)
            json_add_string(builder, strings[s][0],
                            client_get_string(client, path, INTERFACE_EVACUATION, strings[s][1]));
        json_add_time(builder, "start",
                      client_get_number(client, path, INTERFACE_EVACUATION, "QueuedTime"));
        json_add_time(builder, "end",
                      client_get_number(client, path, INTERFACE_EVACUATION, "EndedTime"));
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void
add_points(GVariant *row, JsonBuilder *builder)
{
    g_autoptr(GVariant) scores = g_variant_lookup_value(row, "scores", G_VARIANT_TYPE("ad"));
    double now_s = (double) g_get_real_time() / G_USEC_PER_SEC;
    const double *values = NULL;
    guint step_s = 0;
    gsize n = 0;

    g_variant_lookup(row, "step_s", "u", &step_s);
    if (scores)
        values = g_variant_get_fixed_array(scores, &n, sizeof(double));
    json_builder_set_member_name(builder, "points");
    json_builder_begin_array(builder);
    for (gsize i = 0; i < n; i++) {
        json_builder_begin_array(builder);
        json_builder_add_int_value(builder, (gint64) i);
        json_builder_add_double_value(builder, now_s - (double) (n - 1 - i) * step_s);
        json_builder_add_double_value(builder, values[i]);
        json_builder_add_double_value(builder, 0);
        json_builder_add_int_value(builder, 0);
        json_builder_end_array(builder);
    }
    json_builder_end_array(builder);
}

static void
add_fact(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_begin_array(builder);
    json_builder_add_string_value(builder, name);
    json_builder_add_string_value(builder, value);
    json_builder_end_array(builder);
}

static void
add_facts(GVariant *row, const char *state, JsonBuilder *builder)
{
    g_autoptr(GVariant) streams = g_variant_lookup_value(row, "streams", G_VARIANT_TYPE("aa{sv}"));
    gboolean endangered = FALSE;
    GVariantIter iter;
    GVariant *stream;

    g_variant_lookup(row, "endangered", "b", &endangered);
    json_builder_set_member_name(builder, "facts");
    json_builder_begin_array(builder);
    add_fact(builder, "state", endangered ? "endangered" : "no sign of failure");
    add_fact(builder, "", state);
    g_variant_iter_init(&iter, streams);
    while (g_variant_iter_loop(&iter, "@a{sv}", &stream)) {
        const char *source = "";
        guint64 records = 0;
        g_variant_lookup(stream, "source", "&s", &source);
        g_variant_lookup(stream, "records", "t", &records);
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT " records", records);
        add_fact(builder, source, text);
    }
    json_builder_end_array(builder);
}

static void
add_series(Client *client, const char *kind, GVariant *row, const char *state, JsonBuilder *builder)
{
    const char *name = "";
    const char *uuid = "";

    g_variant_lookup(row, "name", "&s", &name);
    g_variant_lookup(row, "uuid", "&s", &uuid);
    g_autofree char *title = g_strdup_printf("%s %s", kind, name);
    json_builder_begin_object(builder);
    json_add_string(builder, "name", title);
    add_facts(row, state, builder);
    json_add_number(builder, "training", 0);
    add_points(row, builder);
    add_omens(client, uuid, builder);
    add_evacuations(client, uuid, builder);
    json_builder_end_object(builder);
}

/* (transfer full). */
static JsonNode *
build(Client *client, GVariant *status)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(GVariant) host = g_variant_lookup_value(status, "host", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) domains =
        g_variant_lookup_value(status, "domains", G_VARIANT_TYPE("aa{sv}"));
    const char *mode = "";
    GVariantIter iter;
    GVariant *domain;

    g_variant_lookup(status, "mode", "&s", &mode);
    g_autofree char *mode_text = g_strconcat("mode ", mode, NULL);
    json_builder_begin_object(builder);
    json_add_string(builder, "title", "virt-omen: the last day");
    json_add_string(builder, "version", OMEN_VERSION);
    json_add_number(builder, "made", (double) g_get_real_time() / G_USEC_PER_SEC);
    json_add_number(builder, "threshold", 0.5);
    json_builder_set_member_name(builder, "series");
    json_builder_begin_array(builder);
    add_series(client, "host", host, mode_text, builder);
    g_variant_iter_init(&iter, domains);
    while (g_variant_iter_loop(&iter, "@a{sv}", &domain)) {
        const char *state = "";
        g_variant_lookup(domain, "state", "&s", &state);
        add_series(client, "domain", domain, state, builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}

int
command_report(int argc, char **argv)
{
    const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
    g_auto(Client) client = {0};
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariant) status = NULL;
    g_autoptr(JsonNode) data = NULL;
    g_autoptr(GError) error = NULL;
    GVariantBuilder options;
    int result;

    if (!client_begin(&client, entries, &argc, &argv, 1, 1,
                      "name the FILE to write, or - for standard output", &result))
        return result;
    g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&options, "{sv}", "scores", g_variant_new_string("day"));
    reply = client_call(&client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "GetStatus",
                        g_variant_new("(a{sv})", &options), &error);
    if (!reply)
        return command_fail("report", EXIT_FAILED, "%s", error->message);
    status = g_variant_get_child_value(reply, 0);
    data = build(&client, status);
    if (!page_write(argv[1], data, &error))
        return command_fail("report", EXIT_FAILED, "%s", error->message);
    return EXIT_GOOD;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen watch: the state, drawn anew on a terminal; changes as lines elsewhere. */
#include "client.h"
#include "command.h"
#include "json.h"
#include "screen.h"

#include <glib-unix.h>
#include <stdio.h>
#include <unistd.h>
#include <virt-omen/bus-names.h>

#define REDRAW_S   1
#define MAX_SHOWN  8
#define BAR_WIDTH  24
#define NAME_WIDTH 16
/* What stands beside a sparkline. */
#define ROW_WIDTH 58

typedef struct {
    Client client;
    GMainLoop *loop;
    Screen *screen; /* NULL: lines */
    gboolean json;
    GHashTable *told; /* path -> what was told of it last */
    char *problem;    /* the daemon does not answer */
    int status;
} Watch;

static const char *
text_of(Watch *self, const char *path, const char *interface, const char *name)
{
    return client_get_string(&self->client, path, interface, name);
}

static guint64
number_of(Watch *self, const char *path, const char *interface, const char *name)
{
    return client_get_number(&self->client, path, interface, name);
}

/* ---- the screen ---- */

/* Records of all streams of a row of the status. */
static guint64
count_records(GVariant *row)
{
    g_autoptr(GVariant) streams = g_variant_lookup_value(row, "streams", G_VARIANT_TYPE("aa{sv}"));
    GVariantIter iter;
    GVariant *stream;
    guint64 total = 0;

    g_variant_iter_init(&iter, streams);
    while (g_variant_iter_loop(&iter, "@a{sv}", &stream)) {
        guint64 records = 0;
        g_variant_lookup(stream, "records", "t", &records);
        total += records;
    }
    return total;
}

/* A host or a domain: "KIND NAME STATE RECORDS SPARKLINE". */
static void
draw_row(Watch *self, const char *kind, GVariant *row, const char *state)
{
    g_autoptr(GVariant) scores = g_variant_lookup_value(row, "scores", G_VARIANT_TYPE("ad"));
    gsize n = 0;
    const double *values = scores ? g_variant_get_fixed_array(scores, &n, sizeof(double)) : NULL;
    guint width = screen_get_width(self->screen);
    guint room = MIN(width > ROW_WIDTH ? width - ROW_WIDTH : 0, (guint) n);
    g_autofree char *line = screen_sparkline(values, n, room);
    gboolean endangered = FALSE;
    const char *name = "";

    g_variant_lookup(row, "name", "&s", &name);
    g_variant_lookup(row, "endangered", "b", &endangered);
    g_autofree char *short_name = screen_cut(name, NAME_WIDTH);
    screen_add(self->screen, endangered ? SCREEN_BAD : SCREEN_PLAIN,
               "%-7s %-*s %-12s %9" G_GUINT64_FORMAT " lines  %s", kind, NAME_WIDTH, short_name,
               endangered ? "ENDANGERED" : state, count_records(row), line);
}

static void
draw_status(Watch *self, GVariant *status)
{
    g_autoptr(GVariant) host = g_variant_lookup_value(status, "host", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) domains =
        g_variant_lookup_value(status, "domains", G_VARIANT_TYPE("aa{sv}"));
    g_autofree const char **problems = NULL;
    const char *mode = "";
    gboolean connected = FALSE;
    GVariantIter iter;
    GVariant *domain;

    g_variant_lookup(status, "mode", "&s", &mode);
    g_variant_lookup(status, "connected", "b", &connected);
    g_variant_lookup(status, "problems", "^a&s", &problems);
    screen_add(self->screen, SCREEN_BOLD, "virt-omen   mode %s%s   (q ends)", mode,
               connected ? "" : "   NOT connected to libvirt");
    for (guint i = 0; problems && problems[i]; i++)
        screen_add(self->screen, SCREEN_WARNING, "problem: %s", problems[i]);
    screen_add(self->screen, SCREEN_PLAIN, " ");
    draw_row(self, "host", host, "quiet");
    g_variant_iter_init(&iter, domains);
    while (g_variant_iter_loop(&iter, "@a{sv}", &domain)) {
        const char *state = "";
        g_variant_lookup(domain, "state", "&s", &state);
        draw_row(self, "domain", domain, state);
    }
}

static void
draw_destinations(Watch *self)
{
    g_autoptr(GPtrArray) hosts = client_list(&self->client, INTERFACE_HOST);

    for (guint i = 0; i < hosts->len; i++) {
        const char *path = g_ptr_array_index(hosts, i);
        const char *reason = text_of(self, path, INTERFACE_HOST, "Reason");
        if (!g_str_equal(text_of(self, path, INTERFACE_HOST, "Role"), "destination"))
            continue;
        screen_add(self->screen, *reason ? SCREEN_WARNING : SCREEN_PLAIN,
                   "%-7s %-*s %-12s %9" G_GUINT64_FORMAT " MiB free  %s", "to", NAME_WIDTH,
                   text_of(self, path, INTERFACE_HOST, "Name"), *reason ? "not usable" : "usable",
                   number_of(self, path, INTERFACE_HOST, "FreeMemory") >> 20, reason);
    }
}

static void
draw_omens(Watch *self)
{
    g_autoptr(GPtrArray) omens = client_list(&self->client, INTERFACE_OMEN);

    screen_add(self->screen, SCREEN_PLAIN, " ");
    screen_add(self->screen, SCREEN_BOLD, "omens%s", omens->len > 0 ? "" : "   none");
    for (guint i = omens->len; i > 0 && i + MAX_SHOWN > omens->len; i--) {
        const char *path = g_ptr_array_index(omens, i - 1);
        const char *device = text_of(self, path, INTERFACE_OMEN, "Device");
        const char *domain = text_of(self, path, INTERFACE_OMEN, "DomainName");
        gboolean is_open = client_get_boolean(&self->client, path, INTERFACE_OMEN, "Open");
        g_autofree char *time = client_format_time(number_of(self, path, INTERFACE_OMEN, "Time"));
        screen_add(self->screen, is_open ? SCREEN_BAD : SCREEN_FAINT,
                   "%5" G_GUINT64_FORMAT "  %s  %.2f  %s%s%s%s%s, %s: %s",
                   number_of(self, path, INTERFACE_OMEN, "Id"), time,
                   client_get_double(&self->client, path, INTERFACE_OMEN, "Probability"),
                   text_of(self, path, INTERFACE_OMEN, "Class"), *device ? " " : "", device,
                   *domain ? " of " : "", domain, text_of(self, path, INTERFACE_OMEN, "Action"),
                   text_of(self, path, INTERFACE_OMEN, "Reason"));
    }
}

static ScreenStyle
style_of_phase(const char *phase)
{
    if (g_str_equal(phase, "succeeded"))
        return SCREEN_GOOD;
    return g_str_equal(phase, "failed") ? SCREEN_BAD : SCREEN_PLAIN;
}

static void
draw_evacuations(Watch *self)
{
    g_autoptr(GPtrArray) evacuations = client_list(&self->client, INTERFACE_EVACUATION);

    screen_add(self->screen, SCREEN_PLAIN, " ");
    screen_add(self->screen, SCREEN_BOLD, "evacuations%s", evacuations->len > 0 ? "" : "   none");
    for (guint i = evacuations->len; i > 0 && i + MAX_SHOWN > evacuations->len; i--) {
        const char *path = g_ptr_array_index(evacuations, i - 1);
        const char *phase = text_of(self, path, INTERFACE_EVACUATION, "Phase");
        double progress = client_get_double(&self->client, path, INTERFACE_EVACUATION, "Progress");
        g_autofree char *bar = screen_bar(progress, BAR_WIDTH);
        g_autofree char *name =
            screen_cut(text_of(self, path, INTERFACE_EVACUATION, "DomainName"), NAME_WIDTH);
        screen_add(self->screen, style_of_phase(phase), "  %-*s %s %3.0f%%  %-11s %s  %s",
                   NAME_WIDTH, name, bar, progress * 100, phase,
                   text_of(self, path, INTERFACE_EVACUATION, "Destination"),
                   text_of(self, path, INTERFACE_EVACUATION, "Error"));
    }
}

static void
draw(Watch *self, GVariant *status)
{
    screen_begin(self->screen);
    if (self->problem) {
        screen_add(self->screen, SCREEN_BAD,
                   "virt-omend does not answer; it is asked again (q ends)");
        screen_add(self->screen, SCREEN_PLAIN, "%s", self->problem);
    } else {
        draw_status(self, status);
        draw_destinations(self);
        draw_omens(self);
        draw_evacuations(self);
    }
    screen_show(self->screen);
}

/* ---- lines ---- */

/* Tells an object's state if it is not what was told last. @time_us: when it came to be so. Takes
 * @text. */
static void
tell(Watch *self, const char *path, const char *kind, guint64 id, guint64 time_us, char *text)
{
    if (g_strcmp0(g_hash_table_lookup(self->told, path), text) == 0) {
        g_free(text);
        return;
    }
    if (self->json) {
        g_autoptr(JsonBuilder) builder = json_builder_new();
        json_builder_begin_object(builder);
        json_add_time(builder, "time", time_us);
        json_add_string(builder, "kind", kind);
        json_add_count(builder, "id", id);
        json_add_string(builder, "text", text);
        json_builder_end_object(builder);
        g_autoptr(JsonNode) root = json_builder_get_root(builder);
        g_autofree char *object = json_to_string(root, FALSE);
        g_print("%s\n", object);
    } else {
        g_autofree char *time = client_format_time(time_us);
        g_print("%s  %s %" G_GUINT64_FORMAT " %s\n", time, kind, id, text);
    }
    g_hash_table_replace(self->told, g_strdup(path), text);
}

/* Of its latest step. */
static guint64
time_of_evacuation(Watch *self, const char *path)
{
    static const char *const steps[] = {"EndedTime", "SwitchedTime", "StartedTime", "QueuedTime"};
    guint64 time_us = 0;

    for (guint i = 0; i < G_N_ELEMENTS(steps) && time_us == 0; i++)
        time_us = number_of(self, path, INTERFACE_EVACUATION, steps[i]);
    return time_us;
}

static void
tell_changes(Watch *self)
{
    g_autoptr(GPtrArray) omens = client_list(&self->client, INTERFACE_OMEN);
    g_autoptr(GPtrArray) evacuations = client_list(&self->client, INTERFACE_EVACUATION);

    for (guint i = 0; i < omens->len; i++) {
        const char *path = g_ptr_array_index(omens, i);
        tell(self, path, "omen", number_of(self, path, INTERFACE_OMEN, "Id"),
             number_of(self, path, INTERFACE_OMEN, "LastTime"),
             g_strdup_printf("%s: %s (%s)", text_of(self, path, INTERFACE_OMEN, "Class"),
                             text_of(self, path, INTERFACE_OMEN, "Action"),
                             text_of(self, path, INTERFACE_OMEN, "Reason")));
    }
    for (guint i = 0; i < evacuations->len; i++) {
        const char *path = g_ptr_array_index(evacuations, i);
        tell(self, path, "evacuation", number_of(self, path, INTERFACE_EVACUATION, "Id"),
             time_of_evacuation(self, path),
             g_strdup_printf("of %s: %s %s %s",
                             text_of(self, path, INTERFACE_EVACUATION, "DomainName"),
                             text_of(self, path, INTERFACE_EVACUATION, "Phase"),
                             text_of(self, path, INTERFACE_EVACUATION, "Destination"),
                             text_of(self, path, INTERFACE_EVACUATION, "Error")));
    }
}

/* ---- both ---- */

/* (transfer full): NULL with @error. */
static GVariant *
get_status(Watch *self, GError **error)
{
    GVariantBuilder options;
    g_autoptr(GVariant) reply = NULL;

    g_variant_builder_init(&options, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&options, "{sv}", "scores", g_variant_new_string("recent"));
    reply = client_call(&self->client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "GetStatus",
                        g_variant_new("(a{sv})", &options), error);
    return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

static gboolean
on_time(gpointer user_data)
{
    Watch *self = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) status = NULL;

    g_clear_pointer(&self->problem, g_free);
    if (client_refresh(&self->client, &error) && self->screen)
        status = get_status(self, &error);
    if (error && !self->screen) {
        self->status = command_fail("watch", EXIT_FAILED, "%s", error->message);
        g_main_loop_quit(self->loop);
        return G_SOURCE_REMOVE;
    }
    if (error)
        self->problem = g_strdup(error->message);
    if (self->screen)
        draw(self, status);
    else
        tell_changes(self);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_resize(gpointer user_data)
{
    on_time(user_data);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_end(gpointer user_data)
{
    g_main_loop_quit(((Watch *) user_data)->loop);
    return G_SOURCE_CONTINUE;
}

int
command_watch(int argc, char **argv)
{
    Watch watch = {.status = EXIT_GOOD};
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &watch.json, "A line of JSON for each change", NULL},
        G_OPTION_ENTRY_NULL,
    };
    int result;

    if (!client_begin(&watch.client, entries, &argc, &argv, 0, 0, "it takes no argument", &result))
        return result;
    watch.loop = g_main_loop_new(NULL, FALSE);
    watch.told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (isatty(STDOUT_FILENO) && !watch.json)
        watch.screen = screen_open(on_end, &watch);
    if (on_time(&watch)) {
        g_timeout_add_seconds(REDRAW_S, on_time, &watch);
        g_unix_signal_add(SIGINT, on_end, &watch);
        g_unix_signal_add(SIGTERM, on_end, &watch);
        if (watch.screen)
            g_unix_signal_add(SIGWINCH, on_resize, &watch);
        g_main_loop_run(watch.loop);
    }
    g_clear_pointer(&watch.screen, screen_close);
    g_hash_table_unref(watch.told);
    g_main_loop_unref(watch.loop);
    g_free(watch.problem);
    client_close(&watch.client);
    return watch.status;
}

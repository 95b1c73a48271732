/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen watch: a screen on a terminal; changes as lines elsewhere. */
#include "client.h"
#include "command.h"
#include "json.h"
#include "rows.h"
#include "screen.h"
#include "view.h"

#include <glib-unix.h>
#include <stdio.h>
#include <virt-omen/bus-names.h>

#define REDRAW_S 1

typedef struct {
    Client client;
    GMainLoop *loop;
    Screen *screen; /* NULL: lines */
    WatchView *view;
    GVariant *latest; /* what the daemon said last; NULL: nothing yet */
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

static char *
describe(const char *path, gpointer user_data)
{
    Watch *self = user_data;

    return self->latest ? watch_rows_describe(&self->client, self->latest, path)
                        : g_strdup("virt-omend does not answer.");
}

static char *
decide(const char *path, Decision decision, gpointer user_data)
{
    Watch *self = user_data;
    g_autoptr(GError) error = NULL;
    char *done = decision_apply(&self->client, path, decision, &error);

    return done ? done : g_strdup(error->message);
}

static void
quit(gpointer user_data)
{
    g_main_loop_quit(((Watch *) user_data)->loop);
}

static void
set_head(Watch *self, GVariant *status)
{
    g_autoptr(GVariant) host = g_variant_lookup_value(status, "host", G_VARIANT_TYPE_VARDICT);
    g_autofree const char **problems = NULL;
    g_autofree char *time = client_format_time((guint64) g_get_real_time());
    g_autofree char *head = NULL;
    const char *mode = "";
    const char *name = "";
    gboolean connected = FALSE;
    gboolean endangered = FALSE;

    g_variant_lookup(status, "mode", "&s", &mode);
    g_variant_lookup(status, "connected", "b", &connected);
    g_variant_lookup(status, "problems", "^a&s", &problems);
    g_variant_lookup(host, "name", "&s", &name);
    g_variant_lookup(host, "endangered", "b", &endangered);
    head = g_strdup_printf("virt-omen  %s  mode %s  %s%s  %s", name, mode,
                           endangered ? "ENDANGERED" : "no sign of failure",
                           connected ? "" : "  NOT connected to libvirt", time);
    watch_view_set_head(self->view, head, problems);
}

static void
draw(Watch *self)
{
    if (self->problem) {
        const char *const problems[] = {self->problem, NULL};
        watch_view_set_head(self->view, "virt-omend does not answer; trying again (q quits)",
                            problems);
    } else if (self->latest) {
        set_head(self, self->latest);
        watch_view_set_rows(self->view, watch_rows_list(&self->client, self->latest,
                                                        screen_get_width(self->screen),
                                                        watch_view_get_filter(self->view)));
    }
    watch_view_draw(self->view, self->screen);
}

static void
on_key(ScreenKey key, gunichar character, gpointer user_data)
{
    Watch *self = user_data;

    watch_view_take_key(self->view, key, character);
    draw(self);
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

    g_clear_pointer(&self->problem, g_free);
    if (client_refresh(&self->client, &error) && self->screen) {
        g_clear_pointer(&self->latest, g_variant_unref);
        self->latest = get_status(self, &error);
    }
    if (error && !self->screen) {
        self->status = command_fail("watch", EXIT_FAILED, "%s", error->message);
        g_main_loop_quit(self->loop);
        return G_SOURCE_REMOVE;
    }
    if (error)
        self->problem = g_strdup(error->message);
    if (self->screen)
        draw(self);
    else
        tell_changes(self);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_resize(gpointer user_data)
{
    draw(user_data);
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
    static const WatchViewActions actions = {describe, decide, quit};
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
    if (screen_is_possible() && !watch.json) {
        watch.view = watch_view_new(&actions, &watch);
        watch.screen = screen_open(on_key, &watch);
    }
    if (on_time(&watch)) {
        g_timeout_add_seconds(REDRAW_S, on_time, &watch);
        g_unix_signal_add(SIGINT, on_end, &watch);
        g_unix_signal_add(SIGTERM, on_end, &watch);
        if (watch.screen)
            g_unix_signal_add(SIGWINCH, on_resize, &watch);
        g_main_loop_run(watch.loop);
    }
    g_clear_pointer(&watch.screen, screen_close);
    g_clear_pointer(&watch.view, watch_view_free);
    g_clear_pointer(&watch.latest, g_variant_unref);
    g_hash_table_unref(watch.told);
    g_main_loop_unref(watch.loop);
    g_free(watch.problem);
    client_close(&watch.client);
    return watch.status;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-omen watch: the state, drawn anew on a terminal; changes as lines elsewhere. */
#include "client.h"
#include "command.h"

#include <glib-unix.h>
#include <stdio.h>
#include <unistd.h>
#include <virt-omen/bus-names.h>

#define REDRAW_S  1
#define MAX_OMENS 8
#define BAR_WIDTH 24

typedef struct {
    Client client;
    GMainLoop *loop;
    gboolean has_screen;
    GHashTable *told; /* path -> what was told of it last */
    int status;
} Watch;

static void
draw_evacuation(Client *client, const char *path)
{
    double progress = client_get_double(client, path, INTERFACE_EVACUATION, "Progress");
    int filled = (int) (progress * BAR_WIDTH);

    printf("  %-16s [%.*s%*s] %-11s %s %s\n",
           client_get_string(client, path, INTERFACE_EVACUATION, "DomainName"), filled,
           "########################", BAR_WIDTH - filled, "",
           client_get_string(client, path, INTERFACE_EVACUATION, "Phase"),
           client_get_string(client, path, INTERFACE_EVACUATION, "Destination"),
           client_get_string(client, path, INTERFACE_EVACUATION, "Error"));
}

static void
draw(Watch *self)
{
    Client *client = &self->client;
    g_autoptr(GPtrArray) hosts = client_list(client, INTERFACE_HOST);
    g_autoptr(GPtrArray) domains = client_list(client, INTERFACE_DOMAIN);
    g_autoptr(GPtrArray) omens = client_list(client, INTERFACE_OMEN);
    g_autoptr(GPtrArray) evacuations = client_list(client, INTERFACE_EVACUATION);

    printf("\033[H\033[2Jvirt-omen, mode %s   (Ctrl-C ends)\n\n",
           client_get_string(client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Mode"));
    for (guint i = 0; i < hosts->len; i++) {
        const char *path = g_ptr_array_index(hosts, i);
        printf("host   %-16s %-12s %10" G_GUINT64_FORMAT " records %s\n",
               client_get_string(client, path, INTERFACE_HOST, "Name"),
               client_get_string(client, path, INTERFACE_HOST, "Role"),
               client_get_number(client, path, INTERFACE_HOST, "Records"),
               client_get_boolean(client, path, INTERFACE_HOST, "Endangered")
                   ? "ENDANGERED"
                   : client_get_string(client, path, INTERFACE_HOST, "Reason"));
    }
    for (guint i = 0; i < domains->len; i++) {
        const char *path = g_ptr_array_index(domains, i);
        printf("domain %-16s %-12s %10" G_GUINT64_FORMAT " records %s\n",
               client_get_string(client, path, INTERFACE_DOMAIN, "Name"),
               client_get_string(client, path, INTERFACE_DOMAIN, "State"),
               client_get_number(client, path, INTERFACE_DOMAIN, "Records"),
               client_get_boolean(client, path, INTERFACE_DOMAIN, "Endangered") ? "ENDANGERED"
                                                                                : "");
    }
    printf("\nomens\n");
    for (guint i = omens->len > MAX_OMENS ? omens->len - MAX_OMENS : 0; i < omens->len; i++) {
        const char *path = g_ptr_array_index(omens, i);
        printf("  %" G_GUINT64_FORMAT " %s %.2f %s: %s\n",
               client_get_number(client, path, INTERFACE_OMEN, "Id"),
               client_get_string(client, path, INTERFACE_OMEN, "Class"),
               client_get_double(client, path, INTERFACE_OMEN, "Probability"),
               client_get_string(client, path, INTERFACE_OMEN, "Action"),
               client_get_string(client, path, INTERFACE_OMEN, "Reason"));
    }
    printf("\nevacuations\n");
    for (guint i = evacuations->len > MAX_OMENS ? evacuations->len - MAX_OMENS : 0;
         i < evacuations->len; i++)
        draw_evacuation(client, g_ptr_array_index(evacuations, i));
    fflush(stdout);
}

/* Tells an object's state if it is not what was told last. Takes @text. */
static void
tell(Watch *self, const char *path, char *text)
{
    if (g_strcmp0(g_hash_table_lookup(self->told, path), text) == 0) {
        g_free(text);
        return;
    }
    g_autofree char *time = client_format_time((guint64) g_get_real_time());
    g_print("%s  %s\n", time, text);
    g_hash_table_replace(self->told, g_strdup(path), text);
}

static void
tell_changes(Watch *self)
{
    Client *client = &self->client;
    g_autoptr(GPtrArray) omens = client_list(client, INTERFACE_OMEN);
    g_autoptr(GPtrArray) evacuations = client_list(client, INTERFACE_EVACUATION);

    for (guint i = 0; i < omens->len; i++) {
        const char *path = g_ptr_array_index(omens, i);
        tell(self, path,
             g_strdup_printf("omen %" G_GUINT64_FORMAT " %s: %s (%s)",
                             client_get_number(client, path, INTERFACE_OMEN, "Id"),
                             client_get_string(client, path, INTERFACE_OMEN, "Class"),
                             client_get_string(client, path, INTERFACE_OMEN, "Action"),
                             client_get_string(client, path, INTERFACE_OMEN, "Reason")));
    }
    for (guint i = 0; i < evacuations->len; i++) {
        const char *path = g_ptr_array_index(evacuations, i);
        tell(self, path,
             g_strdup_printf("evacuation %" G_GUINT64_FORMAT " of %s: %s %s %s",
                             client_get_number(client, path, INTERFACE_EVACUATION, "Id"),
                             client_get_string(client, path, INTERFACE_EVACUATION, "DomainName"),
                             client_get_string(client, path, INTERFACE_EVACUATION, "Phase"),
                             client_get_string(client, path, INTERFACE_EVACUATION, "Destination"),
                             client_get_string(client, path, INTERFACE_EVACUATION, "Error")));
    }
}

static gboolean
on_time(gpointer user_data)
{
    Watch *self = user_data;
    g_autoptr(GError) error = NULL;

    if (!client_refresh(&self->client, &error)) {
        self->status = command_fail("watch", EXIT_FAILED, "%s", error->message);
        g_main_loop_quit(self->loop);
        return G_SOURCE_REMOVE;
    }
    if (self->has_screen)
        draw(self);
    else
        tell_changes(self);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_interrupt(gpointer user_data)
{
    g_main_loop_quit(user_data);
    return G_SOURCE_REMOVE;
}

int
command_watch(int argc, char **argv)
{
    const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
    Watch watch = {.status = EXIT_GOOD, .has_screen = isatty(STDOUT_FILENO)};
    int result;

    if (!command_parse_options(entries, &argc, &argv, &result))
        return result;
    if (argc > 1)
        return command_fail("watch", EXIT_USAGE, "it takes no argument");
    if (!client_open(&watch.client, "watch"))
        return EXIT_FAILED;
    watch.loop = g_main_loop_new(NULL, FALSE);
    watch.told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (on_time(&watch)) {
        g_timeout_add_seconds(REDRAW_S, on_time, &watch);
        g_unix_signal_add(SIGINT, on_interrupt, watch.loop);
        g_main_loop_run(watch.loop);
    }
    g_hash_table_unref(watch.told);
    g_main_loop_unref(watch.loop);
    client_close(&watch.client);
    return watch.status;
}

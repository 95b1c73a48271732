/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client.h"

#include "command.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>
#include <virt-omen/bus-names.h>

#define CALL_TIMEOUT_MS 60000

void
client_close(Client *self)
{
    g_clear_pointer(&self->objects, g_hash_table_unref);
    g_clear_object(&self->connection);
}

static void
explain(const char *command, const GError *error)
{
    if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_CHILD_EXITED))
        command_fail(
            command, EXIT_FAILED,
            "virt-omend is not running: systemctl start virt-omend (virt-omend --check says "
            "whether its configuration is the cause)");
    else
        command_fail(command, EXIT_FAILED, "%s", error->message);
}

gboolean
client_refresh(Client *self, GError **error)
{
    g_autoptr(GVariant) reply =
        client_call(self, OMEN_BUS_ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                    NULL, error);

    GVariant *interfaces;
    const char *path;
    g_autoptr(GVariant) objects = NULL;
    GVariantIter iter;

    if (!reply)
        return FALSE;
    objects = g_variant_get_child_value(reply, 0);
    g_clear_pointer(&self->objects, g_hash_table_unref);
    self->objects =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
    g_variant_iter_init(&iter, objects);
    while (g_variant_iter_next(&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
        g_hash_table_replace(self->objects, g_strdup(path), interfaces);
    return TRUE;
}

gboolean
client_has(Client *self, const char *path)
{
    return g_hash_table_contains(self->objects, path);
}

gboolean
client_open(Client *self, const char *command)
{
    const GDBusConnectionFlags flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;
    const char *address = g_getenv("OMEN_BUS_ADDRESS");
    g_autoptr(GError) error = NULL;

    if (address)
        self->connection =
            g_dbus_connection_new_for_address_sync(address, flags, NULL, NULL, &error);
    else
        self->connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
    if (!self->connection && self->is_silent)
        return FALSE;
    if (!self->connection) {
        command_fail(command, EXIT_FAILED, "cannot connect to D-Bus: %s", error->message);
        return FALSE;
    }
    if (client_refresh(self, &error))
        return TRUE;
    if (!self->is_silent)
        explain(command, error);
    return FALSE;
}

GVariant *
client_call(Client *self,
            const char *path,
            const char *interface,
            const char *method,
            GVariant *parameters,
            GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *name = NULL;
    GVariant *reply = g_dbus_connection_call_sync(
        self->connection, OMEN_BUS_NAME, path, interface, method, parameters, NULL,
        G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, CALL_TIMEOUT_MS, NULL, &local);

    self->was_refused = FALSE;
    if (reply)
        return reply;
    name = g_dbus_error_get_remote_error(local);
    self->was_refused = g_strcmp0(name, OMEN_BUS_ERROR_PREFIX "NotAuthorized") == 0;
    g_dbus_error_strip_remote_error(local);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

/* By the number that a path ends in, else by the path. */
static int
compare_paths(gconstpointer a, gconstpointer b)
{
    const char *left = *(const char *const *) a;
    const char *right = *(const char *const *) b;
    guint64 left_number = g_ascii_strtoull(strrchr(left, '/') + 1, NULL, 10);
    guint64 right_number = g_ascii_strtoull(strrchr(right, '/') + 1, NULL, 10);

    if (left_number != right_number)
        return left_number < right_number ? -1 : 1;
    return strcmp(left, right);
}

GPtrArray *
client_list(Client *self, const char *interface)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer path;
    gpointer interfaces;

    g_hash_table_iter_init(&iter, self->objects);
    while (g_hash_table_iter_next(&iter, &path, &interfaces)) {
        g_autoptr(GVariant) found =
            g_variant_lookup_value(interfaces, interface, G_VARIANT_TYPE_VARDICT);
        if (found)
            g_ptr_array_add(paths, g_strdup(path));
    }
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}

/* (transfer full) (nullable). */
static GVariant *
get_property(Client *self, const char *path, const char *interface, const char *name)
{
    GVariant *interfaces = g_hash_table_lookup(self->objects, path);
    g_autoptr(GVariant) properties =
        interfaces ? g_variant_lookup_value(interfaces, interface, G_VARIANT_TYPE_VARDICT) : NULL;

    return properties ? g_variant_lookup_value(properties, name, NULL) : NULL;
}

const char *
client_get_string(Client *self, const char *path, const char *interface, const char *name)
{
    g_autoptr(GVariant) value = get_property(self, path, interface, name);

    /* Interned: a tool that lives for one command may. */
    return value && g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)
               ? g_intern_string(g_variant_get_string(value, NULL))
               : "";
}

GVariant *
client_get_value(Client *self, const char *path, const char *interface, const char *name)
{
    return get_property(self, path, interface, name);
}

guint64
client_get_number(Client *self, const char *path, const char *interface, const char *name)
{
    g_autoptr(GVariant) value = get_property(self, path, interface, name);

    if (value && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
        return g_variant_get_uint64(value);
    return value && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32) ? g_variant_get_uint32(value)
                                                                       : 0;
}

double
client_get_double(Client *self, const char *path, const char *interface, const char *name)
{
    g_autoptr(GVariant) value = get_property(self, path, interface, name);

    return value && g_variant_is_of_type(value, G_VARIANT_TYPE_DOUBLE) ? g_variant_get_double(value)
                                                                       : 0;
}

gboolean
client_get_boolean(Client *self, const char *path, const char *interface, const char *name)
{
    g_autoptr(GVariant) value = get_property(self, path, interface, name);

    return value && g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN) &&
           g_variant_get_boolean(value);
}

void
client_print_object(Client *self, const char *path, ClientAddFunc add)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    if (client_refresh(self, NULL) && client_has(self, path)) {
        add(self, path, builder);
    } else {
        json_builder_begin_object(builder);
        json_builder_end_object(builder);
    }
    client_print_json(json_builder_get_root(builder));
}

void
client_print_json(JsonNode *root)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) owned = root;
    g_autofree char *text = NULL;
    g_autofree char *short_text = NULL;

    json_generator_set_root(generator, owned);
    json_generator_set_pretty(generator, TRUE);
    text = json_generator_to_data(generator, NULL);
    short_text = json_shorten_numbers(text);
    g_print("%s\n", short_text);
}

char *
client_format_time(guint64 time_us)
{
    g_autoptr(GDateTime) time =
        g_date_time_new_from_unix_local((gint64) (time_us / G_USEC_PER_SEC));

    return time_us > 0 && time ? g_date_time_format(time, "%a %H:%M:%S") : g_strdup("-");
}

static char **
get_lines(Client *self, const char *path, const char *method)
{
    g_autoptr(GVariant) reply = NULL;
    char **lines = NULL;

    if (self->may_not_read)
        return NULL;
    reply = client_call(self, path, INTERFACE_OMEN, method,
                        g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), NULL);
    if (reply) {
        g_variant_get(reply, "(^as)", &lines);
        return lines;
    }
    self->may_not_read = self->was_refused;
    return NULL;
}

char **
client_get_lines(Client *self, const char *path)
{
    return get_lines(self, path, "GetRecords");
}

char **
client_get_normal_lines(Client *self, const char *path)
{
    return get_lines(self, path, "GetNormal");
}

gboolean
client_begin(Client *self,
             const GOptionEntry *entries,
             int *argc,
             char ***argv,
             int min_arguments,
             int max_arguments,
             const char *hint,
             int *status)
{
    const char *command = (*argv)[0];

    if (!command_parse_options(entries, argc, argv, status))
        return FALSE;
    if (*argc - 1 < min_arguments || *argc - 1 > max_arguments) {
        *status = command_fail(command, EXIT_USAGE, "%s", hint);
        return FALSE;
    }
    *status = EXIT_FAILED;
    return client_open(self, command);
}

char *
client_begin_object(Client *self,
                    const GOptionEntry *entries,
                    int *argc,
                    char ***argv,
                    const char *folder,
                    const char *kind,
                    int *status)
{
    const char *command = (*argv)[0];
    g_autofree char *hint =
        g_strdup_printf("name one %s by its number (virt-omen %ss)", kind, kind);
    g_autofree char *path = NULL;
    guint64 id;

    if (!client_begin(self, entries, argc, argv, 1, 1, hint, status))
        return NULL;
    if (!g_ascii_string_to_unsigned((*argv)[1], 10, 1, G_MAXUINT64, &id, NULL)) {
        *status = command_fail(command, EXIT_USAGE, "%s", hint);
        return NULL;
    }
    path = g_strdup_printf("%s/%" G_GUINT64_FORMAT, folder, id);
    if (client_has(self, path))
        return g_steal_pointer(&path);
    *status = command_fail(command, EXIT_FAILED,
                           "there is no %s %" G_GUINT64_FORMAT "; virt-omen %ss lists them", kind,
                           id, kind);
    return NULL;
}

void
client_print_list(Client *self,
                  GPtrArray *paths,
                  const ClientListing *listing,
                  const char *const *headers,
                  ClientAddFunc add,
                  ClientRowFunc add_row,
                  const char *nothing)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(Table) table = table_new(headers);

    json_builder_begin_array(builder);
    for (guint i = 0; i < paths->len; i++) {
        if (listing->json)
            add(self, g_ptr_array_index(paths, i), builder);
        else
            add_row(self, g_ptr_array_index(paths, i), table);
    }
    json_builder_end_array(builder);
    if (listing->json)
        client_print_json(json_builder_get_root(builder));
    else if (table_get_length(table) > 0)
        table_print(table, !listing->no_headers);
    else if (!listing->no_headers)
        g_print("%s", nothing);
}

int
client_list_command(int argc,
                    char **argv,
                    const char *interface,
                    const char *const *headers,
                    ClientAddFunc add,
                    ClientRowFunc add_row,
                    const char *nothing)
{
    ClientListing listing = {0};
    const GOptionEntry entries[] = {CLIENT_LISTING_OPTIONS(listing), G_OPTION_ENTRY_NULL};
    g_auto(Client) client = {0};
    g_autoptr(GPtrArray) paths = NULL;
    int status;

    if (!client_begin(&client, entries, &argc, &argv, 0, 0, "it takes no argument", &status))
        return status;
    paths = client_list(&client, interface);
    client_print_list(&client, paths, &listing, headers, add, add_row, nothing);
    return EXIT_GOOD;
}

char *
client_find_stream(Client *self, const char *command, const char *word)
{
    g_autoptr(GPtrArray) domains = client_list(self, INTERFACE_DOMAIN);

    if (g_str_equal(word, "host") || g_str_equal(word, "unproven") ||
        g_str_has_prefix(word, "domain:") || g_str_has_prefix(word, "guest:"))
        return g_strdup(word);
    for (guint i = 0; i < domains->len; i++) {
        const char *path = g_ptr_array_index(domains, i);
        const char *uuid = client_get_string(self, path, INTERFACE_DOMAIN, "Uuid");
        if (g_str_equal(word, client_get_string(self, path, INTERFACE_DOMAIN, "Name")) ||
            g_str_equal(word, uuid))
            return g_strconcat("domain:", uuid, NULL);
    }
    command_fail(command, EXIT_FAILED,
                 "there is no stream \"%s\"; it is host, or a domain that virt-omen status shows",
                 word);
    return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon over D-Bus, as the command-line tool needs it. Calls wait for their answers. */
#pragma once

#include "table.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct {
    GDBusConnection *connection;
    GHashTable *objects;   /* path -> a{sa{sv}}: all objects, as of the last client_refresh() */
    gboolean was_refused;  /* the last call: its caller may not do that */
    gboolean is_silent;    /* client_open() tells nothing */
    gboolean may_not_read; /* log lines were refused: not asked for again */
} Client;

void client_close(Client *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Client, client_close)

/* Connects and reads all objects. On failure it tells why and what to do, and returns FALSE. */
gboolean client_open(Client *self, const char *command);
gboolean client_refresh(Client *self, GError **error);

/* Calls a method. (transfer full): NULL with @error, whose message is the daemon's own. */
GVariant *client_call(Client *self,
                      const char *path,
                      const char *interface,
                      const char *method,
                      GVariant *parameters,
                      GError **error);

/* The stream that @word names: "host", "unproven", "domain:UUID", "guest:UUID", or a domain by its
 * name or UUID. (transfer full): NULL: there is none, which was told. */
char *client_find_stream(Client *self, const char *command, const char *word);

/* Paths of all objects with that interface, by their number or name. (transfer full) (element-type
 * utf8). */
GPtrArray *client_list(Client *self, const char *interface);

/* There was such an object at the last refresh. */
gboolean client_has(Client *self, const char *path);

/* A property as of the last refresh. */
const char *
client_get_string(Client *self, const char *path, const char *interface, const char *name);
/* (transfer full) (nullable): of any type. */
GVariant *client_get_value(Client *self, const char *path, const char *interface, const char *name);
guint64 client_get_number(Client *self, const char *path, const char *interface, const char *name);
double client_get_double(Client *self, const char *path, const char *interface, const char *name);
gboolean
client_get_boolean(Client *self, const char *path, const char *interface, const char *name);

/* The log lines of an omen. (transfer full) (nullable). Lines may hold secrets: who may not read
 * them gets none, and is asked for a password once, not once an omen. */
char **client_get_lines(Client *self, const char *path);
/* The same of the normal lines that are nearest to what was seen. */
char **client_get_normal_lines(Client *self, const char *path);

/* The arguments of a command that needs the daemon, and a connection to it. FALSE: end with
 * *status, which was told. @hint: what to name, where there are too few or too many. */
gboolean client_begin(Client *self,
                      const GOptionEntry *entries,
                      int *argc,
                      char ***argv,
                      int min_arguments,
                      int max_arguments,
                      const char *hint,
                      int *status);

/* The same for a command whose one argument is the number of an object ("omen", "evacuation") below
 * @folder. (transfer full): its path; NULL: end with *status. */
char *client_begin_object(Client *self,
                          const GOptionEntry *entries,
                          int *argc,
                          char ***argv,
                          const char *folder,
                          const char *kind,
                          int *status);

/* How a list is wanted. */
typedef struct {
    gboolean json;
    gboolean no_headers;
} ClientListing;

/* The options --json and --no-headers of a command that lists. */
#define CLIENT_LISTING_OPTIONS(listing)                                                            \
    {"json", 0, 0, G_OPTION_ARG_NONE, &(listing).json, "For programs", NULL},                      \
    {                                                                                              \
        "no-headers", 0, 0, G_OPTION_ARG_NONE, &(listing).no_headers, "Leave out the header line", \
            NULL                                                                                   \
    }

/* All of @paths: as JSON by @add, as rows of a table by @add_row, or by the words @nothing. Both
 * functions may leave a path out. */
typedef void (*ClientAddFunc)(Client *client, const char *path, JsonBuilder *builder);
typedef void (*ClientRowFunc)(Client *client, const char *path, Table *table);
void client_print_list(Client *self,
                       GPtrArray *paths,
                       const ClientListing *listing,
                       const char *const *headers,
                       ClientAddFunc add,
                       ClientRowFunc add_row,
                       const char *nothing);

/* A whole command that lists all objects with that interface: as client_print_list()
 * does. Returns the exit status. */
int client_list_command(int argc,
                        char **argv,
                        const char *interface,
                        const char *const *headers,
                        ClientAddFunc add,
                        ClientRowFunc add_row,
                        const char *nothing);

/* What an object says of itself by now, as JSON by @add; {} if the daemon no longer knows it. */
void client_print_object(Client *self, const char *path, ClientAddFunc add);

/* Writes JSON on standard output. Takes @root. */
void client_print_json(JsonNode *root);

/* "Mon 14:03:22" of a time in microseconds; "-" for 0. (transfer full). */
char *client_format_time(guint64 time_us);

#define INTERFACE_MANAGER    "org.virtomen1.Manager"
#define INTERFACE_HOST       "org.virtomen1.Host"
#define INTERFACE_DOMAIN     "org.virtomen1.Domain"
#define INTERFACE_OMEN       "org.virtomen1.Omen"
#define INTERFACE_EVACUATION "org.virtomen1.Evacuation"

G_END_DECLS

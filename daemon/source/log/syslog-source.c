/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/log/syslog-source.h"

#include "source/log/syslog-framing.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <virt-omen/line-format.h>

#define RETRY_S            5
#define MAX_READS_A_TURN   256
#define RECEIVE_BUFFER     (4 * 1024 * 1024)
#define SOCKET_PERMISSIONS 0660

typedef enum {
    KIND_UNIX_DATAGRAM,
    KIND_UNIX_STREAM,
    KIND_UDP,
    KIND_TCP,
} Kind;

static const char *const prefixes[] = {"unix-dgram:", "unix-stream:", "udp:", "tcp:"};

struct _OmenSyslogSource {
    OmenSource parent_instance;

    Kind kind;
    char *path; /* of a UNIX socket */
    GSocketAddress *address;
    GSocket *socket;
    GSource *socket_source;
    GPtrArray *connections;
    guint retry_source;
    char *buffer;
};

G_DEFINE_FINAL_TYPE(OmenSyslogSource, omen_syslog_source, OMEN_TYPE_SOURCE)

/* A peer of a stream socket. */
typedef struct {
    OmenSyslogSource *owner; /* not owned: it owns this */
    GSocket *socket;
    GSource *source;
    OmenSyslogFraming framing;
    gint64 heard_us; /* monotonic */
} Connection;

static void
connection_free(gpointer data)
{
    Connection *self = data;

    g_source_destroy(self->source);
    g_source_unref(self->source);
    g_socket_close(self->socket, NULL);
    g_object_unref(self->socket);
    omen_syslog_framing_clear(&self->framing);
    g_free(self);
}

static void
take_message(const char *message, gsize length, gpointer user_data)
{
    OmenLineContext context = {.now_us = g_get_real_time()};
    OmenRecord record = {0};

    while (length > 0 && (message[length - 1] == '\n' || message[length - 1] == '\r' ||
                          message[length - 1] == '\0'))
        length--;
    if (length == 0)
        return;
    omen_line_format_parse(OMEN_LINE_FORMAT_AUTO, &context, message, length, &record);
    /* A message's own line feeds are not the ends of records. */
    omen_source_emit(OMEN_SOURCE(user_data), &record);
}

static void
close_socket(OmenSyslogSource *self)
{
    if (self->socket_source) {
        g_source_destroy(self->socket_source);
        g_clear_pointer(&self->socket_source, g_source_unref);
    }
    g_ptr_array_set_size(self->connections, 0);
    if (self->socket) {
        g_socket_close(self->socket, NULL);
        g_clear_object(&self->socket);
        if (self->path)
            g_unlink(self->path);
    }
}

static gboolean
on_datagrams(GSocket *socket, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
    g_autoptr(OmenSyslogSource) self = g_object_ref(user_data);

    for (guint i = 0; i < MAX_READS_A_TURN; i++) {
        gssize length = g_socket_receive(socket, self->buffer, OMEN_SYSLOG_LINE_MAX, NULL, NULL);
        if (length < 0)
            break;
        take_message(self->buffer, (gsize) length, self);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
on_bytes(GSocket *socket, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
    Connection *connection = user_data;
    g_autoptr(OmenSyslogSource) self = g_object_ref(connection->owner);
    g_autoptr(GError) error = NULL;
    guint64 n_cut = connection->framing.n_cut;
    gssize length = g_socket_receive(socket, self->buffer, OMEN_SYSLOG_LINE_MAX, NULL, &error);

    if (length > 0) {
        connection->heard_us = g_get_monotonic_time();
        omen_syslog_framing_feed(&connection->framing, self->buffer, (gsize) length, take_message,
                                 self);
        omen_source_count_dropped(OMEN_SOURCE(self), connection->framing.n_cut - n_cut);
        return G_SOURCE_CONTINUE;
    }
    if (length < 0 && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return G_SOURCE_CONTINUE;
    /* The last line of a stream may lack its line feed. */
    if (connection->framing.pending->len > 0)
        omen_syslog_framing_feed(&connection->framing, "\n", 1, take_message, self);
    g_ptr_array_remove_fast(self->connections, connection);
    return G_SOURCE_REMOVE;
}

/* A crowd that says nothing keeps nobody out: who was silent for the longest leaves, and a log
 * service comes back. */
static void
make_room(OmenSyslogSource *self)
{
    Connection *silent = g_ptr_array_index(self->connections, 0);

    for (guint i = 1; i < self->connections->len; i++) {
        Connection *one = g_ptr_array_index(self->connections, i);
        if (one->heard_us < silent->heard_us)
            silent = one;
    }
    g_ptr_array_remove_fast(self->connections, silent);
    omen_source_count_dropped(OMEN_SOURCE(self), 1);
}

static gboolean
on_connection(GSocket *socket, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
    OmenSyslogSource *self = user_data;
    g_autoptr(GSocket) peer = g_socket_accept(socket, NULL, NULL);
    Connection *connection;

    if (!peer)
        return G_SOURCE_CONTINUE;
    if (self->connections->len >= OMEN_SYSLOG_MAX_CONNECTIONS)
        make_room(self);
    g_socket_set_blocking(peer, FALSE);
    connection = g_new0(Connection, 1);
    connection->heard_us = g_get_monotonic_time();
    connection->owner = self;
    connection->socket = g_steal_pointer(&peer);
    omen_syslog_framing_init(&connection->framing, OMEN_SYSLOG_LINE_MAX);
    connection->source = g_socket_create_source(connection->socket, G_IO_IN | G_IO_HUP, NULL);
    g_source_set_callback(connection->source, G_SOURCE_FUNC(on_bytes), connection, NULL);
    g_source_attach(connection->source, g_main_context_get_thread_default());
    g_ptr_array_add(self->connections, connection);
    return G_SOURCE_CONTINUE;
}

/* A socket that a dead daemon left behind; anything else at its place is not ours to remove. */
static gboolean
clear_path(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    struct stat status;

    g_mkdir_with_parents(folder, 0755);
    if (lstat(path, &status) < 0)
        return TRUE;
    if (!S_ISSOCK(status.st_mode)) {
        g_set_error(error, OMEN_SOURCE_ERROR, OMEN_SOURCE_ERROR_UNAVAILABLE,
                    "%s is in the way, and is not a socket; move it or choose another path", path);
        return FALSE;
    }
    return g_unlink(path) == 0;
}

static gboolean
is_stream(const OmenSyslogSource *self)
{
    return self->kind == KIND_UNIX_STREAM || self->kind == KIND_TCP;
}

static GSocket *
open_socket(OmenSyslogSource *self, GError **error)
{
    g_autoptr(GSocket) socket =
        g_socket_new(g_socket_address_get_family(self->address),
                     is_stream(self) ? G_SOCKET_TYPE_STREAM : G_SOCKET_TYPE_DATAGRAM,
                     G_SOCKET_PROTOCOL_DEFAULT, error);

    if (!socket || (self->path && !clear_path(self->path, error)))
        return NULL;
    /* Before it has a name, so that at no moment others may write to it; for the group, whatever
     * the umask, once it has one. */
    if (self->path)
        fchmod(g_socket_get_fd(socket), SOCKET_PERMISSIONS);
    if (!g_socket_bind(socket, self->address, TRUE, error))
        return NULL;
    if (self->path)
        g_chmod(self->path, SOCKET_PERMISSIONS);
    g_socket_set_option(socket, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, NULL);
    if (is_stream(self) && !g_socket_listen(socket, error))
        return NULL;
    g_socket_set_blocking(socket, FALSE);
    return g_steal_pointer(&socket);
}

static gboolean try_open(gpointer user_data);

static void
retry_later(OmenSyslogSource *self)
{
    if (!self->retry_source)
        self->retry_source = g_timeout_add_seconds(RETRY_S, try_open, self);
}

static gboolean
try_open(gpointer user_data)
{
    OmenSyslogSource *self = user_data;
    g_autoptr(GError) error = NULL;

    self->retry_source = 0;
    self->socket = open_socket(self, &error);
    if (!self->socket) {
        omen_source_set_problem(OMEN_SOURCE(self), error ? error->message : "cannot be opened");
        retry_later(self);
        return G_SOURCE_REMOVE;
    }
    omen_source_set_problem(OMEN_SOURCE(self), NULL);
    self->socket_source = g_socket_create_source(self->socket, G_IO_IN, NULL);
    g_source_set_callback(self->socket_source,
                          G_SOURCE_FUNC(is_stream(self) ? on_connection : on_datagrams), self,
                          NULL);
    g_source_attach(self->socket_source, g_main_context_get_thread_default());
    return G_SOURCE_REMOVE;
}

static void
omen_syslog_source_start(OmenSource *source)
{
    try_open(source);
}

static void
omen_syslog_source_stop(OmenSource *source)
{
    OmenSyslogSource *self = OMEN_SYSLOG_SOURCE(source);

    g_clear_handle_id(&self->retry_source, g_source_remove);
    close_socket(self);
}

static void
omen_syslog_source_finalize(GObject *object)
{
    OmenSyslogSource *self = OMEN_SYSLOG_SOURCE(object);

    g_clear_handle_id(&self->retry_source, g_source_remove);
    close_socket(self);
    g_ptr_array_unref(self->connections);
    g_clear_object(&self->address);
    g_free(self->path);
    g_free(self->buffer);
    G_OBJECT_CLASS(omen_syslog_source_parent_class)->finalize(object);
}

static void
omen_syslog_source_class_init(OmenSyslogSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_syslog_source_finalize;
    source_class->start = omen_syslog_source_start;
    source_class->stop = omen_syslog_source_stop;
}

static void
omen_syslog_source_init(OmenSyslogSource *self)
{
    self->connections = g_ptr_array_new_with_free_func(connection_free);
    self->buffer = g_malloc(OMEN_SYSLOG_LINE_MAX);
}

/* "ADDRESS:PORT", with [] around an IPv6 address. */
static GSocketAddress *
parse_inet(const char *text)
{
    const char *colon = strrchr(text, ':');
    g_autofree char *host = NULL;
    guint64 port;

    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL))
        return NULL;
    host = g_strndup(text, (gsize) (colon - text));
    if (*host == '[' && g_str_has_suffix(host, "]")) {
        memmove(host, host + 1, strlen(host));
        host[strlen(host) - 1] = '\0';
    }
    return g_inet_socket_address_new_from_string(host, (guint) port);
}

OmenSource *
omen_syslog_source_new(const char *address, GError **error)
{
    g_autofree char *name = g_strconcat("syslog:", address, NULL);
    g_autoptr(OmenSyslogSource) self = g_object_new(OMEN_TYPE_SYSLOG_SOURCE, "name", name,
                                                    "provenance", (int) OMEN_PROVENANCE_HOST, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        const char *rest = address + strlen(prefixes[i]);
        if (!g_str_has_prefix(address, prefixes[i]))
            continue;
        self->kind = (Kind) i;
        if (self->kind == KIND_UDP || self->kind == KIND_TCP) {
            self->address = parse_inet(rest);
        } else if (g_path_is_absolute(rest)) {
            self->path = g_strdup(rest);
            self->address = g_unix_socket_address_new(rest);
        }
    }
    if (!self->address) {
        g_set_error(
            error, OMEN_SOURCE_ERROR, OMEN_SOURCE_ERROR_INVALID,
            "[sources] syslog_sockets: \"%s\" is not a socket; allowed are unix-dgram:/PATH, "
            "unix-stream:/PATH, udp:ADDRESS:PORT, tcp:ADDRESS:PORT",
            address);
        return NULL;
    }
    return OMEN_SOURCE(g_steal_pointer(&self));
}

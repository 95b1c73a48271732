/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/metrics-server.h"

#include "metrics/openmetrics.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>

#define DEADLINE_S  10
#define PAGE_AGE_US G_USEC_PER_SEC
#define UNIX_MODE   0660

G_DEFINE_QUARK(omen - metrics - error - quark, omen_metrics_error)

/* One connection: one request, within a deadline. */
typedef struct {
    OmenMetricsServer *server;     /* owned */
    GSocketConnection *connection; /* borrowed: it is told when it goes */
    guint deadline;
} Peer;

struct _OmenMetricsServer {
    GObject parent_instance;

    OmenMetricsFunc function;
    gpointer user_data;
    SoupServer *server;
    GSocketService *service;
    GPtrArray *unix_paths; /* taken away at the end */
    GBytes *page;
    gint64 page_time_us;
    GQueue peers; /* Peer that is not cut off: the oldest first */
};

G_DEFINE_FINAL_TYPE(OmenMetricsServer, omen_metrics_server, G_TYPE_OBJECT)

static void
omen_metrics_server_dispose(GObject *object)
{
    OmenMetricsServer *self = OMEN_METRICS_SERVER(object);

    if (self->service) {
        g_signal_handlers_disconnect_by_data(self->service, self);
        g_socket_service_stop(self->service);
        g_socket_listener_close(G_SOCKET_LISTENER(self->service));
    }
    if (self->server)
        soup_server_disconnect(self->server);
    for (guint i = 0; self->unix_paths && i < self->unix_paths->len; i++)
        g_unlink(g_ptr_array_index(self->unix_paths, i));
    g_clear_object(&self->service);
    g_clear_object(&self->server);
    g_clear_pointer(&self->unix_paths, g_ptr_array_unref);
    g_clear_pointer(&self->page, g_bytes_unref);
    G_OBJECT_CLASS(omen_metrics_server_parent_class)->dispose(object);
}

static void
omen_metrics_server_class_init(OmenMetricsServerClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_metrics_server_dispose;
}

/* Makes the page unless the last one is fresh. Borrowed. */
static GBytes *
ensure_page(OmenMetricsServer *self)
{
    gint64 now_us = g_get_monotonic_time();
    gsize length;
    char *text;

    if (self->page && now_us - self->page_time_us < PAGE_AGE_US)
        return self->page;
    g_clear_pointer(&self->page, g_bytes_unref);
    text = self->function(&length, self->user_data);
    self->page = g_bytes_new_take(text, length);
    self->page_time_us = now_us;
    return self->page;
}

/* A page of the web can have its own name point here, and a browser on this host read for it: only
 * what has no name but this host's is answered on loopback. */
static gboolean
is_host_good(SoupServerMessage *message)
{
    GSocketAddress *local = soup_server_message_get_local_address(message);
    const char *host =
        soup_message_headers_get_one(soup_server_message_get_request_headers(message), "Host");
    g_autofree char *uri = host ? g_strconcat("http://", host, "/", NULL) : NULL;
    g_autoptr(GUri) parsed = uri ? g_uri_parse(uri, G_URI_FLAGS_NONE, NULL) : NULL;
    const char *name = parsed ? g_uri_get_host(parsed) : NULL;

    if (!host || !G_IS_INET_SOCKET_ADDRESS(local) ||
        !g_inet_address_get_is_loopback(
            g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(local))))
        return TRUE;
    return name && (g_hostname_is_ip_address(name) || g_ascii_strcasecmp(name, "localhost") == 0 ||
                    g_ascii_strcasecmp(name, g_get_host_name()) == 0);
}

/* Nothing is to be sent here: a body is never kept, and answered by a refusal. */
static void
on_early(SoupServer *server G_GNUC_UNUSED,
         SoupServerMessage *message,
         const char *path G_GNUC_UNUSED,
         GHashTable *query G_GNUC_UNUSED,
         gpointer user_data G_GNUC_UNUSED)
{
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const char *method = soup_server_message_get_method(message);
    gboolean has_body = soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CHUNKED ||
                        soup_message_headers_get_content_length(headers) > 0;

    soup_message_headers_replace(soup_server_message_get_response_headers(message), "Connection",
                                 "close");
    if (!is_host_good(message)) {
        soup_server_message_set_status(message, SOUP_STATUS_MISDIRECTED_REQUEST, NULL);
        return;
    }
    if (!has_body && (g_str_equal(method, "GET") || g_str_equal(method, "HEAD")))
        return;
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    soup_server_message_set_status(message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
}

static void
on_request(SoupServer *server G_GNUC_UNUSED,
           SoupServerMessage *message,
           const char *path,
           GHashTable *query G_GNUC_UNUSED,
           gpointer user_data)
{
    OmenMetricsServer *self = user_data;
    static const char hint[] = "virt-omend's metrics are at /metrics\n";

    if (!g_str_equal(path, "/metrics")) {
        soup_server_message_set_status(message, SOUP_STATUS_NOT_FOUND, NULL);
        soup_server_message_set_response(message, "text/plain; charset=utf-8", SOUP_MEMORY_STATIC,
                                         hint, strlen(hint));
        return;
    }
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    soup_message_headers_set_content_type(headers, "application/openmetrics-text", NULL);
    soup_message_headers_replace(headers, "Content-Type", OMEN_OPENMETRICS_CONTENT_TYPE);
    soup_message_body_append_bytes(soup_server_message_get_response_body(message),
                                   ensure_page(self));
    soup_server_message_set_status(message, SOUP_STATUS_OK, NULL);
}

static void
on_connection_gone(gpointer user_data, GObject *connection)
{
    Peer *peer = user_data;
    OmenMetricsServer *self = peer->server;

    g_queue_remove(&self->peers, peer);
    g_source_remove(peer->deadline);
    g_free(peer);
    g_object_unref(self);
}

/* libsoup then sees an end, and lets the connection go. */
static void
cut_off(Peer *peer)
{
    g_queue_remove(&peer->server->peers, peer);
    g_socket_shutdown(g_socket_connection_get_socket(peer->connection), TRUE, TRUE, NULL);
}

static gboolean
on_deadline(gpointer user_data)
{
    cut_off(user_data);
    return G_SOURCE_CONTINUE; /* until it is gone */
}

static void
follow(OmenMetricsServer *self, GSocketConnection *connection)
{
    Peer *peer = g_new0(Peer, 1);

    peer->server = g_object_ref(self);
    peer->connection = connection;
    peer->deadline = g_timeout_add_seconds(DEADLINE_S, on_deadline, peer);
    g_queue_push_tail(&self->peers, peer);
    g_object_weak_ref(G_OBJECT(connection), on_connection_gone, peer);
}

static gboolean
on_incoming(GSocketService *service G_GNUC_UNUSED,
            GSocketConnection *connection,
            GObject *source G_GNUC_UNUSED,
            gpointer user_data)
{
    OmenMetricsServer *self = user_data;
    g_autoptr(GSocketAddress) local = g_socket_connection_get_local_address(connection, NULL);
    g_autoptr(GSocketAddress) remote = g_socket_connection_get_remote_address(connection, NULL);
    g_autoptr(GError) error = NULL;

    /* Whoever asks is served within a moment: the oldest is the one that holds a place for nothing.
     */
    if (g_queue_get_length(&self->peers) >= OMEN_METRICS_MAX_CONNECTIONS)
        cut_off(g_queue_peek_head(&self->peers));
    if (!soup_server_accept_iostream(self->server, G_IO_STREAM(connection), local, remote,
                                     &error)) {
        g_debug("metrics: %s", error->message);
        return TRUE;
    }
    follow(self, connection);
    return TRUE;
}

static void
omen_metrics_server_init(OmenMetricsServer *self)
{
    self->unix_paths = g_ptr_array_new_with_free_func(g_free);
    self->server = soup_server_new("server-header", "virt-omend", NULL);
    soup_server_add_early_handler(self->server, NULL, on_early, self, NULL);
    soup_server_add_handler(self->server, NULL, on_request, self, NULL);
    self->service = g_socket_service_new();
    g_signal_connect(self->service, "incoming", G_CALLBACK(on_incoming), self);
}

OmenMetricsServer *
omen_metrics_server_new(OmenMetricsFunc function, gpointer user_data)
{
    OmenMetricsServer *self = g_object_new(OMEN_TYPE_METRICS_SERVER, NULL);

    self->function = function;
    self->user_data = user_data;
    return self;
}

/* (transfer full): NULL if @address is none. */
static GSocketAddress *
parse_tcp(const char *address)
{
    const char *colon = strrchr(address, ':');
    g_autofree char *host = colon ? g_strndup(address, (gsize) (colon - address)) : NULL;
    guint64 port;
    gsize length;

    if (!host || !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL))
        return NULL;
    length = strlen(host);
    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
    return g_inet_socket_address_new_from_string(host, (guint) port);
}

static GSocketAddress *
parse_address(OmenMetricsServer *self, const char *address)
{
    if (g_str_has_prefix(address, "tcp:"))
        return parse_tcp(address + strlen("tcp:"));
    if (!g_str_has_prefix(address, "unix:/"))
        return NULL;
    const char *path = address + strlen("unix:");
    /* What an earlier life left behind. */
    g_unlink(path);
    g_ptr_array_add(self->unix_paths, g_strdup(path));
    return g_unix_socket_address_new(path);
}

gboolean
omen_metrics_server_listen(OmenMetricsServer *self, const char *address, GError **error)
{
    g_autoptr(GSocketAddress) parsed = parse_address(self, address);
    g_autoptr(GError) local = NULL;

    if (!parsed) {
        g_set_error(
            error, OMEN_METRICS_ERROR, OMEN_METRICS_ERROR_INVALID,
            "metrics: \"%s\" is not a valid address; example: tcp:127.0.0.1:9861 or unix:PATH",
            address);
        return FALSE;
    }
    if (!g_socket_listener_add_address(G_SOCKET_LISTENER(self->service), parsed,
                                       G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL,
                                       &local)) {
        g_set_error(error, OMEN_METRICS_ERROR, OMEN_METRICS_ERROR_LISTEN,
                    "metrics are not served at %s: %s; [metrics] listen= names another address",
                    address, local->message);
        return FALSE;
    }
    if (g_str_has_prefix(address, "unix:"))
        g_chmod(address + strlen("unix:"), UNIX_MODE);
    return TRUE;
}

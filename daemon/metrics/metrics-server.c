/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/metrics-server.h"

#include "metrics/openmetrics.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>

#define PEER_TIMEOUT_S 30
#define PAGE_AGE_US    G_USEC_PER_SEC
#define UNIX_MODE      0660

G_DEFINE_QUARK(omen - metrics - error - quark, omen_metrics_error)

struct _OmenMetricsServer {
    GObject parent_instance;

    OmenMetricsFunc function;
    gpointer user_data;
    SoupServer *server;
    GSocketService *service;
    GPtrArray *unix_paths; /* taken away at the end */
    GBytes *page;
    gint64 page_time_us;
    guint n_connections;
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

    if (!has_body && (g_str_equal(method, "GET") || g_str_equal(method, "HEAD")))
        return;
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    soup_message_headers_replace(soup_server_message_get_response_headers(message), "Connection",
                                 "close");
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
on_connection_gone(gpointer user_data, GObject *connection G_GNUC_UNUSED)
{
    OmenMetricsServer *self = user_data;

    self->n_connections--;
    g_object_unref(self);
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

    if (self->n_connections >= OMEN_METRICS_MAX_CONNECTIONS)
        return TRUE; /* dropped, and so closed */
    g_socket_set_timeout(g_socket_connection_get_socket(connection), PEER_TIMEOUT_S);
    if (!soup_server_accept_iostream(self->server, G_IO_STREAM(connection), local, remote,
                                     &error)) {
        g_debug("metrics: %s", error->message);
        return TRUE;
    }
    self->n_connections++;
    g_object_weak_ref(G_OBJECT(connection), on_connection_gone, g_object_ref(self));
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
        g_set_error(error, OMEN_METRICS_ERROR, OMEN_METRICS_ERROR_INVALID,
                    "metrics: \"%s\" is no address; say tcp:127.0.0.1:9861 or unix:PATH", address);
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

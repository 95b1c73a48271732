/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile-server.h"

#include <string.h>

#define N_THREADS 4

struct _HostileServer {
    HostileKind kind;
    GSocketService *service;
    guint port;
    int n_posts;
    int n_others;
    int is_ending;
};

static gboolean
write_text(GOutputStream *out, const char *text)
{
    return g_output_stream_write_all(out, text, strlen(text), NULL, NULL, NULL);
}

static void
repeat(HostileServer *self, GOutputStream *out, const char *text, guint pause_us)
{
    while (!g_atomic_int_get(&self->is_ending) && write_text(out, text)) {
        if (pause_us)
            g_usleep(pause_us);
    }
}

static void
answer(HostileServer *self, GOutputStream *out, gboolean is_post)
{
    g_autofree char *many = g_strnfill(65536, 'x');
    g_autoptr(GString) continues = g_string_new(NULL);

    for (guint i = 0; i < 1000; i++)
        g_string_append(continues, "HTTP/1.1 100 Continue\r\n\r\n");
    if (self->kind == HOSTILE_REDIRECTS && is_post) {
        write_text(out, "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
    } else if (self->kind == HOSTILE_REDIRECTS) {
        write_text(out, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    } else if (self->kind == HOSTILE_CONTINUES) {
        repeat(self, out, continues->str, 0);
    } else if (self->kind == HOSTILE_DRIPS) {
        write_text(out, "HTTP/1.1 200 OK\r\nX: ");
        repeat(self, out, "x", 100000);
    } else {
        write_text(out, "HTTP/1.1 200 OK\r\n\r\n");
        repeat(self, out, many, 0);
    }
}

/* Requests are small and come in one piece here. */
static gboolean
on_run(GThreadedSocketService *service G_GNUC_UNUSED,
       GSocketConnection *connection,
       GObject *source G_GNUC_UNUSED,
       gpointer user_data)
{
    HostileServer *self = user_data;
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(connection));
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
    char request[65536];

    while (!g_atomic_int_get(&self->is_ending) &&
           g_input_stream_read(in, request, sizeof request, NULL, NULL) > 0) {
        gboolean is_post = strncmp(request, "POST ", 5) == 0;
        gboolean is_get = strncmp(request, "GET ", 4) == 0;
        if (!is_post && !is_get)
            continue; /* the body of a request */
        g_atomic_int_inc(is_post ? &self->n_posts : &self->n_others);
        answer(self, out, is_post);
    }
    return TRUE;
}

HostileServer *
hostile_server_new(HostileKind kind)
{
    HostileServer *self = g_new0(HostileServer, 1);
    g_autoptr(GError) error = NULL;

    self->kind = kind;
    self->service = g_threaded_socket_service_new(N_THREADS);
    self->port =
        g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(self->service), NULL, &error);
    g_assert_no_error(error);
    g_signal_connect(self->service, "run", G_CALLBACK(on_run), self);
    return self;
}

/* Its threads end with the process: they may sit in a read. */
void
hostile_server_free(HostileServer *self)
{
    g_atomic_int_set(&self->is_ending, TRUE);
    g_socket_service_stop(self->service);
    g_socket_listener_close(G_SOCKET_LISTENER(self->service));
}

guint
hostile_server_get_port(const HostileServer *self)
{
    return self->port;
}

int
hostile_server_get_n_posts(HostileServer *self)
{
    return g_atomic_int_get(&self->n_posts);
}

int
hostile_server_get_n_others(HostileServer *self)
{
    return g_atomic_int_get(&self->n_others);
}

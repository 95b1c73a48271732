/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The endpoint as a client meets it: over a Unix socket, raw. */
#include "metrics/metrics-server.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

typedef struct {
    char *directory;
    char *path;
    OmenMetricsServer *server;
    guint n_pages;
    guint tcp_port; /* 0: the Unix socket is used */
} Fixture;

static char *
make_page(gsize *length, gpointer user_data)
{
    Fixture *self = user_data;
    char *text = g_strdup("a 1\n# EOF\n");

    self->n_pages++;
    *length = strlen(text);
    return text;
}

static void
set_up(Fixture *self, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *address = NULL;
    g_autoptr(GError) error = NULL;

    self->directory = g_dir_make_tmp("omen-metrics-XXXXXX", NULL);
    self->path = g_build_filename(self->directory, "socket", NULL);
    self->server = omen_metrics_server_new(make_page, self);
    address = g_strconcat("unix:", self->path, NULL);
    omen_metrics_server_listen(self->server, address, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *self, gconstpointer data G_GNUC_UNUSED)
{
    g_clear_object(&self->server);
    for (guint i = 0; i < 10; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_false(g_file_test(self->path, G_FILE_TEST_EXISTS));
    g_rmdir(self->directory);
    g_free(self->directory);
    g_free(self->path);
}

static GSocketConnection *
connect_to(Fixture *self)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address =
        self->tcp_port ? g_inet_socket_address_new_from_string("127.0.0.1", self->tcp_port)
                       : g_unix_socket_address_new(self->path);
    g_autoptr(GError) error = NULL;
    GSocketConnection *connection =
        g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, &error);

    g_assert_no_error(error);
    return connection;
}

typedef struct {
    char buffer[4096];
    gssize length;
    gboolean done;
} Answer;

static void
on_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Answer *answer = user_data;
    gsize length = 0;

    g_input_stream_read_all_finish(G_INPUT_STREAM(source), result, &length, NULL);
    answer->length = (gssize) length;
    answer->done = TRUE;
}

/* What comes back until the peer closes. */
static void
ask(Fixture *self, const char *request, Answer *answer)
{
    g_autoptr(GSocketConnection) connection = connect_to(self);

    *answer = (Answer){0};
    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)), request,
                              strlen(request), NULL, NULL, NULL);
    g_input_stream_read_all_async(g_io_stream_get_input_stream(G_IO_STREAM(connection)),
                                  answer->buffer, sizeof answer->buffer - 1, 0, NULL, on_read,
                                  answer);
    while (!answer->done)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_get(Fixture *self, gconstpointer data G_GNUC_UNUSED)
{
    Answer answer;

    ask(self, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
    g_assert_true(g_str_has_prefix(answer.buffer, "HTTP/1.1 200"));
    g_assert_nonnull(
        strstr(answer.buffer, "Content-Type: application/openmetrics-text; version=1.0.0"));
    g_assert_true(g_str_has_suffix(answer.buffer, "\r\n\r\na 1\n# EOF\n"));
    /* A second one within the second gets the same page. */
    ask(self, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
    g_assert_cmpuint(self->n_pages, ==, 1);
    ask(self, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
    g_assert_true(g_str_has_prefix(answer.buffer, "HTTP/1.1 404"));
}

static void
test_refused(Fixture *self, gconstpointer data G_GNUC_UNUSED)
{
    Answer answer;

    ask(self,
        "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\n"
        "123456789",
        &answer);
    g_assert_true(g_str_has_prefix(answer.buffer, "HTTP/1.1 405"));
    ask(self, "DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
    g_assert_true(g_str_has_prefix(answer.buffer, "HTTP/1.1 405"));
    g_assert_cmpuint(self->n_pages, ==, 0);
}

/* Peers that say nothing, or one byte at a time, hold no place against one that asks. */
static void
test_crowd(Fixture *self, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) silent = g_ptr_array_new_with_free_func(g_object_unref);
    Answer answer;

    for (guint i = 0; i < 4 * OMEN_METRICS_MAX_CONNECTIONS; i++) {
        GSocketConnection *connection = connect_to(self);
        g_output_stream_write(g_io_stream_get_output_stream(G_IO_STREAM(connection)), "GET", 3,
                              NULL, NULL);
        g_ptr_array_add(silent, connection);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        if (i % 16 == 15) {
            ask(self, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", &answer);
            g_assert_true(g_str_has_prefix(answer.buffer, "HTTP/1.1 200"));
        }
    }
}

/* (transfer full): "tcp:127.0.0.1:PORT" that is free. */
static char *
find_tcp_address(guint *port)
{
    g_autoptr(GSocketListener) listener = g_socket_listener_new();

    *port = g_socket_listener_add_any_inet_port(listener, NULL, NULL);
    g_socket_listener_close(listener);
    return g_strdup_printf("tcp:127.0.0.1:%u", *port);
}

/* A name of the web's that was made to point here. */
static void
test_rebinding(Fixture *self, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        const char *host;
        gboolean is_good;
    } cases[] = {{"127.0.0.1:9861", TRUE},
                 {"[::1]:9861", TRUE},
                 {"localhost", TRUE},
                 {"evil.example", FALSE},
                 {"127.0.0.1.evil.example", FALSE},
                 {"localhost@evil", FALSE},
                 {"", FALSE}};
    g_autoptr(GError) error = NULL;
    guint port;
    g_autofree char *address = find_tcp_address(&port);

    omen_metrics_server_listen(self->server, address, &error);
    g_assert_no_error(error);
    self->tcp_port = port;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *request =
            g_strdup_printf("GET /metrics HTTP/1.1\r\nHost: %s\r\n\r\n", cases[i].host);
        Answer answer;
        ask(self, request, &answer);
        g_test_message("%s: %.15s", cases[i].host, answer.buffer);
        g_assert_cmpint(g_str_has_prefix(answer.buffer, "HTTP/1.1 200"), ==, cases[i].is_good);
        g_assert_cmpint(strstr(answer.buffer, "# EOF") != NULL, ==, cases[i].is_good);
    }
}

static void
test_addresses(void)
{
    g_autoptr(OmenMetricsServer) server = omen_metrics_server_new(make_page, NULL);
    static const char *const bad[] = {"127.0.0.1:9861",
                                      "tcp:localhost:9861",
                                      "tcp:127.0.0.1:0",
                                      "tcp:127.0.0.1:99999",
                                      "unix:relative",
                                      "tcp:",
                                      ""};

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(omen_metrics_server_listen(server, bad[i], &error));
        g_assert_error(error, OMEN_METRICS_ERROR, OMEN_METRICS_ERROR_INVALID);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/metrics-server/get", Fixture, NULL, set_up, test_get, tear_down);
    g_test_add("/metrics-server/refused", Fixture, NULL, set_up, test_refused, tear_down);
    g_test_add("/metrics-server/crowd", Fixture, NULL, set_up, test_crowd, tear_down);
    g_test_add("/metrics-server/rebinding", Fixture, NULL, set_up, test_rebinding, tear_down);
    g_test_add_func("/metrics-server/addresses", test_addresses);
    return g_test_run();
}

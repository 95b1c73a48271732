/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client against a server that only llm_ca_file vouches for. */
#include "llm/llm-client.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define GOOD                                                                                       \
    "{\"choices\":[{\"message\":{\"content\":\"{\\\"failure\\\":0.9,\\\"class\\\":\\\"disk\\\","   \
    "\\\"reason\\\":\\\"it dies\\\"}\"}}]}"

typedef struct {
    const char *key_file;
    GTlsCertificate *certificate;
    GSocketService *service;
    char *url;
    char *authorization; /* as the server got it */
} Bench;

/* One request and its answer. FALSE: the client went away before. */
static gboolean
serve(Bench *bench, GIOStream *stream)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 "Connection: close\r\n\r\n" GOOD;
    g_autoptr(GDataInputStream) input =
        g_data_input_stream_new(g_io_stream_get_input_stream(stream));
    guint64 length = 0;
    g_autofree char *body = NULL;

    g_data_input_stream_set_newline_type(input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
    for (;;) {
        g_autofree char *line = g_data_input_stream_read_line(input, NULL, NULL, NULL);
        if (!line)
            return FALSE;
        if (!*line)
            break;
        if (g_ascii_strncasecmp(line, "Authorization: ", strlen("Authorization: ")) == 0)
            bench->authorization = g_strdup(line + strlen("Authorization: "));
        if (g_ascii_strncasecmp(line, "Content-Length: ", strlen("Content-Length: ")) == 0)
            length = g_ascii_strtoull(line + strlen("Content-Length: "), NULL, 10);
    }
    body = g_malloc(length);
    return g_input_stream_read_all(G_INPUT_STREAM(input), body, length, NULL, NULL, NULL) &&
           g_output_stream_write_all(g_io_stream_get_output_stream(stream), answer, strlen(answer),
                                     NULL, NULL, NULL);
}

/* On a thread of the service. */
static gboolean
on_run(GThreadedSocketService *service G_GNUC_UNUSED,
       GSocketConnection *connection,
       GObject *source G_GNUC_UNUSED,
       gpointer user_data)
{
    Bench *bench = user_data;
    g_autoptr(GIOStream) tls =
        g_tls_server_connection_new(G_IO_STREAM(connection), bench->certificate, NULL);

    if (tls && g_tls_connection_handshake(G_TLS_CONNECTION(tls), NULL, NULL) && serve(bench, tls))
        g_io_stream_close(tls, NULL, NULL);
    return TRUE;
}

static void
on_done(GObject *client G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **) user_data = g_object_ref(result);
}

/* (nullable) (transfer full): what comes of a question to it, with @ca_file. */
static OmenLlmAnswer *
ask(const Bench *bench, const char *ca_file, GError **error)
{
    const OmenLlmSettings settings = {.url = bench->url,
                                      .model = (char *) "",
                                      .key_file = (char *) bench->key_file,
                                      .proxy = (char *) "",
                                      .ca_file = (char *) ca_file,
                                      .timeout_s = 5,
                                      .calls_an_hour = 10,
                                      .tokens_an_hour = 10000};
    const OmenEvidence evidence = {.identifier = "kernel", .message = "a line"};
    g_autoptr(OmenLlmQuestion) question = omen_llm_question_new(&evidence);
    g_autoptr(OmenLlmClient) client = omen_llm_client_new(&settings, error);
    g_autoptr(GAsyncResult) result = NULL;

    if (!client)
        return NULL;
    omen_llm_client_ask_async(client, question, NULL, on_done, &result);
    while (!result)
        g_main_context_iteration(NULL, TRUE);
    return omen_llm_client_ask_finish(client, result, error);
}

static void
set_up(Bench *bench, gconstpointer certificate)
{
    g_autoptr(GError) error = NULL;
    guint16 port;

    bench->certificate = g_tls_certificate_new_from_file(certificate, &error);
    g_assert_no_error(error);
    bench->key_file = "";
    bench->service = g_threaded_socket_service_new(2);
    g_signal_connect(bench->service, "run", G_CALLBACK(on_run), bench);
    port = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(bench->service), NULL, &error);
    g_assert_no_error(error);
    g_socket_service_start(bench->service);
    bench->url = g_strdup_printf("https://127.0.0.1:%d/v1/chat/completions", port);
}

static void
tear_down(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_socket_service_stop(bench->service);
    g_object_unref(bench->service);
    g_object_unref(bench->certificate);
    g_free(bench->url);
    g_free(bench->authorization);
}

/* A server that nobody vouches for learns neither the line nor the key. */
static void
test_unknown(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "omen-tls-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;

    g_close(g_mkstemp(path), NULL);
    g_assert_true(g_file_set_contents(path, "sesame\n", -1, NULL));
    g_chmod(path, 0600);
    bench->key_file = path;
    g_assert_null(ask(bench, "", &error));
    g_assert_error(error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
    g_assert_null(bench->authorization);
    g_unlink(path);
}

static void
test_vouched_for(Bench *bench, gconstpointer certificate)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenLlmAnswer) answer = ask(bench, certificate, &error);

    g_assert_no_error(error);
    g_assert_cmpfloat(answer->probability, ==, 0.9);
}

static void
test_no_authority(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(ask(bench, "/dev/null/none.pem", &error));
    g_assert_error(error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_BAD_SETTING);
}

int
main(int argc, char **argv)
{
    g_autofree char *certificate = NULL;

    g_test_init(&argc, &argv, NULL);
    if (!g_tls_backend_supports_tls(g_tls_backend_get_default())) {
        g_print("1..0 # SKIP GLib has no TLS here: glib-networking is not installed\n");
        return 0;
    }
    g_assert_cmpint(argc, ==, 2);
    certificate = g_canonicalize_filename(argv[1], NULL);
    g_test_add("/llm/tls/unknown", Bench, certificate, set_up, test_unknown, tear_down);
    g_test_add("/llm/tls/vouched-for", Bench, certificate, set_up, test_vouched_for, tear_down);
    g_test_add("/llm/tls/no-authority", Bench, certificate, set_up, test_no_authority, tear_down);
    return g_test_run();
}

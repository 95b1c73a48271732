/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client against a server that only llm_ca_file vouches for. */
#include "llm/llm-client.h"

#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>

#define GOOD                                                                                       \
    "{\"choices\":[{\"message\":{\"content\":\"{\\\"failure\\\":0.9,\\\"class\\\":\\\"disk\\\","   \
    "\\\"reason\\\":\\\"it dies\\\"}\"}}]}"

typedef struct {
    const char *key_file;
    SoupServer *server;
    char *url;
    char *authorization; /* as the server got it */
} Bench;

static void
serve(SoupServer *server G_GNUC_UNUSED,
      SoupServerMessage *message,
      const char *path G_GNUC_UNUSED,
      GHashTable *query G_GNUC_UNUSED,
      gpointer user_data)
{
    Bench *bench = user_data;

    bench->authorization = g_strdup(soup_message_headers_get_one(
        soup_server_message_get_request_headers(message), "Authorization"));
    soup_server_message_set_status(message, 200, NULL);
    soup_server_message_set_response(message, "application/json", SOUP_MEMORY_STATIC, GOOD,
                                     strlen(GOOD));
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
    g_autoptr(GTlsCertificate) own = g_tls_certificate_new_from_file(certificate, &error);
    GSList *uris;

    g_assert_no_error(error);
    bench->key_file = "";
    bench->server = soup_server_new("tls-certificate", own, NULL);
    soup_server_add_handler(bench->server, NULL, serve, bench, NULL);
    g_assert_true(soup_server_listen_local(
        bench->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY | SOUP_SERVER_LISTEN_HTTPS, &error));
    uris = soup_server_get_uris(bench->server);
    bench->url =
        g_strdup_printf("https://127.0.0.1:%d/v1/chat/completions", g_uri_get_port(uris->data));
    g_slist_free_full(uris, (GDestroyNotify) g_uri_unref);
}

static void
tear_down(Bench *bench, gconstpointer certificate G_GNUC_UNUSED)
{
    soup_server_disconnect(bench->server);
    g_object_unref(bench->server);
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

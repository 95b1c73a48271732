/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client and the llm against a real HTTP server that answers well, badly, late or never. */
#include "llm/llm.h"

#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>
#include <sys/prctl.h>

#define GOOD                                                                                       \
    "{\"choices\":[{\"message\":{\"content\":\"{\\\"failure\\\":0.9,\\\"class\\\":\\\"disk\\\","   \
    "\\\"reason\\\":\\\"it dies\\\"}\"}}],\"usage\":{\"total_tokens\":200}}"

typedef struct {
    SoupServer *server;
    char *url;
    const char *mode;
    guint n_requests;
    guint n_with_schema;
    char *authorization;
    GPtrArray *held; /* messages that are never answered */
} Server;

static void
hold(Server *self, SoupServerMessage *message)
{
    soup_server_message_pause(message);
    g_ptr_array_add(self->held, g_object_ref(message));
}

static void
answer(SoupServerMessage *message, guint status, const char *body)
{
    soup_server_message_set_status(message, status, NULL);
    soup_server_message_set_response(message, "application/json", SOUP_MEMORY_COPY, body,
                                     strlen(body));
}

static void
answer_huge(SoupServerMessage *message)
{
    g_autofree char *body = g_strnfill(10 * 1024 * 1024, ' ');

    answer(message, 200, body);
}

static void
close_mid_body(SoupServerMessage *message)
{
    g_autoptr(GIOStream) stream = NULL;
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"choi";

    stream = soup_server_message_steal_connection(message);
    g_output_stream_write_all(g_io_stream_get_output_stream(stream), head, strlen(head), NULL, NULL,
                              NULL);
    g_io_stream_close(stream, NULL, NULL);
}

static void
handle(SoupServer *soup G_GNUC_UNUSED,
       SoupServerMessage *message,
       const char *path G_GNUC_UNUSED,
       GHashTable *query G_GNUC_UNUSED,
       gpointer user_data)
{
    Server *self = user_data;
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    SoupMessageBody *body = soup_server_message_get_request_body(message);
    gboolean with_schema = strstr(body->data, "json_schema") != NULL;

    self->n_requests++;
    self->n_with_schema += with_schema;
    g_free(self->authorization);
    self->authorization = g_strdup(soup_message_headers_get_one(
        soup_server_message_get_request_headers(message), "Authorization"));
    if (g_str_equal(self->mode, "good") || (g_str_equal(self->mode, "no schema") && !with_schema) ||
        (g_str_equal(self->mode, "busy once") && self->n_requests > 1))
        answer(message, 200, GOOD);
    else if (g_str_equal(self->mode, "no schema"))
        answer(message, 400, "{\"error\":\"response_format is not supported\"}");
    else if (g_str_equal(self->mode, "garbage"))
        answer(message, 200, "<html>a proxy's page</html>");
    else if (g_str_equal(self->mode, "huge"))
        answer_huge(message);
    else if (g_str_equal(self->mode, "cut"))
        close_mid_body(message);
    else if (g_str_equal(self->mode, "key"))
        answer(message, 401, "{}");
    else if (g_str_equal(self->mode, "busy once")) {
        soup_message_headers_replace(headers, "Retry-After", "1");
        answer(message, 429, "{}");
    } else if (g_str_equal(self->mode, "busy for long")) {
        soup_message_headers_replace(headers, "Retry-After", "600");
        answer(message, 429, "{}");
    } else if (g_str_equal(self->mode, "elsewhere")) {
        soup_message_headers_replace(headers, "Location", "/other");
        answer(message, 307, "");
    } else if (g_str_equal(self->mode, "broken"))
        answer(message, 503, "{}");
    else
        hold(self, message);
}

static Server *
server_new(const char *mode)
{
    Server *self = g_new0(Server, 1);
    g_autoptr(GError) error = NULL;
    GSList *uris;

    self->mode = mode;
    self->held = g_ptr_array_new_with_free_func(g_object_unref);
    self->server = soup_server_new(NULL, NULL);
    soup_server_add_handler(self->server, NULL, handle, self, NULL);
    g_assert_true(soup_server_listen_local(self->server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error));
    g_assert_no_error(error);
    uris = soup_server_get_uris(self->server);
    self->url =
        g_strdup_printf("http://127.0.0.1:%d/v1/chat/completions", g_uri_get_port(uris->data));
    g_slist_free_full(uris, (GDestroyNotify) g_uri_unref);
    return self;
}

static void
server_free(Server *self)
{
    soup_server_disconnect(self->server);
    g_object_unref(self->server);
    g_ptr_array_unref(self->held);
    g_free(self->authorization);
    g_free(self->url);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_free)

static OmenLlmSettings
settings_of(const Server *server)
{
    return (OmenLlmSettings){.url = server->url,
                             .model = (char *) "test",
                             .key_file = (char *) "",
                             .proxy = (char *) "",
                             .ca_file = (char *) "",
                             .timeout_s = 3,
                             .calls_an_hour = 100,
                             .tokens_an_hour = 100000};
}

typedef struct {
    gboolean ended;
    double probability; /* -1: no answer */
    char reason[200];
    GError *error;
} Outcome;

static void
on_told(const OmenLlmQuestion *question G_GNUC_UNUSED,
        const OmenLlmAnswer *told,
        const GError *error,
        gpointer user_data)
{
    Outcome *outcome = user_data;

    g_assert_false(outcome->ended);
    outcome->ended = TRUE;
    outcome->probability = told ? told->probability : -1;
    g_strlcpy(outcome->reason, told ? told->reason : "", sizeof outcome->reason);
    outcome->error = error ? g_error_copy(error) : NULL;
}

static OmenLlmQuestion *
question_of(const char *line)
{
    const OmenEvidence evidence = {.identifier = "kernel", .message = line};

    return omen_llm_question_new(&evidence);
}

/* Asks, and waits for the end. */
static void
ask(OmenLlm *llm, const char *line, Outcome *outcome)
{
    *outcome = (Outcome){0};
    g_assert_true(omen_llm_ask(llm, question_of(line), on_told, outcome, NULL, &outcome->error));
    while (!outcome->ended)
        g_main_context_iteration(NULL, TRUE);
}

static OmenLlm *
llm_of(const Server *server)
{
    OmenLlmSettings settings = settings_of(server);
    g_autoptr(GError) error = NULL;
    OmenLlm *llm = omen_llm_new(&settings, &error);

    g_assert_no_error(error);
    return llm;
}

static void
test_good(void)
{
    g_autoptr(Server) server = server_new("good");
    g_autoptr(OmenLlm) llm = llm_of(server);
    g_autoptr(OmenLlmQuestion) alike = question_of("disk 7 is odd");
    g_autoptr(OmenLlm) later = llm_of(server);
    g_autofree char *saved = NULL;
    OmenLlmCounts counts;
    Outcome outcome;

    g_assert_null(omen_llm_recall(llm, alike));
    ask(llm, "disk 5 is odd", &outcome);
    g_assert_cmpfloat(outcome.probability, ==, 0.9);
    g_assert_nonnull(omen_llm_recall(llm, alike));
    g_assert_cmpuint(server->n_requests, ==, 1);
    g_assert_cmpuint(server->n_with_schema, ==, 1);
    omen_llm_get_counts(llm, &counts);
    g_assert_cmpuint(counts.n_answered, ==, 1);
    g_assert_cmpuint(counts.n_recalled, ==, 1);
    /* It is known over a restart, and by no other model. */
    saved = omen_llm_save(llm);
    g_assert_nonnull(saved);
    g_assert_null(omen_llm_save(llm));
    g_assert_true(omen_llm_restore(later, saved));
    g_assert_nonnull(omen_llm_recall(later, alike));
    saved[2] ^= 1;
    g_assert_false(omen_llm_restore(later, saved));
    g_assert_false(omen_llm_restore(later, "damaged"));
}

static void
test_two_wait_for_one(void)
{
    g_autoptr(Server) server = server_new("good");
    g_autoptr(OmenLlm) llm = llm_of(server);
    Outcome first = {0};
    Outcome second = {0};

    g_assert_true(omen_llm_ask(llm, question_of("a 1"), on_told, &first, NULL, NULL));
    g_assert_true(omen_llm_ask(llm, question_of("a 2"), on_told, &second, NULL, NULL));
    while (!first.ended || !second.ended)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(server->n_requests, ==, 1);
}

static void
test_without_schema(void)
{
    g_autoptr(Server) server = server_new("no schema");
    g_autoptr(OmenLlm) llm = llm_of(server);
    Outcome outcome;

    ask(llm, "a", &outcome);
    g_assert_cmpfloat(outcome.probability, ==, 0.9);
    g_assert_cmpuint(server->n_requests, ==, 2);
    ask(llm, "b", &outcome);
    g_assert_cmpuint(server->n_requests, ==, 3);
    g_assert_cmpuint(server->n_with_schema, ==, 1);
}

static void
test_busy(void)
{
    g_autoptr(Server) server = server_new("busy once");
    g_autoptr(OmenLlm) llm = llm_of(server);
    gint64 began = g_get_monotonic_time();
    Outcome outcome;

    ask(llm, "a", &outcome);
    g_assert_cmpfloat(outcome.probability, ==, 0.9);
    g_assert_cmpint(g_get_monotonic_time() - began, >=, G_USEC_PER_SEC);
}

/* Who asks for more time than there is, is not waited for, and left alone. */
static void
test_busy_for_long(void)
{
    g_autoptr(Server) server = server_new("busy for long");
    g_autoptr(OmenLlm) llm = llm_of(server);
    gint64 began = g_get_monotonic_time();
    Outcome outcome;

    ask(llm, "a", &outcome);
    g_assert_error(outcome.error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_BUSY);
    g_clear_error(&outcome.error);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 2 * G_USEC_PER_SEC);
    g_assert_false(omen_llm_ask(llm, question_of("b"), on_told, &outcome, NULL, &outcome.error));
    g_assert_error(outcome.error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_OPEN);
    g_clear_error(&outcome.error);
    g_assert_cmpuint(server->n_requests, ==, 1);
}

/* No answer, for that reason, within the time-out. */
static void
check_failure(const char *mode, GQuark domain, int code)
{
    g_autoptr(Server) server = server_new(mode);
    g_autoptr(OmenLlm) llm = llm_of(server);
    g_autoptr(OmenLlmQuestion) question = question_of("a");
    gint64 began = g_get_monotonic_time();
    OmenLlmCounts counts;
    Outcome outcome;

    ask(llm, "a", &outcome);
    g_assert_cmpfloat(outcome.probability, ==, -1);
    if (domain)
        g_assert_error(outcome.error, domain, code);
    g_clear_error(&outcome.error);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 8 * G_USEC_PER_SEC);
    g_assert_null(omen_llm_recall(llm, question));
    omen_llm_get_counts(llm, &counts);
    g_assert_cmpuint(counts.n_failed, ==, 1);
}

static void
test_failures(void)
{
    check_failure("garbage", OMEN_LLM_ERROR, OMEN_LLM_ERROR_BAD_ANSWER);
    check_failure("huge", OMEN_LLM_ERROR, OMEN_LLM_ERROR_BAD_ANSWER);
    check_failure("cut", 0, 0);
    check_failure("key", OMEN_LLM_ERROR, OMEN_LLM_ERROR_REFUSED);
    check_failure("elsewhere", OMEN_LLM_ERROR, OMEN_LLM_ERROR_REFUSED);
    check_failure("broken", OMEN_LLM_ERROR, OMEN_LLM_ERROR_BUSY);
    check_failure("never", G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_nobody_there(void)
{
    g_autoptr(Server) server = server_new("good");
    g_autoptr(OmenLlm) llm = llm_of(server);
    Outcome outcome;

    soup_server_disconnect(server->server);
    ask(llm, "a", &outcome);
    g_assert_error(outcome.error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
    g_clear_error(&outcome.error);
}

static void
count_destroyed(gpointer data)
{
    ++*(guint *) data;
}

static void
never_told(const OmenLlmQuestion *question G_GNUC_UNUSED,
           const OmenLlmAnswer *told G_GNUC_UNUSED,
           const GError *error G_GNUC_UNUSED,
           gpointer user_data G_GNUC_UNUSED)
{
    g_assert_not_reached();
}

static void
test_gone(void)
{
    g_autoptr(Server) server = server_new("never");
    OmenLlm *llm = llm_of(server);
    guint n_destroyed = 0;

    g_assert_true(
        omen_llm_ask(llm, question_of("a"), never_told, &n_destroyed, count_destroyed, NULL));
    while (server->n_requests == 0)
        g_main_context_iteration(NULL, TRUE);
    g_object_unref(llm);
    g_assert_cmpuint(n_destroyed, ==, 1);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
test_limits(void)
{
    guint n = 0;
    guint n_destroyed = 0; /* outlives the llm */
    g_autoptr(Server) server = server_new("never");
    g_autoptr(OmenLlm) llm = llm_of(server);
    g_autoptr(GError) error = NULL;

    while (n < 100 && !error) {
        char line[2] = {(char) ('A' + n), '\0'};
        n++;
        omen_llm_ask(llm, question_of(line), never_told, &n_destroyed, count_destroyed, &error);
    }
    g_assert_error(error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_SPENT);
    g_assert_cmpuint(n, ==, 17);
    g_assert_cmpuint(n_destroyed, ==, 1);
}

/* A server that gives the key back: its words are seen by more than who may see the key. */
static void
test_key_given_back(void)
{
    g_autoptr(Server) server = server_new("good");
    OmenLlmSettings settings = settings_of(server);
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "omen-key-XXXXXX", NULL);
    g_autoptr(OmenLlm) llm = NULL;
    Outcome outcome;

    g_close(g_mkstemp(path), NULL);
    g_assert_true(
        g_file_set_contents_full(path, "it dies", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    settings.key_file = path;
    llm = omen_llm_new(&settings, NULL);
    ask(llm, "a", &outcome);
    g_assert_cmpfloat(outcome.probability, ==, 0.9);
    g_assert_null(strstr(outcome.reason, "it dies"));
    g_unlink(path);
}

static void
test_key_file(void)
{
    g_autoptr(Server) server = server_new("good");
    OmenLlmSettings settings = settings_of(server);
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "omen-key-XXXXXX", NULL);
    g_autoptr(OmenLlm) llm = NULL;
    g_autoptr(GError) error = NULL;
    Outcome outcome;

    g_close(g_mkstemp(path), NULL);
    g_assert_true(g_file_set_contents(path, "sesame\nrest", -1, NULL));
    g_chmod(path, 0644);
    settings.key_file = path;
    g_assert_null(omen_llm_new(&settings, &error));
    g_assert_error(error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_BAD_SETTING);
    g_assert_null(strstr(error->message, "sesame"));
    g_clear_error(&error);
    g_chmod(path, 0600);
    llm = omen_llm_new(&settings, &error);
    g_assert_no_error(error);
    ask(llm, "a", &outcome);
    g_assert_cmpstr(server->authorization, ==, "Bearer sesame");
    settings.url = (char *) "http://192.0.2.1/v1/chat/completions";
    g_assert_null(omen_llm_new(&settings, &error));
    g_assert_error(error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_BAD_SETTING);
    g_unlink(path);
}

/* By systemd's LoadCredential=; and no core dump of who holds it. */
static void
test_credential(void)
{
    g_autoptr(Server) server = server_new("good");
    OmenLlmSettings settings = settings_of(server);
    g_autofree char *folder = g_dir_make_tmp("omen-credentials-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "llm-key", NULL);
    g_autoptr(OmenLlm) without = NULL;
    g_autoptr(OmenLlm) llm = NULL;
    Outcome outcome;

    g_setenv("CREDENTIALS_DIRECTORY", folder, TRUE);
    prctl(PR_SET_DUMPABLE, 1);
    without = omen_llm_new(&settings, NULL);
    g_assert_nonnull(without);
    g_assert_cmpint(prctl(PR_GET_DUMPABLE), ==, 1);
    g_assert_true(
        g_file_set_contents_full(path, "open sesame\n", -1, G_FILE_SET_CONTENTS_NONE, 0400, NULL));
    settings.key_file = (char *) "llm-key";
    llm = omen_llm_new(&settings, NULL);
    ask(llm, "a", &outcome);
    g_assert_cmpstr(server->authorization, ==, "Bearer open sesame");
    g_assert_cmpint(prctl(PR_GET_DUMPABLE), ==, 0);
    settings.url = (char *) "http://192.0.2.1/v1/chat/completions";
    g_assert_null(omen_llm_new(&settings, NULL));
    prctl(PR_SET_DUMPABLE, 1);
    g_unsetenv("CREDENTIALS_DIRECTORY");
    g_unlink(path);
    g_rmdir(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/llm/good", test_good);
    g_test_add_func("/llm/two-wait-for-one", test_two_wait_for_one);
    g_test_add_func("/llm/without-schema", test_without_schema);
    g_test_add_func("/llm/busy", test_busy);
    g_test_add_func("/llm/busy-for-long", test_busy_for_long);
    g_test_add_func("/llm/failures", test_failures);
    g_test_add_func("/llm/nobody-there", test_nobody_there);
    g_test_add_func("/llm/gone", test_gone);
    g_test_add_func("/llm/limits", test_limits);
    g_test_add_func("/llm/key-file", test_key_file);
    g_test_add_func("/llm/credential", test_credential);
    g_test_add_func("/llm/key-given-back", test_key_given_back);
    return g_test_run();
}

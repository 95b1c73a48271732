/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "llm/llm-client.h"

#include "http/http-post.h"
#include "http/secret-file.h"

#include <string.h>

#define MAX_CONNECTIONS 2
#define BEARER          "Bearer "
#define CHUNK           16384
#define FIRST_RETRY_MS  500

struct _OmenLlmClient {
    GObject parent_instance;

    OmenLlmProtocol protocol;
    GUri *url;
    char *model;
    char *authorization; /* (nullable) */
    guint timeout_s;
    gboolean no_schema;   /* the server has refused one */
    gint64 busy_until_us; /* by its own word */
    SoupSession *session;
};

G_DEFINE_FINAL_TYPE(OmenLlmClient, omen_llm_client, G_TYPE_OBJECT)

static void
free_secret(char *text)
{
    explicit_bzero(text, strlen(text));
    g_free(text);
}

static void
omen_llm_client_finalize(GObject *object)
{
    OmenLlmClient *self = OMEN_LLM_CLIENT(object);

    g_clear_object(&self->session);
    g_clear_pointer(&self->url, g_uri_unref);
    g_free(self->model);
    g_clear_pointer(&self->authorization, free_secret);
    G_OBJECT_CLASS(omen_llm_client_parent_class)->finalize(object);
}

static void
omen_llm_client_class_init(OmenLlmClientClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_llm_client_finalize;
}

static void
omen_llm_client_init(OmenLlmClient *self G_GNUC_UNUSED)
{
}

/* ---- settings ---- */

void
omen_llm_settings_init(OmenLlmSettings *self)
{
    *self = (OmenLlmSettings){
        .url = g_strdup(""),
        .model = g_strdup(""),
        .key_file = g_strdup(""),
        .proxy = g_strdup(""),
        .ca_file = g_strdup(""),
        .timeout_s = 10,
        .calls_an_hour = 120,
        .tokens_an_hour = 100000,
    };
}

void
omen_llm_settings_clear(OmenLlmSettings *self)
{
    g_free(self->url);
    g_free(self->model);
    g_free(self->key_file);
    g_free(self->proxy);
    g_free(self->ca_file);
}

static gboolean
refuse(GError **error, const char *setting, const char *why)
{
    g_set_error(error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_BAD_SETTING, "[judge] %s: %s", setting, why);
    return FALSE;
}

static gboolean
take_url(OmenLlmClient *self, const OmenLlmSettings *settings, GError **error)
{
    self->url = g_uri_parse(settings->url, SOUP_HTTP_URI_FLAGS, NULL);
    if (!self->url || !g_uri_get_host(self->url) ||
        (!g_str_equal(g_uri_get_scheme(self->url), "http") &&
         !g_str_equal(g_uri_get_scheme(self->url), "https")))
        return refuse(error, "llm_url", "this is no http or https URL");
    if (self->authorization && !omen_secret_may_go_to(self->url))
        return refuse(error, "llm_url", "a key is only sent by https, or to this machine");
    return TRUE;
}

static gboolean
take_key(OmenLlmClient *self, const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *key = NULL;

    if (!*path)
        return TRUE;
    key = omen_secret_file_read(path, &local);
    if (!key)
        return refuse(error, "llm_key_file", local->message);
    self->authorization = g_strconcat(BEARER, key, NULL);
    explicit_bzero(key, strlen(key));
    return TRUE;
}

static gboolean
take_network(OmenLlmClient *self, const OmenLlmSettings *settings, GError **error)
{
    self->session =
        soup_session_new_with_options("max-conns", MAX_CONNECTIONS, "timeout", settings->timeout_s,
                                      "user-agent", "virt-omend", NULL);
    if (*settings->proxy) {
        g_autoptr(GProxyResolver) resolver = NULL;
        if (!g_uri_is_valid(settings->proxy, G_URI_FLAGS_NONE, NULL))
            return refuse(error, "llm_proxy", "this is no URL");
        resolver = g_simple_proxy_resolver_new(settings->proxy, NULL);
        soup_session_set_proxy_resolver(self->session, resolver);
    }
    if (*settings->ca_file) {
        g_autoptr(GTlsDatabase) trusted = g_tls_file_database_new(settings->ca_file, NULL);
        if (!trusted)
            return refuse(error, "llm_ca_file", "the file holds no certificates in PEM");
        soup_session_set_tls_database(self->session, trusted);
    }
    return TRUE;
}

OmenLlmClient *
omen_llm_client_new(const OmenLlmSettings *settings, GError **error)
{
    g_autoptr(OmenLlmClient) self = g_object_new(OMEN_TYPE_LLM_CLIENT, NULL);

    self->protocol = settings->protocol;
    self->model = g_strdup(settings->model);
    self->timeout_s = MAX(settings->timeout_s, 1);
    if (!take_key(self, settings->key_file, error) || !take_url(self, settings, error) ||
        !take_network(self, settings, error))
        return NULL;
    return g_steal_pointer(&self);
}

/* ---- one question ---- */

/* Belongs to its GTask. */
typedef struct {
    OmenLlmQuestion *question;
    GCancellable *inner; /* ends the request: the caller's wish, or the time-out */
    GCancellable *outer; /* (nullable): the caller's */
    gulong outer_handler;
    guint timer;
    guint retry;
    guint retry_ms;
    gboolean timed_out;
    gboolean with_schema;
    SoupMessage *message;
    GInputStream *stream;
    GByteArray *reply;
} Ask;

static void
ask_free(gpointer data)
{
    Ask *self = data;

    g_clear_handle_id(&self->timer, g_source_remove);
    g_clear_handle_id(&self->retry, g_source_remove);
    if (self->outer_handler)
        g_cancellable_disconnect(self->outer, self->outer_handler);
    g_clear_object(&self->outer);
    g_clear_object(&self->inner);
    g_clear_object(&self->message);
    g_clear_object(&self->stream);
    g_byte_array_unref(self->reply);
    omen_llm_question_free(self->question);
    g_free(self);
}

static void send_question(GTask *task);

static void
fail(GTask *task, GError *error)
{
    Ask *ask = g_task_get_task_data(task);

    g_clear_handle_id(&ask->timer, g_source_remove);
    if (ask->timed_out) {
        g_clear_error(&error);
        error = g_error_new(G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                            "the model did not answer in the time that it is given");
    } else if (g_cancellable_is_cancelled(ask->inner) && !g_cancellable_is_cancelled(ask->outer)) {
        g_clear_error(&error);
        error = g_error_new(OMEN_LLM_ERROR, OMEN_LLM_ERROR_BAD_ANSWER,
                            "the server does not keep to the rules of HTTP");
    }
    g_task_return_error(task, error);
    g_object_unref(task);
}

static gboolean
on_time_out(gpointer user_data)
{
    GTask *task = user_data;
    Ask *ask = g_task_get_task_data(task);

    ask->timer = 0;
    ask->timed_out = TRUE;
    if (ask->retry) {
        g_clear_handle_id(&ask->retry, g_source_remove);
        fail(task, NULL);
    } else {
        g_cancellable_cancel(ask->inner);
    }
    return G_SOURCE_REMOVE;
}

static gboolean
on_retry(gpointer user_data)
{
    Ask *ask = g_task_get_task_data(user_data);

    ask->retry = 0;
    send_question(user_data);
    return G_SOURCE_REMOVE;
}

/* Seconds that the server asks to be left alone, 0 if it does not say. */
static guint
get_retry_after(SoupMessage *message)
{
    const char *word =
        soup_message_headers_get_one(soup_message_get_response_headers(message), "Retry-After");
    guint64 seconds;

    return word && g_ascii_string_to_unsigned(word, 10, 0, 86400, &seconds, NULL) ? (guint) seconds
                                                                                  : 0;
}

/* Once more, later; the time-out ends it in any case, and at once where the server asks for more
 * than that. Takes @error, which is what there is to say should it end meanwhile. */
static void
try_again(GTask *task, GError *error)
{
    OmenLlmClient *self = g_task_get_source_object(task);
    Ask *ask = g_task_get_task_data(task);
    guint rest_s = get_retry_after(ask->message);
    guint wait_ms = MAX(ask->retry_ms, 1000 * rest_s);

    if (rest_s > 0)
        self->busy_until_us = g_get_monotonic_time() + rest_s * (gint64) G_USEC_PER_SEC;
    if (rest_s > self->timeout_s || g_cancellable_is_cancelled(ask->inner)) {
        fail(task, error);
        return;
    }
    g_debug("llm: %s; asked again in %u ms", error->message, wait_ms);
    g_error_free(error);
    ask->retry_ms *= 2;
    ask->retry = g_timeout_add(wait_ms, on_retry, task);
}

/* What a server echoes, others see. */
static void
keep_secret(OmenLlmClient *self, OmenLlmAnswer *answer)
{
    const char *key = self->authorization ? self->authorization + strlen(BEARER) : NULL;

    if (!key || !strstr(answer->reason, key))
        return;
    g_free(answer->reason);
    answer->reason = g_strdup("its words are left out: they held the key");
}

static void
take_reply(GTask *task)
{
    OmenLlmClient *self = g_task_get_source_object(task);
    Ask *ask = g_task_get_task_data(task);
    GError *error = NULL;
    OmenLlmAnswer *answer = omen_llm_answer_parse(self->protocol, (const char *) ask->reply->data,
                                                  ask->reply->len, &error);

    if (!answer) {
        fail(task, error);
        return;
    }
    keep_secret(self, answer);
    g_clear_handle_id(&ask->timer, g_source_remove);
    g_task_return_pointer(task, answer, (GDestroyNotify) omen_llm_answer_free);
    g_object_unref(task);
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Ask *ask = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(GBytes) bytes =
        g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &error);

    if (!bytes) {
        fail(task, error);
        return;
    }
    if (g_bytes_get_size(bytes) == 0) {
        take_reply(task);
        return;
    }
    g_byte_array_append(ask->reply, g_bytes_get_data(bytes, NULL), (guint) g_bytes_get_size(bytes));
    if (ask->reply->len > OMEN_ANSWER_MAX_BYTES) {
        fail(task,
             g_error_new(OMEN_LLM_ERROR, OMEN_LLM_ERROR_BAD_ANSWER,
                         "the server's reply is longer than %u bytes", OMEN_ANSWER_MAX_BYTES));
        return;
    }
    g_input_stream_read_bytes_async(ask->stream, CHUNK, G_PRIORITY_DEFAULT, ask->inner, on_read,
                                    task);
}

static GError *
describe_status(guint status)
{
    if (status == 429 || status >= 500)
        return g_error_new(OMEN_LLM_ERROR, OMEN_LLM_ERROR_BUSY, "the model's server says %u %s",
                           status, soup_status_get_phrase(status));
    return g_error_new(OMEN_LLM_ERROR, OMEN_LLM_ERROR_REFUSED,
                       "the model's server says %u %s; check [judge] llm_url, llm_model and "
                       "llm_key_file",
                       status, soup_status_get_phrase(status));
}

static void
take_status(GTask *task, guint status)
{
    OmenLlmClient *self = g_task_get_source_object(task);
    Ask *ask = g_task_get_task_data(task);
    GError *error = describe_status(status);

    if ((status == 400 || status == 422) && ask->with_schema) {
        g_info("llm: the model's server takes no schema; it is asked without");
        self->no_schema = TRUE;
        g_error_free(error);
        send_question(task);
    } else if (g_error_matches(error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_BUSY)) {
        try_again(task, error);
    } else {
        fail(task, error);
    }
}

static void
on_sent(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Ask *ask = g_task_get_task_data(task);
    GError *error = NULL;
    guint status;

    g_clear_object(&ask->stream);
    ask->stream = soup_session_send_finish(SOUP_SESSION(source), result, &error);
    status = soup_message_get_status(ask->message);
    if (!ask->stream && (ask->timed_out || g_cancellable_is_cancelled(ask->inner) ||
                         g_error_matches(error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE)))
        fail(task, error);
    else if (!ask->stream)
        try_again(task, error);
    else if (status != SOUP_STATUS_OK)
        take_status(task, status);
    else
        g_input_stream_read_bytes_async(ask->stream, CHUNK, G_PRIORITY_DEFAULT, ask->inner, on_read,
                                        task);
}

static void
send_question(GTask *task)
{
    OmenLlmClient *self = g_task_get_source_object(task);
    Ask *ask = g_task_get_task_data(task);
    g_autofree char *body = NULL;
    gsize length;
    g_autoptr(GBytes) bytes = NULL;

    ask->with_schema = !self->no_schema && self->protocol == OMEN_LLM_CHAT;
    body = omen_llm_question_write(ask->question, self->protocol, self->model, ask->with_schema);
    length = strlen(body);
    bytes = g_bytes_new_take(g_steal_pointer(&body), length);
    g_byte_array_set_size(ask->reply, 0);
    g_clear_object(&ask->message);
    ask->message = omen_http_post_new(self->url, bytes, ask->inner);
    if (self->authorization)
        soup_message_headers_replace(soup_message_get_request_headers(ask->message),
                                     "Authorization", self->authorization);
    soup_session_send_async(self->session, ask->message, G_PRIORITY_DEFAULT, ask->inner, on_sent,
                            task);
}

static void
on_outer_cancelled(GCancellable *outer G_GNUC_UNUSED, gpointer inner)
{
    g_cancellable_cancel(inner);
}

void
omen_llm_client_ask_async(OmenLlmClient *self,
                          const OmenLlmQuestion *question,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
    GTask *task = g_task_new(self, cancellable, callback, user_data);
    const OmenEvidence evidence = {.provenance = question->provenance,
                                   .identifier = question->identifier,
                                   .message = question->message};
    Ask *ask = g_new0(Ask, 1);

    g_task_set_source_tag(task, omen_llm_client_ask_async);
    g_task_set_task_data(task, ask, ask_free);
    ask->question = omen_llm_question_new(&evidence);
    ask->reply = g_byte_array_new();
    ask->inner = g_cancellable_new();
    ask->retry_ms = FIRST_RETRY_MS;
    if (cancellable) {
        ask->outer = g_object_ref(cancellable);
        ask->outer_handler = g_cancellable_connect(cancellable, G_CALLBACK(on_outer_cancelled),
                                                   g_object_ref(ask->inner), g_object_unref);
    }
    ask->timer = g_timeout_add_seconds(self->timeout_s, on_time_out, task);
    send_question(task);
}

gint64
omen_llm_client_get_busy_until_us(OmenLlmClient *self)
{
    return self->busy_until_us;
}

OmenLlmAnswer *
omen_llm_client_ask_finish(OmenLlmClient *self G_GNUC_UNUSED, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

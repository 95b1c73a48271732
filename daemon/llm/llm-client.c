/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "llm/llm-client.h"

#include "http/http-call.h"
#include "http/secret-file.h"

#include <string.h>

#define MAX_CONNECTIONS 2
#define BEARER          "Bearer "
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
        return refuse(error, "llm_url", "this is not an http or https URL");
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
    gint64 deadline_us; /* of the monotonic clock */
    guint retry;
    guint retry_ms;
    gboolean with_schema;
} Ask;

static void
ask_free(gpointer data)
{
    Ask *self = data;

    g_clear_handle_id(&self->retry, g_source_remove);
    omen_llm_question_free(self->question);
    g_free(self);
}

static void send_question(GTask *task);

static guint
get_rest_ms(Ask *ask)
{
    return (guint) MAX((ask->deadline_us - g_get_monotonic_time()) / 1000, 0);
}

/* Takes @error. */
static void
fail(GTask *task, GError *error)
{
    g_task_return_error(task, error);
    g_object_unref(task);
}

static gboolean
on_retry(gpointer user_data)
{
    Ask *ask = g_task_get_task_data(user_data);

    ask->retry = 0;
    send_question(user_data);
    return G_SOURCE_REMOVE;
}

/* Once more, later, if there is time for it. @rest_s: how long the server asks to be left alone.
 * Takes
 * @error, which is what there is to say if there is none. */
static void
try_again(GTask *task, guint rest_s, GError *error)
{
    OmenLlmClient *self = g_task_get_source_object(task);
    Ask *ask = g_task_get_task_data(task);
    guint wait_ms = MAX(ask->retry_ms, 1000 * rest_s);

    if (rest_s > 0)
        self->busy_until_us = g_get_monotonic_time() + rest_s * (gint64) G_USEC_PER_SEC;
    if (wait_ms >= get_rest_ms(ask)) {
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
    answer->reason = g_strdup("its text is left out: it contained the key");
}

static void
take_reply(GTask *task, GBytes *reply)
{
    OmenLlmClient *self = g_task_get_source_object(task);
    GError *error = NULL;
    gsize length;
    const char *text = g_bytes_get_data(reply, &length);
    OmenLlmAnswer *answer = omen_llm_answer_parse(self->protocol, text, length, &error);

    if (!answer) {
        fail(task, error);
        return;
    }
    keep_secret(self, answer);
    g_task_return_pointer(task, answer, (GDestroyNotify) omen_llm_answer_free);
    g_object_unref(task);
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
take_status(GTask *task, const OmenHttpAnswer *answer)
{
    OmenLlmClient *self = g_task_get_source_object(task);
    Ask *ask = g_task_get_task_data(task);
    GError *error = describe_status(answer->status);

    if ((answer->status == 400 || answer->status == 422) && ask->with_schema) {
        g_info("llm: the model's server rejects schemas; asking without one");
        self->no_schema = TRUE;
        g_error_free(error);
        send_question(task);
    } else if (g_error_matches(error, OMEN_LLM_ERROR, OMEN_LLM_ERROR_BUSY)) {
        try_again(task, answer->retry_after_s, error);
    } else {
        fail(task, error);
    }
}

static GError *
new_time_out(void)
{
    return g_error_new(G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the model did not answer in time");
}

/* There was no answer. Takes @error. */
static void
take_error(GTask *task, GError *error)
{
    g_prefix_error(&error, "the model's server: ");
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
        g_error_free(error);
        fail(task, new_time_out());
    } else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE) ||
               g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA)) {
        GError *bad =
            g_error_new_literal(OMEN_LLM_ERROR, OMEN_LLM_ERROR_BAD_ANSWER, error->message);
        g_error_free(error);
        fail(task, bad);
    } else if (g_cancellable_is_cancelled(g_task_get_cancellable(task)) ||
               g_error_matches(error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE)) {
        fail(task, error);
    } else {
        try_again(task, 0, error);
    }
}

static void
on_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    GError *error = NULL;
    gboolean was_sent;
    g_autoptr(OmenHttpAnswer) answer =
        omen_http_call_finish(SOUP_SESSION(source), result, &was_sent, &error);

    if (!answer)
        take_error(task, error);
    else if (answer->status == SOUP_STATUS_OK)
        take_reply(task, answer->body);
    else
        take_status(task, answer);
}

static void
send_question(GTask *task)
{
    OmenLlmClient *self = g_task_get_source_object(task);
    Ask *ask = g_task_get_task_data(task);
    g_autofree char *body = NULL;
    g_autoptr(GBytes) bytes = NULL;
    OmenHttpRequest request = {.url = self->url,
                               .authorization = self->authorization,
                               .deadline_ms = get_rest_ms(ask),
                               .max_bytes = OMEN_ANSWER_MAX_BYTES};

    if (request.deadline_ms == 0) {
        fail(task, new_time_out());
        return;
    }
    ask->with_schema = !self->no_schema && self->protocol == OMEN_LLM_CHAT;
    body = omen_llm_question_write(ask->question, self->protocol, self->model, ask->with_schema);
    bytes = g_bytes_new(body, strlen(body));
    request.json = bytes;
    omen_http_call_async(self->session, &request, g_task_get_cancellable(task), on_answer, task);
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
    ask->retry_ms = FIRST_RETRY_MS;
    ask->deadline_us = g_get_monotonic_time() + self->timeout_s * (gint64) G_USEC_PER_SEC;
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

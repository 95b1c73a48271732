/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/webhook.h"

#include "http/http-post.h"

#define SOON_MS      200
#define REFRESH_MS   60000
#define MAX_RETRY_MS 60000
#define TIMEOUT_S    10
#define DEADLINE_S   30

/* Belongs to its callbacks. */
typedef struct {
    OmenWebhook *webhook; /* NULL: it is gone */
    SoupMessage *message;
    GCancellable *cancellable;
    guint deadline;
} Request;

struct _OmenWebhook {
    GObject parent_instance;

    GUri *url;
    OmenWebhookFunc function;
    gpointer user_data;
    SoupSession *session;
    guint source;
    guint retry_ms;
    Request *request;  /* (nullable): the one under way */
    gboolean is_stale; /* something changed while a request was under way */
    guint64 n_failed;
};

G_DEFINE_FINAL_TYPE(OmenWebhook, omen_webhook, G_TYPE_OBJECT)

static void
omen_webhook_dispose(GObject *object)
{
    OmenWebhook *self = OMEN_WEBHOOK(object);

    g_clear_handle_id(&self->source, g_source_remove);
    if (self->request) {
        self->request->webhook = NULL;
        g_cancellable_cancel(self->request->cancellable);
        self->request = NULL;
    }
    g_clear_object(&self->session);
    g_clear_pointer(&self->url, g_uri_unref);
    G_OBJECT_CLASS(omen_webhook_parent_class)->dispose(object);
}

static void
omen_webhook_class_init(OmenWebhookClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_webhook_dispose;
}

static void
omen_webhook_init(OmenWebhook *self)
{
    self->session = soup_session_new_with_options("timeout", TIMEOUT_S, "max-conns", 1,
                                                  "user-agent", "virt-omend", NULL);
    self->retry_ms = 1000;
}

static gboolean post(gpointer user_data);

static void
schedule(OmenWebhook *self, guint delay_ms)
{
    g_clear_handle_id(&self->source, g_source_remove);
    self->source = g_timeout_add(delay_ms, post, self);
}

static void
settle(OmenWebhook *self, const char *problem)
{
    if (problem) {
        /* Said once, until it works again. */
        if (self->retry_ms == 1000)
            g_warning("notify: the webhook failed: %s", problem);
        self->n_failed++;
        schedule(self, self->retry_ms);
        self->retry_ms = MIN(self->retry_ms * 2, MAX_RETRY_MS);
        return;
    }
    self->retry_ms = 1000;
    schedule(self, self->is_stale ? SOON_MS : REFRESH_MS);
}

static void
request_free(Request *self)
{
    g_clear_handle_id(&self->deadline, g_source_remove);
    g_object_unref(self->cancellable);
    g_object_unref(self->message);
    g_free(self);
}

/* Frees @request, and tells the webhook, if it still is, how it went. */
static void
end(Request *request, const GError *error)
{
    OmenWebhook *self = request->webhook;
    SoupMessage *message = request->message;

    if (self)
        self->request = NULL;
    if (self && g_cancellable_is_cancelled(request->cancellable))
        settle(self, "no valid HTTP answer in time");
    else if (self && error)
        settle(self, error->message);
    else if (self && !SOUP_STATUS_IS_SUCCESSFUL(soup_message_get_status(message)))
        settle(self, soup_message_get_reason_phrase(message));
    else if (self)
        settle(self, NULL);
    request_free(request);
}

static void
on_skipped(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;

    g_input_stream_skip_finish(G_INPUT_STREAM(source), result, &error);
    end(user_data, error);
}

/* What the receiver answers is of no interest but its status; a bounded part of it is read. */
static void
on_answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Request *request = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GInputStream) body = soup_session_send_finish(SOUP_SESSION(source), result, &error);

    if (body)
        g_input_stream_skip_async(body, 65536, G_PRIORITY_DEFAULT, request->cancellable, on_skipped,
                                  request);
    else
        end(request, error);
}

/* The session's time-out is for each read: one byte at a time would never meet it. */
static gboolean
on_deadline(gpointer user_data)
{
    Request *request = user_data;

    request->deadline = 0;
    g_cancellable_cancel(request->cancellable);
    return G_SOURCE_REMOVE;
}

static gboolean
post(gpointer user_data)
{
    OmenWebhook *self = user_data;
    g_autofree char *body = self->function(self->user_data);
    g_autoptr(GBytes) bytes = NULL;
    Request *request;

    self->source = 0;
    self->is_stale = FALSE;
    if (!body) {
        schedule(self, REFRESH_MS);
        return G_SOURCE_REMOVE;
    }
    gsize length = strlen(body);
    bytes = g_bytes_new_take(g_steal_pointer(&body), length);
    self->request = request = g_new0(Request, 1);
    request->webhook = self;
    request->cancellable = g_cancellable_new();
    request->message = omen_http_post_new(self->url, bytes, request->cancellable);
    request->deadline = g_timeout_add_seconds(DEADLINE_S, on_deadline, request);
    soup_session_send_async(self->session, request->message, G_PRIORITY_DEFAULT,
                            request->cancellable, on_answered, request);
    return G_SOURCE_REMOVE;
}

OmenWebhook *
omen_webhook_new(const char *url, OmenWebhookFunc function, gpointer user_data, GError **error)
{
    g_autoptr(GUri) parsed = g_uri_parse(url, SOUP_HTTP_URI_FLAGS, error);
    OmenWebhook *self;

    if (!parsed)
        return NULL;
    if ((g_strcmp0(g_uri_get_scheme(parsed), "http") != 0 &&
         g_strcmp0(g_uri_get_scheme(parsed), "https") != 0) ||
        !g_uri_get_host(parsed) || !*g_uri_get_host(parsed)) {
        g_set_error(error, G_URI_ERROR, G_URI_ERROR_FAILED,
                    "this is not a valid URL; example: http://127.0.0.1:9093/api/v2/alerts");
        return NULL;
    }
    self = g_object_new(OMEN_TYPE_WEBHOOK, NULL);
    self->url = g_steal_pointer(&parsed);
    self->function = function;
    self->user_data = user_data;
    omen_webhook_poke(self);
    return self;
}

void
omen_webhook_poke(OmenWebhook *self)
{
    self->is_stale = TRUE;
    /* After a failure its turn comes anyway. */
    if (!self->request && (self->retry_ms == 1000 || !self->source))
        schedule(self, SOON_MS);
}

guint64
omen_webhook_get_n_failed(OmenWebhook *self)
{
    return self->n_failed;
}

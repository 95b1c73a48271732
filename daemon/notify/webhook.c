/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/webhook.h"

#include <libsoup/soup.h>

#define SOON_MS      200
#define REFRESH_MS   60000
#define MAX_RETRY_MS 60000
#define TIMEOUT_S    10

struct _OmenWebhook {
    GObject parent_instance;

    GUri *url;
    OmenWebhookFunc function;
    gpointer user_data;
    SoupSession *session;
    GCancellable *cancellable;
    guint source;
    guint retry_ms;
    gboolean is_busy;
    gboolean is_stale; /* something changed while a request was under way */
    guint64 n_failed;
};

G_DEFINE_FINAL_TYPE(OmenWebhook, omen_webhook, G_TYPE_OBJECT)

static void
omen_webhook_dispose(GObject *object)
{
    OmenWebhook *self = OMEN_WEBHOOK(object);

    g_clear_handle_id(&self->source, g_source_remove);
    if (self->cancellable)
        g_cancellable_cancel(self->cancellable);
    g_clear_object(&self->cancellable);
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
    self->cancellable = g_cancellable_new();
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
    self->is_busy = FALSE;
    if (problem) {
        /* Said once, until it works again. */
        if (self->retry_ms == 1000)
            g_warning("notify: the webhook does not take what it is told: %s", problem);
        self->n_failed++;
        schedule(self, self->retry_ms);
        self->retry_ms = MIN(self->retry_ms * 2, MAX_RETRY_MS);
        return;
    }
    self->retry_ms = 1000;
    schedule(self, self->is_stale ? SOON_MS : REFRESH_MS);
}

static void
on_skipped(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(SoupMessage) message = user_data;
    g_autoptr(GError) error = NULL;
    OmenWebhook *self = g_object_get_data(G_OBJECT(message), "webhook");

    g_input_stream_skip_finish(G_INPUT_STREAM(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (error)
        settle(self, error->message);
    else if (!SOUP_STATUS_IS_SUCCESSFUL(soup_message_get_status(message)))
        settle(self, soup_message_get_reason_phrase(message));
    else
        settle(self, NULL);
}

/* What the receiver answers is of no interest but its status; a bounded part of it is read. */
static void
on_answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(SoupMessage) message = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GInputStream) body = soup_session_send_finish(SOUP_SESSION(source), result, &error);
    OmenWebhook *self;

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    self = g_object_get_data(G_OBJECT(message), "webhook");
    if (!body) {
        settle(self, error->message);
        return;
    }
    g_input_stream_skip_async(body, 65536, G_PRIORITY_DEFAULT, self->cancellable, on_skipped,
                              g_steal_pointer(&message));
}

static gboolean
post(gpointer user_data)
{
    OmenWebhook *self = user_data;
    g_autofree char *body = self->function(self->user_data);
    g_autoptr(SoupMessage) message = NULL;
    g_autoptr(GBytes) bytes = NULL;

    self->source = 0;
    self->is_stale = FALSE;
    if (!body) {
        schedule(self, REFRESH_MS);
        return G_SOURCE_REMOVE;
    }
    gsize length = strlen(body);
    bytes = g_bytes_new_take(g_steal_pointer(&body), length);
    message = soup_message_new_from_uri("POST", self->url);
    soup_message_set_request_body_from_bytes(message, "application/json", bytes);
    g_object_set_data(G_OBJECT(message), "webhook", self);
    self->is_busy = TRUE;
    soup_session_send_async(self->session, message, G_PRIORITY_DEFAULT, self->cancellable,
                            on_answered, g_object_ref(message));
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
                    "\"%s\" is no URL; say for example http://127.0.0.1:9093/api/v2/alerts", url);
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
    if (!self->is_busy && (self->retry_ms == 1000 || !self->source))
        schedule(self, SOON_MS);
}

guint64
omen_webhook_get_n_failed(OmenWebhook *self)
{
    return self->n_failed;
}

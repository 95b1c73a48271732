/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http-post.h"

typedef struct {
    GCancellable *cancellable;
    guint n_informational;
} Guard;

static void
guard_free(gpointer data, GClosure *closure G_GNUC_UNUSED)
{
    Guard *self = data;

    g_object_unref(self->cancellable);
    g_free(self);
}

static void
on_informational(SoupMessage *message G_GNUC_UNUSED, gpointer user_data)
{
    Guard *self = user_data;

    if (++self->n_informational == OMEN_HTTP_MAX_INFORMATIONAL)
        g_cancellable_cancel(self->cancellable);
}

SoupMessage *
omen_http_post_new(GUri *url, GBytes *json, GCancellable *cancellable)
{
    SoupMessage *message = soup_message_new_from_uri("POST", url);
    Guard *guard = g_new0(Guard, 1);

    guard->cancellable = g_object_ref(cancellable);
    g_signal_connect_data(message, "got-informational", G_CALLBACK(on_informational), guard,
                          guard_free, 0);
    soup_message_add_flags(message, SOUP_MESSAGE_NO_REDIRECT);
    soup_message_set_request_body_from_bytes(message, "application/json", json);
    return message;
}

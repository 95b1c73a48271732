/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http-call.h"

#include "http/http-post.h"

#define CHUNK             65536
#define MAX_RETRY_AFTER_S 86400

/* Belongs to its GTask. */
typedef struct {
    SoupMessage *message;
    GInputStream *stream;
    GByteArray *body;
    GCancellable *inner; /* ends the request: the caller's wish, or the deadline */
    GCancellable *outer; /* (nullable): the caller's */
    gulong outer_handler;
    guint timer;
    gsize max_bytes;
    gboolean timed_out;
    gboolean was_sent;
} Call;

void
omen_http_answer_free(OmenHttpAnswer *self)
{
    g_bytes_unref(self->body);
    g_free(self);
}

static void
call_free(gpointer data)
{
    Call *self = data;

    g_clear_handle_id(&self->timer, g_source_remove);
    if (self->outer_handler)
        g_cancellable_disconnect(self->outer, self->outer_handler);
    g_clear_object(&self->outer);
    g_clear_object(&self->inner);
    g_clear_object(&self->message);
    g_clear_object(&self->stream);
    g_byte_array_unref(self->body);
    g_free(self);
}

/* @error: (transfer full). */
static void
fail(GTask *task, GError *error)
{
    Call *call = g_task_get_task_data(task);

    g_clear_handle_id(&call->timer, g_source_remove);
    if (call->timed_out) {
        g_clear_error(&error);
        error = g_error_new(G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer in time");
    } else if (g_cancellable_is_cancelled(call->inner) &&
               !g_cancellable_is_cancelled(call->outer)) {
        g_clear_error(&error);
        error = g_error_new(G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the answer is not valid HTTP");
    }
    g_task_return_error(task, error);
    g_object_unref(task);
}

static guint
get_retry_after_s(SoupMessage *message)
{
    const char *word =
        soup_message_headers_get_one(soup_message_get_response_headers(message), "Retry-After");
    guint64 seconds;

    return word && g_ascii_string_to_unsigned(word, 10, 0, MAX_RETRY_AFTER_S, &seconds, NULL)
               ? (guint) seconds
               : 0;
}

static void
succeed(GTask *task)
{
    Call *call = g_task_get_task_data(task);
    OmenHttpAnswer *answer = g_new0(OmenHttpAnswer, 1);

    g_clear_handle_id(&call->timer, g_source_remove);
    answer->status = soup_message_get_status(call->message);
    answer->retry_after_s = get_retry_after_s(call->message);
    answer->body = g_byte_array_free_to_bytes(call->body);
    call->body = g_byte_array_new();
    g_task_return_pointer(task, answer, (GDestroyNotify) omen_http_answer_free);
    g_object_unref(task);
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Call *call = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(GBytes) bytes =
        g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &error);

    if (!bytes) {
        fail(task, error);
        return;
    }
    if (g_bytes_get_size(bytes) == 0) {
        succeed(task);
        return;
    }
    g_byte_array_append(call->body, g_bytes_get_data(bytes, NULL), (guint) g_bytes_get_size(bytes));
    if (call->body->len > call->max_bytes) {
        fail(task,
             g_error_new(G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                         "the answer is longer than %" G_GSIZE_FORMAT " bytes", call->max_bytes));
        return;
    }
    g_input_stream_read_bytes_async(call->stream, CHUNK, G_PRIORITY_DEFAULT, call->inner, on_read,
                                    task);
}

static void
on_sent(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Call *call = g_task_get_task_data(task);
    GError *error = NULL;

    call->stream = soup_session_send_finish(SOUP_SESSION(source), result, &error);
    if (call->stream)
        g_input_stream_read_bytes_async(call->stream, CHUNK, G_PRIORITY_DEFAULT, call->inner,
                                        on_read, task);
    else
        fail(task, error);
}

static gboolean
on_deadline(gpointer user_data)
{
    Call *call = g_task_get_task_data(user_data);

    call->timer = 0;
    call->timed_out = TRUE;
    g_cancellable_cancel(call->inner);
    return G_SOURCE_REMOVE;
}

static void
on_wrote_headers(SoupMessage *message G_GNUC_UNUSED, gpointer user_data)
{
    ((Call *) user_data)->was_sent = TRUE;
}

static void
on_outer_cancelled(GCancellable *outer G_GNUC_UNUSED, gpointer inner)
{
    g_cancellable_cancel(inner);
}

void
omen_http_call_async(SoupSession *session,
                     const OmenHttpRequest *request,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
    GTask *task = g_task_new(session, cancellable, callback, user_data);
    Call *call = g_new0(Call, 1);

    g_task_set_source_tag(task, omen_http_call_async);
    g_task_set_task_data(task, call, call_free);
    call->max_bytes = request->max_bytes;
    call->body = g_byte_array_new();
    call->inner = g_cancellable_new();
    if (cancellable) {
        call->outer = g_object_ref(cancellable);
        call->outer_handler = g_cancellable_connect(cancellable, G_CALLBACK(on_outer_cancelled),
                                                    g_object_ref(call->inner), g_object_unref);
    }
    call->message = omen_http_post_new(request->url, request->json, call->inner);
    if (request->authorization)
        soup_message_headers_replace(soup_message_get_request_headers(call->message),
                                     "Authorization", request->authorization);
    g_signal_connect(call->message, "wrote-headers", G_CALLBACK(on_wrote_headers), call);
    call->timer = g_timeout_add(request->deadline_ms, on_deadline, task);
    soup_session_send_async(session, call->message, G_PRIORITY_DEFAULT, call->inner, on_sent, task);
}

OmenHttpAnswer *
omen_http_call_finish(SoupSession *session G_GNUC_UNUSED,
                      GAsyncResult *result,
                      gboolean *was_sent,
                      GError **error)
{
    Call *call = g_task_get_task_data(G_TASK(result));

    *was_sent = call->was_sent;
    return g_task_propagate_pointer(G_TASK(result), error);
}

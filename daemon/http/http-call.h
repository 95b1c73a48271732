/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One POST and its whole answer, within a time and a size of our own.
 *
 * A server that is paused keeps its connections open and says nothing: nothing but a deadline ends
 * that.
 */
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef struct {
    guint status;        /* of HTTP */
    guint retry_after_s; /* how long the server asks to be left alone; 0 if it does not say */
    GBytes *body;
} OmenHttpAnswer;

void omen_http_answer_free(OmenHttpAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenHttpAnswer, omen_http_answer_free)

typedef struct {
    GUri *url;                 /* borrowed, as all of these */
    GBytes *json;              /* what is posted */
    const char *authorization; /* (nullable): the header of this name */
    guint deadline_ms;         /* for all of it */
    gsize max_bytes;           /* of the answer */
} OmenHttpRequest;

/* @request is only read before it returns. */
void omen_http_call_async(SoupSession *session,
                          const OmenHttpRequest *request,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);

/* @was_sent: the server may have got the request, also where there is an error. Returns (transfer
 * full): the answer of any status; NULL with @error, G_IO_ERROR_TIMED_OUT after the deadline and
 * G_IO_ERROR_MESSAGE_TOO_LARGE among them, G_IO_ERROR_INVALID_DATA where HTTP's rules are not kept.
 */
OmenHttpAnswer *omen_http_call_finish(SoupSession *session,
                                      GAsyncResult *result,
                                      gboolean *was_sent,
                                      GError **error);

G_END_DECLS

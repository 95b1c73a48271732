/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One request: its endpoints, its token, its end. */
#include "etcd/etcd-private.h"

#define MIN_ATTEMPT_MS 200
#define MAX_LOGINS     2 /* for one request */

/* Belongs to its GTask. */
typedef struct {
    char *path;
    GBytes *body;
    OmenEtcdCallFlags flags;
    guint n_attempts; /* endpoints asked */
    guint n_logins;
    gint64 deadline_us; /* monotonic; 0: it has not been sent yet */
    gboolean maybe_done;
} Call;

static void
call_free(gpointer data)
{
    Call *self = data;

    g_free(self->path);
    g_clear_pointer(&self->body, g_bytes_unref);
    g_free(self);
}

static void send_call(GTask *task);

static void
fail(GTask *task, GError *error)
{
    g_task_return_error(task, error);
    g_object_unref(task);
}

GUri *
omen_etcd_make_url(OmenEtcd *self, const char *path)
{
    GUri *base = g_ptr_array_index(self->endpoints, self->current);

    return g_uri_build(SOUP_HTTP_URI_FLAGS, g_uri_get_scheme(base), NULL, g_uri_get_host(base),
                       g_uri_get_port(base), path, NULL, NULL);
}

void
omen_etcd_pass_over(OmenEtcd *self)
{
    self->current = (self->current + 1) % self->endpoints->len;
}

/* ---- the token ---- */

static void
on_login(GObject *source, GAsyncResult *result, gpointer user_data G_GNUC_UNUSED)
{
    OmenEtcd *self = OMEN_ETCD(source);
    g_autoptr(GPtrArray) waiting = g_steal_pointer(&self->waiting);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = omen_etcd_call_finish(result, &error);
    gsize length = 0;
    const char *json = bytes ? g_bytes_get_data(bytes, &length) : NULL;

    if (bytes)
        self->token = omen_etcd_answer_parse_token(json, length, &error);
    self->had_token |= self->token != NULL;
    for (guint i = 0; i < waiting->len; i++) {
        GTask *task = g_ptr_array_index(waiting, i);
        if (self->token)
            send_call(task);
        else
            fail(task, g_error_copy(error));
    }
}

static gboolean
log_in(gpointer user_data)
{
    OmenEtcd *self = user_data;
    g_autoptr(GBytes) body = omen_etcd_request_write_login(self->user, self->password);

    omen_etcd_call_async(self, "/v3/auth/authenticate", body, OMEN_ETCD_CALL_LOGIN, NULL, on_login,
                         NULL);
    return G_SOURCE_REMOVE;
}

/* @task goes on when there is a token. */
static void
wait_for_token(GTask *task)
{
    OmenEtcd *self = g_task_get_source_object(task);
    Call *call = g_task_get_task_data(task);
    guint wait_ms = 0;

    call->n_logins++;
    if (!self->waiting) {
        self->waiting = g_ptr_array_new();
        if (self->had_token && self->spread_ms > 0)
            wait_ms = (guint) g_random_int_range(0, (gint32) self->spread_ms);
        g_timeout_add_full(G_PRIORITY_DEFAULT, wait_ms, log_in, g_object_ref(self), g_object_unref);
    }
    g_ptr_array_add(self->waiting, task);
}

/* ---- attempts ---- */

static guint
get_ms_left(const Call *call)
{
    gint64 left_ms = (call->deadline_us - g_get_monotonic_time()) / 1000;

    return left_ms > 0 ? (guint) left_ms : 0;
}

/* Which of the endpoints will never be asked again for this request. */
static gboolean
may_try_next(OmenEtcd *self, const Call *call)
{
    return call->n_attempts < self->endpoints->len && get_ms_left(call) >= MIN_ATTEMPT_MS &&
           !(call->maybe_done && call->flags & OMEN_ETCD_CALL_ONCE);
}

/* @error: (transfer full): why this endpoint gave no answer. */
static void
try_next(GTask *task, GError *error)
{
    OmenEtcd *self = g_task_get_source_object(task);
    Call *call = g_task_get_task_data(task);

    omen_etcd_pass_over(self);
    if (may_try_next(self, call)) {
        g_error_free(error);
        send_call(task);
        return;
    }
    if (error->domain != OMEN_ETCD_ERROR) {
        gboolean is_uncertain = call->maybe_done && call->flags & OMEN_ETCD_CALL_ONCE;
        GError *told = g_error_new(
            OMEN_ETCD_ERROR, is_uncertain ? OMEN_ETCD_ERROR_UNCERTAIN : OMEN_ETCD_ERROR_UNAVAILABLE,
            "%s; asked %u of %u endpoints", error->message, call->n_attempts, self->endpoints->len);
        g_error_free(error);
        error = told;
    }
    fail(task, error);
}

/* An answer of another status than 200. */
static void
take_refusal(GTask *task, const OmenHttpAnswer *answer)
{
    OmenEtcd *self = g_task_get_source_object(task);
    Call *call = g_task_get_task_data(task);
    gboolean is_stale;
    gsize length;
    const char *json = g_bytes_get_data(answer->body, &length);
    GError *error = omen_etcd_answer_parse_error(answer->status, json, length, &is_stale);

    if (is_stale && self->user && call->n_logins < MAX_LOGINS &&
        !(call->flags & OMEN_ETCD_CALL_LOGIN)) {
        g_clear_pointer(&self->token, g_free);
        g_error_free(error);
        call->deadline_us = 0;
        call->n_attempts = 0;
        send_call(task);
    } else if (g_error_matches(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNAVAILABLE)) {
        try_next(task, error);
    } else if (g_error_matches(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_UNCERTAIN)) {
        call->maybe_done = TRUE;
        if (!(call->flags & OMEN_ETCD_CALL_ONCE))
            error->code = OMEN_ETCD_ERROR_UNAVAILABLE;
        try_next(task, error);
    } else {
        fail(task, error);
    }
}

static void
on_called(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = user_data;
    Call *call = g_task_get_task_data(task);
    GError *error = NULL;
    gboolean was_sent;
    g_autoptr(OmenHttpAnswer) answer =
        omen_http_call_finish(SOUP_SESSION(source), result, &was_sent, &error);

    if (answer && answer->status == SOUP_STATUS_OK) {
        g_task_return_pointer(task, g_bytes_ref(answer->body), (GDestroyNotify) g_bytes_unref);
        g_object_unref(task);
    } else if (answer) {
        take_refusal(task, answer);
    } else if (g_cancellable_is_cancelled(g_task_get_cancellable(task))) {
        fail(task, error);
    } else {
        call->maybe_done |= was_sent;
        try_next(task, error);
    }
}

static void
send_call(GTask *task)
{
    OmenEtcd *self = g_task_get_source_object(task);
    Call *call = g_task_get_task_data(task);
    g_autoptr(GUri) url = NULL;
    OmenHttpRequest request = {.json = call->body, .max_bytes = OMEN_ETCD_MAX_ANSWER};

    if (self->user && !self->token && !(call->flags & OMEN_ETCD_CALL_LOGIN)) {
        wait_for_token(task);
        return;
    }
    if (call->deadline_us == 0)
        call->deadline_us = g_get_monotonic_time() + self->timeout_ms * G_GINT64_CONSTANT(1000);
    url = omen_etcd_make_url(self, call->path);
    request.url = url;
    request.authorization = call->flags & OMEN_ETCD_CALL_LOGIN ? NULL : self->token;
    request.deadline_ms = MAX(get_ms_left(call) / (self->endpoints->len - call->n_attempts), 1);
    call->n_attempts++;
    omen_http_call_async(self->session, &request, g_task_get_cancellable(task), on_called, task);
}

void
omen_etcd_call_async(OmenEtcd *self,
                     const char *path,
                     GBytes *body,
                     OmenEtcdCallFlags flags,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
    GTask *task = g_task_new(self, cancellable, callback, user_data);
    Call *call = g_new0(Call, 1);

    g_task_set_source_tag(task, omen_etcd_call_async);
    g_task_set_task_data(task, call, call_free);
    call->path = g_strdup(path);
    call->body = body ? g_bytes_ref(body) : NULL;
    call->flags = flags;
    if (body)
        send_call(task);
    else
        fail(task, g_error_new(OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_REFUSED,
                               "this is too large for one request to an etcd"));
}

GBytes *
omen_etcd_call_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

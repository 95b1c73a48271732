/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this room share. */
#pragma once

#include "etcd/etcd.h"
#include "http/http-call.h"

G_BEGIN_DECLS

struct _OmenEtcd {
    GObject parent_instance;

    GPtrArray *endpoints; /* of GUri */
    guint current;        /* the one that answered last */
    char *user;           /* (nullable) */
    char *password;
    char *token;        /* (nullable) */
    gboolean had_token; /* others lost theirs with it, maybe */
    GPtrArray *waiting; /* (nullable): of GTask, while a token is got */
    guint timeout_ms;
    guint spread_ms;
    SoupSession *session;
};

gboolean omen_etcd_take_settings(OmenEtcd *self, const OmenEtcdSettings *settings, GError **error);

/* (transfer full): where @path is asked at the current endpoint. */
GUri *omen_etcd_make_url(OmenEtcd *self, const char *path);

/* The next request goes to another endpoint. */
void omen_etcd_pass_over(OmenEtcd *self);

typedef enum {
    OMEN_ETCD_CALL_PLAIN = 0,
    OMEN_ETCD_CALL_ONCE = 1 << 0,  /* never twice, if the first may have been done */
    OMEN_ETCD_CALL_LOGIN = 1 << 1, /* without a token: to get one */
} OmenEtcdCallFlags;

/* Posts @body (NULL: larger than an etcd takes) to @path, at whichever endpoint answers. */
void omen_etcd_call_async(OmenEtcd *self,
                          const char *path,
                          GBytes *body,
                          OmenEtcdCallFlags flags,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);

/* (transfer full): the body of an answer of status 200; NULL with @error. */
GBytes *omen_etcd_call_finish(GAsyncResult *result, GError **error);

G_END_DECLS

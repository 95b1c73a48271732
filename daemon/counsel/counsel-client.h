/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks a language model's server one question at a time over HTTP, without waiting.
 *
 * A question ends within the settings' time-out whatever the server does: an answer, or an error.
 * Until then a busy (429, Retry-After), failing (5xx) or unreachable server is asked again, at
 * growing intervals, unless it asks for more time than there is. A server that refuses a schema
 * (400, 422) is asked without it from then on. Redirections are not followed: the key would go with
 * them.
 */
#pragma once

#include "counsel/question.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
    OmenCounselProtocol protocol;
    char *url;       /* of the request itself: https://HOST/v1/chat/completions */
    char *model;     /* "" if the server has but one */
    char *key_file;  /* "" for none: its first line is sent as the bearer token */
    char *proxy;     /* "" for the environment's; an URL */
    char *ca_file;   /* "" for the system's: PEM of whom to trust */
    guint timeout_s; /* >= 1 */
    guint calls_an_hour;
    guint tokens_an_hour;
} OmenCounselSettings;

/* As shipped: nobody is asked, since the URL is "". Strings are owned. */
void omen_counsel_settings_init(OmenCounselSettings *self);
void omen_counsel_settings_clear(OmenCounselSettings *self);

#define OMEN_TYPE_COUNSEL_CLIENT (omen_counsel_client_get_type())
G_DECLARE_FINAL_TYPE(OmenCounselClient, omen_counsel_client, OMEN, COUNSEL_CLIENT, GObject)

/* Reads the key and the certificates: for the start. Returns: NULL with @error
 * (OMEN_COUNSEL_ERROR_BAD_SETTING, which never says the key). */
OmenCounselClient *omen_counsel_client_new(const OmenCounselSettings *settings, GError **error);

/* @question is only read before it returns. */
void omen_counsel_client_ask_async(OmenCounselClient *self,
                                   const OmenCounselQuestion *question,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);

/* Until when the server asked to be left alone (Retry-After), monotonic; 0: it never did. */
gint64 omen_counsel_client_get_busy_until_us(OmenCounselClient *self);

/* (transfer full): NULL with @error, G_IO_ERROR_TIMED_OUT among them. */
OmenCounselAnswer *
omen_counsel_client_ask_finish(OmenCounselClient *self, GAsyncResult *result, GError **error);

G_END_DECLS

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

#include "llm/question.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
    OmenLlmProtocol protocol;
    char *url;       /* of the request itself: https://HOST/v1/chat/completions */
    char *model;     /* "" if the server has but one */
    char *key_file;  /* "" for none: its first line is sent as the bearer token */
    char *proxy;     /* "" for the environment's; an URL */
    char *ca_file;   /* "" for the system's: PEM of whom to trust */
    guint timeout_s; /* >= 1 */
    guint calls_an_hour;
    guint tokens_an_hour;
} OmenLlmSettings;

/* As shipped: nobody is asked, since the URL is "". Strings are owned. */
void omen_llm_settings_init(OmenLlmSettings *self);
void omen_llm_settings_clear(OmenLlmSettings *self);

#define OMEN_TYPE_LLM_CLIENT (omen_llm_client_get_type())
G_DECLARE_FINAL_TYPE(OmenLlmClient, omen_llm_client, OMEN, LLM_CLIENT, GObject)

/* Reads the key and the certificates: for the start. Returns: NULL with @error
 * (OMEN_LLM_ERROR_BAD_SETTING, which never says the key). */
OmenLlmClient *omen_llm_client_new(const OmenLlmSettings *settings, GError **error);

/* @question is only read before it returns. */
void omen_llm_client_ask_async(OmenLlmClient *self,
                               const OmenLlmQuestion *question,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);

/* Until when the server asked to be left alone (Retry-After), monotonic; 0: it never did. */
gint64 omen_llm_client_get_busy_until_us(OmenLlmClient *self);

/* (transfer full): NULL with @error, G_IO_ERROR_TIMED_OUT among them. */
OmenLlmAnswer *
omen_llm_client_ask_finish(OmenLlmClient *self, GAsyncResult *result, GError **error);

G_END_DECLS

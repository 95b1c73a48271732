/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Posts what is so now to an URL, as Alertmanager's API (v2, /api/v2/alerts) takes it: after a
 * change, and again every minute, so that a receiver that was down knows it a minute later.
 *
 * One request at a time; after a failure it is tried again, at longer and longer intervals.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_TYPE_WEBHOOK (omen_webhook_get_type())
G_DECLARE_FINAL_TYPE(OmenWebhook, omen_webhook, OMEN, WEBHOOK, GObject)

/* What there is to say now, JSON. (transfer full) (nullable): NULL: nothing. */
typedef char *(*OmenWebhookFunc)(gpointer user_data);

/* Returns: NULL with @error (G_URI_ERROR) if @url is none of http or https. */
OmenWebhook *
omen_webhook_new(const char *url, OmenWebhookFunc function, gpointer user_data, GError **error);

/* Something changed: post soon. */
void omen_webhook_poke(OmenWebhook *self);

/* Requests that were not answered well. */
guint64 omen_webhook_get_n_failed(OmenWebhook *self);

G_END_DECLS

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A request to a server that is not trusted: it can't lead us elsewhere, nor hold the main loop up.
 *
 * libsoup reads informational answers (1xx) in one go for as long as they come, so that a server
 * that sends nothing else would keep the main loop for itself; after a few the request is
 * cancelled.
 */
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

#define OMEN_HTTP_MAX_INFORMATIONAL 8

/* A POST of @json that follows no redirection. @cancellable: of this request alone, the one that it
 * is sent with; it is cancelled when the server misbehaves. (transfer full). */
SoupMessage *omen_http_post_new(GUri *url, GBytes *json, GCancellable *cancellable);

G_END_DECLS

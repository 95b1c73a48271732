/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serves a page of metrics by HTTP at /metrics, on loopback or a Unix socket unless it is told
 * otherwise.
 *
 * Runs on the main context. The page is made when it is asked for, at most once a second. A
 * connection is for one request and 10 s; where there are too many, the oldest is cut off. On
 * loopback, a request for the host of another name is refused.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define OMEN_METRICS_ERROR (omen_metrics_error_quark())
GQuark omen_metrics_error_quark(void);

typedef enum {
    OMEN_METRICS_ERROR_INVALID, /* an address makes no sense */
    OMEN_METRICS_ERROR_LISTEN,  /* it can not be listened on */
} OmenMetricsError;

#define OMEN_METRICS_MAX_CONNECTIONS 16

#define OMEN_TYPE_METRICS_SERVER     (omen_metrics_server_get_type())
G_DECLARE_FINAL_TYPE(OmenMetricsServer, omen_metrics_server, OMEN, METRICS_SERVER, GObject)

/* Makes the page, OpenMetrics. (transfer full). */
typedef char *(*OmenMetricsFunc)(gsize *length, gpointer user_data);

OmenMetricsServer *omen_metrics_server_new(OmenMetricsFunc function, gpointer user_data);

/* Begins to serve @address as well: "tcp:127.0.0.1:9861", "tcp:[::1]:9861" or "unix:PATH" (for root
 * and the group of the daemon). FALSE with @error. */
gboolean omen_metrics_server_listen(OmenMetricsServer *self, const char *address, GError **error);

G_END_DECLS

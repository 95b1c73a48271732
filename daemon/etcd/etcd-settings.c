/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "etcd/etcd-private.h"

#include "http/secret-file.h"

#include <string.h>

#define MAX_CONNECTIONS 8
#define MAX_ENDPOINTS   16

void
omen_etcd_settings_init(OmenEtcdSettings *self)
{
    *self = (OmenEtcdSettings){
        .endpoints = g_new0(char *, 1),
        .user = g_strdup(""),
        .password_file = g_strdup(""),
        .ca_file = g_strdup(""),
        .timeout_ms = 5000,
        .spread_ms = 1000,
    };
}

void
omen_etcd_settings_clear(OmenEtcdSettings *self)
{
    g_strfreev(self->endpoints);
    g_free(self->user);
    g_free(self->password_file);
    g_free(self->ca_file);
}

static gboolean
refuse(GError **error, const char *setting, const char *why)
{
    g_set_error(error, OMEN_ETCD_ERROR, OMEN_ETCD_ERROR_BAD_SETTING, "[fleet] %s: %s", setting,
                why);
    return FALSE;
}

static gboolean
take_endpoint(OmenEtcd *self, const char *text, gboolean has_password, GError **error)
{
    g_autoptr(GUri) url = g_uri_parse(text, SOUP_HTTP_URI_FLAGS, NULL);
    const char *scheme = url ? g_uri_get_scheme(url) : "";

    if (!url || !g_uri_get_host(url) || !*g_uri_get_host(url) ||
        (!g_str_equal(scheme, "http") && !g_str_equal(scheme, "https")))
        return refuse(error, "endpoints", "write them as https://HOST:2379");
    if (has_password && !omen_secret_may_go_to(url))
        return refuse(error, "endpoints", "a password is only sent by https, or to this machine");
    g_ptr_array_add(self->endpoints, g_steal_pointer(&url));
    return TRUE;
}

gboolean
omen_etcd_take_settings(OmenEtcd *self, const OmenEtcdSettings *settings, GError **error)
{
    gboolean has_user = *settings->user != '\0';
    g_autoptr(GError) local = NULL;

    self->timeout_ms = settings->timeout_ms;
    self->spread_ms = settings->spread_ms;
    if (!settings->endpoints[0] || g_strv_length(settings->endpoints) > MAX_ENDPOINTS)
        return refuse(error, "endpoints", "name 1 to 16 of them");
    for (guint i = 0; settings->endpoints[i]; i++) {
        if (!take_endpoint(self, settings->endpoints[i], has_user, error))
            return FALSE;
    }
    if (has_user != (*settings->password_file != '\0'))
        return refuse(error, "user", "user and password_file go together");
    if (has_user) {
        self->user = g_strdup(settings->user);
        self->password = omen_secret_file_read(settings->password_file, &local);
        if (!self->password)
            return refuse(error, "password_file", local->message);
    }
    self->session = soup_session_new_with_options(
        "max-conns", MAX_CONNECTIONS, "max-conns-per-host", MAX_CONNECTIONS, "timeout", 0,
        "idle-timeout", 60, "user-agent", "virt-omend", NULL);
    if (*settings->ca_file) {
        g_autoptr(GTlsDatabase) trusted = g_tls_file_database_new(settings->ca_file, NULL);
        if (!trusted)
            return refuse(error, "ca_file", "the file holds no certificates in PEM");
        soup_session_set_tls_database(self->session, trusted);
    }
    return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/uri.h"

#include <string.h>

#define DRIVER  "qemu+"
#define DIGITS  "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
/* A name that begins with "-" would be an option of ssh. */
#define FIRST LETTERS DIGITS "_"
#define MORE  FIRST "-."

static gboolean
is_transport(const char *word)
{
    static const char *const known[] = {"tls", "ssh", "libssh", "libssh2", "tcp", NULL};

    return g_strv_contains(known, word);
}

static gboolean
is_word(const char *text)
{
    return *text && strchr(FIRST, *text) && text[strspn(text, MORE)] == '\0';
}

/* "", or ":" and a port. */
static gboolean
is_port(const char *text)
{
    gsize length = *text == ':' ? strspn(text + 1, DIGITS) : 0;

    return *text == '\0' || (length > 0 && length <= 5 && text[1 + length] == '\0');
}

/* HOST, or [IPV6], and perhaps a port. */
static gboolean
is_host(const char *text)
{
    const char *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');
    g_autofree char *host = NULL;

    if (*text != '[') {
        host = end ? g_strndup(text, (gsize) (end - text)) : g_strdup(text);
        return is_word(host) && is_port(end ? end : "");
    }
    if (!end)
        return FALSE;
    host = g_strndup(text + 1, (gsize) (end - text - 1));
    return strspn(host, DIGITS "abcdefABCDEF:.") == strlen(host) && strchr(host, ':') &&
           is_port(end + 1);
}

/* @authority: between "://" and the path. */
static gboolean
is_authority(const char *authority, gboolean may_have_user)
{
    const char *at = strchr(authority, '@');
    g_autofree char *user = at ? g_strndup(authority, (gsize) (at - authority)) : NULL;

    if (user && (!may_have_user || !is_word(user)))
        return FALSE;
    return is_host(at ? at + 1 : authority);
}

char *
omen_fleet_uri_find_fault(const char *uri, const char *const *transports)
{
    const char *authority = strstr(uri, "://");
    const char *path = authority ? strchr(authority + 3, '/') : NULL;
    g_autofree char *transport = NULL;
    g_autofree char *middle = NULL;

    if (!g_str_has_prefix(uri, DRIVER) || !path)
        return g_strdup_printf("\"%s\" is not of the form qemu+tls://HOST/system", uri);
    transport = g_strndup(uri + strlen(DRIVER), (gsize) (authority - uri) - strlen(DRIVER));
    if (!is_transport(transport) || !g_strv_contains(transports, transport))
        return g_strdup_printf("\"%s\": the transport is none of [fleet] transports here", uri);
    middle = g_strndup(authority + 3, (gsize) (path - authority - 3));
    if (!is_authority(middle, !g_str_equal(transport, "tls") && !g_str_equal(transport, "tcp")))
        return g_strdup_printf("\"%s\" names no host, or more than a host and its port", uri);
    if (!g_str_equal(path, "/system") && !g_str_equal(path, "/session"))
        return g_strdup_printf("\"%s\" has more than /system behind the host", uri);
    return NULL;
}

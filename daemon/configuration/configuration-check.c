/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration/configuration-check.h"

#include "evacuation/libvirt/escalation.h"

#include <string.h>

/* Those that the fleet knows: none runs a program that a row names. */
static const char *const transport_words[] = {"tls", "ssh", "libssh", "libssh2", "tcp", NULL};

/* qemu+tls://HOST/system; or, of libvirt's drivers on this host, qemu:///system and
 * test:///default, which are of use in tests. */
static gboolean
is_remote_uri(const char *text)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);

    if (!uri || !strstr(text, "://"))
        return FALSE;
    return !strchr(g_uri_get_scheme(uri), '+') || *g_uri_get_host(uri) ||
           g_str_has_suffix(g_uri_get_scheme(uri), "+unix") ||
           g_str_has_suffix(g_uri_get_scheme(uri), "+ext");
}

static gboolean
check_transports(const OmenConfiguration *self, GError **error)
{
    for (char **one = self->fleet_transports; *one; one++) {
        if (g_strv_contains(transport_words, *one))
            continue;
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "[fleet] transports: \"%s\" is none of tls, ssh, libssh, libssh2, tcp", *one);
        return FALSE;
    }
    return TRUE;
}

gboolean
omen_configuration_check(const OmenConfiguration *self, GError **error)
{
    g_autoptr(GError) local = NULL;
    OmenEscalationSteps steps;

    if (!omen_escalation_parse(self->when_stuck, &steps, &local)) {
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "[policy] when_stuck: %s", local->message);
        return FALSE;
    }
    if (*self->own_uri && !is_remote_uri(self->own_uri)) {
        g_set_error(
            error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
            "[evacuation] own_uri: \"%s\" has no host; example: own_uri=qemu+tls://this-host/system",
            self->own_uri);
        return FALSE;
    }
    for (guint i = 0; i < self->destinations->len; i++) {
        OmenDestinationSettings *destination = g_ptr_array_index(self->destinations, i);
        if (is_remote_uri(destination->uri))
            continue;
        g_set_error(error, OMEN_CONFIGURATION_ERROR, OMEN_CONFIGURATION_ERROR_INVALID,
                    "[destination %s] %s%s%s; example: uri=qemu+tls://%s/system", destination->name,
                    *destination->uri ? "uri: \"" : "has no uri", destination->uri,
                    *destination->uri ? "\" names no host" : "", destination->name);
        return FALSE;
    }
    return check_transports(self, error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "doctor.h"

#include <string.h>
#include <virt-omen/bus-names.h>

#define DESTINATIONS_FILE OMEN_SYSCONFDIR "/virt-omen/conf.d/destinations.conf"

static void
check_mode(Doctor *self)
{
    const char *mode = "";

    g_variant_lookup(self->status, "mode", "&s", &mode);
    if (g_str_equal(mode, "observe"))
        doctor_add(self, "mode", DOCTOR_WARNING, g_strdup("observe: omens are only recorded"),
                   "virt-omen mode advise proposes what to do; enforce does it");
    else
        doctor_add(self, "mode", DOCTOR_OK,
                   g_strdup_printf("%s: %s", mode,
                                   g_str_equal(mode, "enforce") ? "omens are acted on"
                                                                : "an operator approves each move"),
                   "");
}

static void
check_libvirt(Doctor *self)
{
    gboolean connected = FALSE;

    g_variant_lookup(self->status, "connected", "b", &connected);
    if (connected)
        doctor_add(self, "libvirt", DOCTOR_OK, g_strdup("the daemon is connected to it"), "");
    else
        doctor_add(self, "libvirt", DOCTOR_FAILED, g_strdup("the daemon is not connected to it"),
                   "systemctl status libvirtd (or virtqemud) says why; start it");
}

static void
check_problems(Doctor *self)
{
    g_autofree const char **problems = NULL;

    g_variant_lookup(self->status, "problems", "^a&s", &problems);
    for (guint i = 0; problems && problems[i]; i++)
        doctor_add(self, "problem", DOCTOR_WARNING, g_strdup(problems[i]),
                   "journalctl -u virt-omend shows more");
}

/* Sources of the host: one that does not read, and that there is one at all. */
static void
check_sources(Doctor *self)
{
    g_autoptr(GVariant) host = g_variant_lookup_value(self->status, "host", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) streams =
        host ? g_variant_lookup_value(host, "streams", G_VARIANT_TYPE("aa{sv}")) : NULL;
    gsize n = streams ? g_variant_n_children(streams) : 0;
    guint n_reading = 0;

    for (gsize i = 0; i < n; i++) {
        g_autoptr(GVariant) stream = g_variant_get_child_value(streams, i);
        const char *source = "";
        const char *problem = "";
        g_variant_lookup(stream, "source", "&s", &source);
        g_variant_lookup(stream, "problem", "&s", &problem);
        n_reading += *problem ? 0 : 1;
        if (*problem)
            doctor_add(self, "source", DOCTOR_WARNING, g_strdup_printf("%s: %s", source, problem),
                       "see [sources] in virt-omen.conf(5)");
    }
    if (n_reading > 0)
        doctor_add(self, "sources", DOCTOR_OK, g_strdup_printf("%u are read", n_reading), "");
    else
        doctor_add(self, "sources", DOCTOR_FAILED, g_strdup("no log of this host is read"),
                   "see [sources] in virt-omen.conf(5)");
}

static void
check_destinations(Doctor *self)
{
    g_autoptr(GPtrArray) hosts = client_list(self->client, INTERFACE_HOST);
    guint n = 0;

    for (guint i = 0; i < hosts->len; i++) {
        const char *path = g_ptr_array_index(hosts, i);
        const char *name = client_get_string(self->client, path, INTERFACE_HOST, "Name");
        const char *reason = client_get_string(self->client, path, INTERFACE_HOST, "Reason");
        if (!g_str_equal(client_get_string(self->client, path, INTERFACE_HOST, "Role"),
                         "destination"))
            continue;
        n++;
        if (*reason)
            doctor_add(self, "destination", DOCTOR_FAILED, g_strdup_printf("%s: %s", name, reason),
                       "make virsh -c URI list work from this host, as root");
        else
            doctor_add(self, "destination", DOCTOR_OK, g_strdup_printf("%s: usable", name), "");
    }
    if (n == 0)
        doctor_add(self, "destination", DOCTOR_FAILED,
                   g_strdup("none is configured: nothing can be moved away"),
                   "name one in " DESTINATIONS_FILE ", then systemctl reload virt-omend");
}

/* Would each domain find a way out now? */
static void
check_plan(Doctor *self)
{
    const char *const all[] = {NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) moves = NULL;
    g_autoptr(GVariant) stays = NULL;
    g_autoptr(GVariant) reply =
        client_call(self->client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "Plan",
                    g_variant_new("(^ass@a{sv})", all, "", g_variant_new("a{sv}", NULL)), &error);

    if (!reply) {
        doctor_add(self, "plan", DOCTOR_WARNING, g_strdup(error->message), "try again later");
        return;
    }
    g_variant_get(reply, "(t@aa{sv}@aa{sv})", NULL, &moves, &stays);
    for (gsize i = 0; i < g_variant_n_children(stays); i++) {
        g_autoptr(GVariant) row = g_variant_get_child_value(stays, i);
        const char *domain = "";
        const char *reason = "";
        g_variant_lookup(row, "domain", "&s", &domain);
        g_variant_lookup(row, "reason", "&s", &reason);
        doctor_add(self, "plan", DOCTOR_WARNING,
                   g_strdup_printf("%s would stay: %s", domain, reason),
                   "fix this, or accept that this domain stays");
    }
    doctor_add(
        self, "plan", DOCTOR_OK,
        g_strdup_printf("%" G_GSIZE_FORMAT " domains could leave now", g_variant_n_children(moves)),
        "");
}

void
doctor_check_daemon(Doctor *self)
{
    if (!self->client || !self->status) {
        doctor_add(self, "daemon", DOCTOR_FAILED, g_strdup("virt-omend does not answer on D-Bus"),
                   "systemctl start virt-omend; journalctl -u virt-omend shows why it stopped");
        return;
    }
    doctor_add(self, "daemon", DOCTOR_OK,
               g_strdup_printf("virt-omend %s answers",
                               client_get_string(self->client, OMEN_BUS_MANAGER_PATH,
                                                 INTERFACE_MANAGER, "Version")),
               "");
    check_libvirt(self);
    check_mode(self);
    check_problems(self);
    check_sources(self);
    check_destinations(self);
    check_plan(self);
}

/* Rows whose URIs are not used: these hosts are nobody's destinations. */
static void
check_uris(Doctor *self, GVariant *rows)
{
    for (gsize i = 0; i < g_variant_n_children(rows); i++) {
        g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
        const char *host = "";
        const char *why = "";
        g_variant_lookup(row, "host", "&s", &host);
        if (g_variant_lookup(row, "uri_refused", "&s", &why))
            doctor_add(
                self, "fleet", DOCTOR_WARNING,
                g_strdup_printf("%s is no destination, its URI is not used: %s", host, why),
                "set own_uri=qemu+tls://HOST/system in [evacuation] there; or, where the network "
                "is trusted, name its transport in [fleet] transports here");
    }
}

/* The store answers: asked through the daemon, as it asks itself. */
void
doctor_check_fleet(Doctor *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariant) rows = NULL;

    if (!self->client || !self->configuration || !self->configuration->fleet.endpoints[0])
        return;
    reply = client_call(self->client, OMEN_BUS_MANAGER_PATH, INTERFACE_MANAGER, "ListFleet",
                        g_variant_new("(@a{sv})", g_variant_new("a{sv}", NULL)), &error);
    if (!reply) {
        doctor_add(self, "fleet", DOCTOR_FAILED, g_strdup(error->message),
                   "see [fleet] in virt-omen.conf(5); etcdctl endpoint health tells of the store");
        return;
    }
    rows = g_variant_get_child_value(reply, 0);
    doctor_add(self, "fleet", DOCTOR_OK,
               g_strdup_printf("the store answers, and lists %" G_GSIZE_FORMAT " hosts",
                               g_variant_n_children(rows)),
               "");
    check_uris(self, rows);
}

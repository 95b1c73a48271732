/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the fleet's hosts, as they were last read, are destinations. */
#include "daemon-private.h"

#include "evacuation/libvirt/destination.h"
#include "fleet/choice.h"
#include "fleet/known.h"
#include "fleet/uri.h"

/* Of thousands of hosts these few are probed, and planned with. */
#define MAX_DESTINATIONS 8
/* Behind those of the files, whose weight is 100 unless they say another. */
#define WEIGHT 50

const char *
omen_daemon_get_fleet_name(OmenDaemon *self)
{
    return *self->configuration->fleet_name ? self->configuration->fleet_name : g_get_host_name();
}

/* By its name, or as the files call it by the same URI. */
const OmenFleetHost *
omen_daemon_find_fleet_host(OmenDaemon *self, const OmenDestination *destination)
{
    return omen_fleet_known_find(self->fleet_hosts, destination->name, destination->uri);
}

static gboolean
is_barred(const OmenFleetHost *host)
{
    return omen_fleet_known_is_barred(host, g_get_monotonic_time(), OMEN_DAEMON_FLEET_MAX_AGE_US);
}

gboolean
omen_daemon_is_barred(OmenDaemon *self, const char *name, const char *uri)
{
    const OmenFleetHost *host = omen_fleet_known_find(self->fleet_hosts, name, uri);

    return host && is_barred(host);
}

static gboolean
has_destination(GPtrArray *destinations, const OmenFleetHost *host)
{
    for (guint i = 0; i < destinations->len; i++) {
        const OmenDestination *one = g_ptr_array_index(destinations, i);
        if (omen_fleet_known_is(host, one->name, one->uri))
            return TRUE;
    }
    return FALSE;
}

/* (transfer container): borrowed until the list is read anew. */
static GPtrArray *
choose(OmenDaemon *self)
{
    const OmenFleetSeeker seeker = {.name = omen_daemon_get_fleet_name(self),
                                    .labels = self->configuration->fleet_labels,
                                    .transports = self->configuration->fleet_transports};

    return omen_fleet_choose(self->fleet_hosts, &seeker, MAX_DESTINATIONS);
}

void
omen_daemon_add_fleet_destinations(OmenDaemon *self, GPtrArray *destinations)
{
    g_autoptr(GPtrArray) chosen = NULL;

    if (!self->fleet_hosts)
        return;
    chosen = choose(self);
    for (guint i = 0; i < chosen->len; i++) {
        OmenFleetHost *host = g_ptr_array_index(chosen, i);
        const OmenDestinationTerms terms = {.name = host->name,
                                            .uri = host->uri,
                                            .migrate_uri = "",
                                            .bus = "",
                                            .labels = host->labels,
                                            .weight = WEIGHT - i};
        if (!has_destination(destinations, host))
            g_ptr_array_add(destinations, omen_destination_new(&terms));
    }
}

char *
omen_daemon_describe_fleet_choice(OmenDaemon *self, guint *n_chosen)
{
    g_autoptr(GPtrArray) chosen = choose(self);
    g_autoptr(GString) text = g_string_new(NULL);

    *n_chosen = 0;
    for (guint i = 0; i < chosen->len; i++) {
        const OmenFleetHost *host = g_ptr_array_index(chosen, i);
        *n_chosen += host->is_missing ? 0 : 1;
        g_string_append_printf(text, "%s %s\n", host->name, host->uri);
    }
    for (guint i = 0; i < self->fleet_hosts->len; i++) {
        const OmenFleetHost *host = g_ptr_array_index(self->fleet_hosts, i);
        if (is_barred(host))
            g_string_append_printf(text, "not %s %s\n", host->name, host->uri);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

void
omen_daemon_mark_refused_uris(OmenDaemon *self, GPtrArray *hosts)
{
    const char *const *transports = (const char *const *) self->configuration->fleet_transports;

    for (guint i = 0; i < hosts->len; i++) {
        OmenFleetHost *host = g_ptr_array_index(hosts, i);
        g_free(host->uri_refused);
        host->uri_refused = *host->uri ? omen_fleet_uri_find_fault(host->uri, transports) : NULL;
    }
}

/* Each once, until it says another. */
void
omen_daemon_warn_of_refused_uris(OmenDaemon *self)
{
    g_autoptr(GHashTable) told = g_steal_pointer(&self->fleet_refused);

    self->fleet_refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < self->fleet_hosts->len; i++) {
        const OmenFleetHost *host = g_ptr_array_index(self->fleet_hosts, i);
        g_autofree char *text = NULL;
        if (!host->uri_refused)
            continue;
        text =
            g_strdup_printf("%s gives a URI that is not used: %s", host->name, host->uri_refused);
        if (!told || !g_hash_table_contains(told, text))
            g_warning("fleet: %s", text);
        g_hash_table_add(self->fleet_refused, g_steal_pointer(&text));
    }
}

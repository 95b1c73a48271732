/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the fleet's hosts, as they were last read, are destinations. */
#include "daemon-private.h"

#include "evacuation/libvirt/destination.h"
#include "fleet/choice.h"
#include "fleet/uri.h"

/* Of thousands of hosts these few are probed, and planned with. */
#define MAX_DESTINATIONS 8
/* Behind those of the files, whose weight is 100 unless they say another. */
#define WEIGHT 50
/* What was known longer ago than this is no reason against a destination of the files. */
#define KNOWN_MAX_AGE_US (15 * G_TIME_SPAN_MINUTE)

const char *
omen_daemon_get_fleet_name(OmenDaemon *self)
{
    return *self->configuration->fleet_name ? self->configuration->fleet_name : g_get_host_name();
}

static const OmenFleetHost *
find_host(OmenDaemon *self, const char *name)
{
    for (guint i = 0; self->fleet_hosts && i < self->fleet_hosts->len; i++) {
        const OmenFleetHost *host = g_ptr_array_index(self->fleet_hosts, i);
        if (g_str_equal(host->name, name))
            return host;
    }
    return NULL;
}

/* By its name, or as the files call it by the same URI. */
const OmenFleetHost *
omen_daemon_find_fleet_host(OmenDaemon *self, const OmenDestination *destination)
{
    const OmenFleetHost *host = find_host(self, destination->name);

    for (guint i = 0; !host && self->fleet_hosts && i < self->fleet_hosts->len; i++) {
        const OmenFleetHost *one = g_ptr_array_index(self->fleet_hosts, i);
        if (*one->uri && g_str_equal(one->uri, destination->uri))
            host = one;
    }
    return host;
}

gboolean
omen_daemon_is_barred(OmenDaemon *self, const char *name)
{
    const OmenFleetHost *host = find_host(self, name);
    gboolean is_known = g_get_monotonic_time() - self->fleet_read_us < KNOWN_MAX_AGE_US;

    return host && (host->maintenance || (is_known && !host->takes));
}

static gboolean
has_destination(GPtrArray *destinations, const char *name)
{
    for (guint i = 0; i < destinations->len; i++) {
        const OmenDestination *one = g_ptr_array_index(destinations, i);
        if (g_str_equal(one->name, name))
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
        if (!has_destination(destinations, host->name))
            g_ptr_array_add(destinations, omen_destination_new(&terms));
    }
}

char *
omen_daemon_describe_fleet_choice(OmenDaemon *self, guint *n_chosen)
{
    g_autoptr(GPtrArray) chosen = choose(self);
    g_autoptr(GString) text = g_string_new(NULL);

    *n_chosen = chosen->len;
    for (guint i = 0; i < chosen->len; i++) {
        const OmenFleetHost *host = g_ptr_array_index(chosen, i);
        g_string_append_printf(text, "%s %s\n", host->name, host->uri);
    }
    for (guint i = 0; i < self->fleet_hosts->len; i++) {
        const OmenFleetHost *host = g_ptr_array_index(self->fleet_hosts, i);
        if (omen_daemon_is_barred(self, host->name))
            g_string_append_printf(text, "not %s\n", host->name);
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

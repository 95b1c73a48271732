/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the fleet's hosts, as they were last read, are destinations. */
#include "daemon-private.h"

#include "evacuation/libvirt/destination.h"
#include "fleet/choice.h"

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

void
omen_daemon_add_fleet_destinations(OmenDaemon *self, GPtrArray *destinations)
{
    g_autoptr(GPtrArray) chosen = NULL;

    if (!self->fleet_hosts)
        return;
    chosen = omen_fleet_choose(self->fleet_hosts, omen_daemon_get_fleet_name(self),
                               self->configuration->fleet_labels, MAX_DESTINATIONS);
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
    g_autoptr(GPtrArray) chosen =
        omen_fleet_choose(self->fleet_hosts, omen_daemon_get_fleet_name(self),
                          self->configuration->fleet_labels, MAX_DESTINATIONS);
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

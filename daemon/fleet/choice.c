/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/choice.h"

#include "fleet/uri.h"

#define RACK "rack="

typedef struct {
    OmenFleetHost *host; /* borrowed */
    gboolean is_there;
    gboolean is_well;
    gboolean is_apart;
    double room;
} Candidate;

/* (nullable): borrowed. */
static const char *
find_rack(char **labels)
{
    for (; *labels; labels++) {
        if (g_str_has_prefix(*labels, RACK))
            return *labels;
    }
    return NULL;
}

/* 0.5 to 1, the same for the same two hosts. */
static double
weigh(const char *own_name, const char *name)
{
    g_autofree char *both = g_strconcat(own_name, "/", name, NULL);

    /* Names that differ in their last letter have neighbouring hashes: Knuth's factor parts them.
     */
    return 0.5 + (g_str_hash(both) * 2654435769u >> 16) / 131072.0;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const Candidate *left = a;
    const Candidate *right = b;

    if (left->is_there != right->is_there)
        return left->is_there ? -1 : 1;
    if (left->is_well != right->is_well)
        return left->is_well ? -1 : 1;
    if (left->is_apart != right->is_apart)
        return left->is_apart ? -1 : 1;
    if (left->room > right->room)
        return -1;
    return left->room < right->room ? 1 : 0;
}

static gboolean
may_take(const OmenFleetHost *host, const OmenFleetSeeker *seeker)
{
    g_autofree char *fault = NULL;

    if (!host->takes || host->maintenance || !*host->uri || g_str_equal(host->name, seeker->name) ||
        g_str_equal(host->health, "red"))
        return FALSE;
    fault = omen_fleet_uri_find_fault(host->uri, (const char *const *) seeker->transports);
    return fault == NULL;
}

GPtrArray *
omen_fleet_choose(GPtrArray *hosts, const OmenFleetSeeker *seeker, guint max)
{
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    const char *own_rack = find_rack(seeker->labels);
    GPtrArray *chosen = g_ptr_array_new();

    for (guint i = 0; i < hosts->len; i++) {
        OmenFleetHost *host = g_ptr_array_index(hosts, i);
        const char *rack = find_rack(host->labels);
        Candidate one = {.host = host,
                         .is_there = !host->is_missing,
                         .is_well = g_str_equal(host->health, "green"),
                         .is_apart = own_rack && rack && !g_str_equal(own_rack, rack),
                         .room = (double) host->free_mib * weigh(seeker->name, host->name)};
        if (may_take(host, seeker))
            g_array_append_val(candidates, one);
    }
    g_array_sort(candidates, compare);
    for (guint i = 0; i < MIN(candidates->len, max); i++)
        g_ptr_array_add(chosen, g_array_index(candidates, Candidate, i).host);
    return chosen;
}

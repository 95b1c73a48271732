/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/limiter.h"

#include "omen/cause.h"
#include "omen/track-record.h"

#define DAY_US ((gint64) 24 * 3600 * G_USEC_PER_SEC)

static gboolean
is_certain(const OmenLimiterSettings *limits, const OmenLimiterFacts *facts)
{
    return facts->probability * 100 >= limits->certain_percent || facts->n_independent > 0 ||
           facts->last_us - facts->first_us >= (gint64) limits->lasting_s * G_USEC_PER_SEC;
}

static gboolean
is_storm_of_domains(const OmenLimiterSettings *limits, const OmenLimiterFacts *facts)
{
    return facts->is_of_domain && limits->storm_domains > 0 &&
           facts->n_alarmed_domains >= limits->storm_domains &&
           2 * facts->n_alarmed_domains > facts->n_domains;
}

static gboolean
is_storm_of_hosts(const OmenLimiterFacts *facts)
{
    return facts->n_destinations > 0 &&
           2 * facts->n_endangered_destinations > facts->n_destinations;
}

OmenHold
omen_limiter_weigh(const OmenLimiterSettings *limits,
                   const OmenLimiterFacts *facts,
                   const char **explanation)
{
    *explanation = "";
    if (limits->ask_in_storm && is_storm_of_hosts(facts)) {
        *explanation = "most other hosts are endangered as well: a common cause is likely, and "
                       "moving would not help; waits for approval";
        return OMEN_HOLD_ASKING;
    }
    if (limits->ask_in_storm && is_storm_of_domains(limits, facts)) {
        *explanation = "most domains are alarmed at once: a common cause is likely, and moving "
                       "would not help; waits for approval";
        return OMEN_HOLD_ASKING;
    }
    if ((limits->domain_budget > 0 && facts->n_moves_of_domain >= limits->domain_budget) ||
        (limits->host_budget > 0 && facts->n_moves >= limits->host_budget)) {
        *explanation = "too many evacuations in a day already (domain_budget, host_budget); waits "
                       "for approval";
        return OMEN_HOLD_ASKING;
    }
    if (!is_certain(limits, facts)) {
        *explanation = "one sign that is not certain: waits for it to last (lasting_s), for "
                       "a second one, or for approval";
        return OMEN_HOLD_WAITING;
    }
    if (!facts->is_under_way && facts->last_action_us > 0 &&
        facts->now_us - facts->last_action_us < (gint64) limits->pause_s * G_USEC_PER_SEC) {
        *explanation = "an evacuation was begun only just: waits for the pause after it "
                       "(pause_s), or for approval";
        return OMEN_HOLD_WAITING;
    }
    /* Whom it concerns is not known then, nor can anything be moved. */
    if (facts->is_disconnected) {
        *explanation = "libvirt does not answer: waits until it does, or for approval";
        return OMEN_HOLD_WAITING;
    }
    return OMEN_HOLD_NONE;
}

/* ---- what is so ---- */

/* Trouble of two devices is one danger only where both reach the whole host. */
static gboolean
is_of_same_devices(const OmenData *omen, const OmenData *other)
{
    return (omen_data_is_of_host(omen) && omen_data_is_of_host(other)) ||
           g_str_equal(omen->device, other->device);
}

/* About the same danger, by another word than this omen's. A guest's word counts for nothing, nor
 * does what is not proven. */
static gboolean
is_independent(const OmenData *omen, const OmenData *other)
{
    if (!*omen->domain_uuid && !is_of_same_devices(omen, other))
        return FALSE;
    return other->id != omen->id && other->is_proven &&
           other->failure_class != OMEN_FAILURE_UNKNOWN && other->scope != OMEN_SCOPE_GUEST &&
           g_str_equal(other->domain_uuid, omen->domain_uuid) &&
           (other->failure_class != omen->failure_class ||
            !g_str_equal(other->stream, omen->stream));
}

static void
gather_omens(const OmenData *omen, OmenRegistry *omens, OmenLimiterFacts *facts)
{
    g_autoptr(GPtrArray) list = omen_registry_list(omens);
    g_autoptr(GHashTable) alarmed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < list->len; i++) {
        Omen *one = g_ptr_array_index(list, i);
        const OmenData *other = omen_get_data(one);
        if (!omen_is_open(one, facts->now_us))
            continue;
        facts->n_independent += is_independent(omen, other) ? 1 : 0;
        /* Guests could feign a storm, and so keep others from being moved. */
        if (*other->domain_uuid && other->is_proven && other->scope != OMEN_SCOPE_GUEST)
            g_hash_table_add(alarmed, g_strdup(other->domain_uuid));
    }
    facts->n_alarmed_domains = g_hash_table_size(alarmed);
}

static void
gather_evacuations(const OmenData *omen, OmenEvacuator *evacuator, OmenLimiterFacts *facts)
{
    g_autoptr(GPtrArray) list = omen_evacuator_list(evacuator);
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < list->len; i++) {
        const OmenEvacuationData *data = omen_evacuation_get_data(g_ptr_array_index(list, i));
        gboolean concerns =
            !*omen->domain_uuid || g_str_equal(omen->domain_uuid, data->domain_uuid);
        guint count;
        if (data->omen_id == 0 || facts->now_us - data->queued_us > DAY_US)
            continue;
        facts->n_moves++;
        if (!concerns)
            continue;
        count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, data->domain_uuid)) + 1;
        g_hash_table_replace(counts, g_strdup(data->domain_uuid), GUINT_TO_POINTER(count));
        facts->n_moves_of_domain = MAX(facts->n_moves_of_domain, count);
        facts->last_action_us = MAX(facts->last_action_us, data->queued_us);
        facts->is_under_way = facts->is_under_way || !omen_phase_is_final(data->phase);
    }
}

OmenLimiterFacts
omen_limiter_gather(const OmenData *omen,
                    OmenRegistry *omens,
                    OmenEvacuator *evacuator,
                    OmenHypervisor *hypervisor,
                    gint64 now_us)
{
    OmenLimiterFacts facts = {.probability = omen->probability,
                              .first_us = omen->time_us,
                              .last_us = omen->last_us,
                              .now_us = now_us,
                              .is_of_domain = *omen->domain_uuid != '\0'};
    g_autoptr(GPtrArray) list = omen_registry_list(omens);
    g_autoptr(GPtrArray) probes = omen_evacuator_list_probes(evacuator);
    g_auto(GStrv) running = omen_hypervisor_list_active_uuids(hypervisor);

    facts.probability = omen_track_record_correct_probability(list, omen);
    facts.n_independent = omen_cause_count_witnesses(omen);
    gather_omens(omen, omens, &facts);
    gather_evacuations(omen, evacuator, &facts);
    facts.is_disconnected = !omen_hypervisor_is_connected(hypervisor);
    facts.n_domains = g_strv_length(running);
    facts.n_destinations = probes->len;
    for (guint i = 0; i < probes->len; i++) {
        const OmenDestinationProbe *probe = g_ptr_array_index(probes, i);
        facts.n_endangered_destinations += probe->endangered ? 1 : 0;
    }
    return facts;
}

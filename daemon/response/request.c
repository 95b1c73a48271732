/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/request.h"

#include "response/policy.h"

static gboolean
is_host_endangered(OmenRegistry *omens)
{
    return omen_registry_get_host_danger(omens, g_get_real_time()) != NULL;
}

OmenEvacuationRequest
omen_request_of_omen(OmenRegistry *omens, const OmenData *omen)
{
    gboolean of_host = omen_policy_decide(OMEN_MODE_ENFORCE, omen).endangers == OMEN_ENDANGERS_HOST;

    return (OmenEvacuationRequest){
        .omen_id = omen->id,
        .deadline_us = omen_policy_deadline_us(omen),
        .host_may_die = of_host || is_host_endangered(omens),
        .memory_is_short = of_host && omen->failure_class == OMEN_FAILURE_OOM,
    };
}

/* When the host is expected to fail, by its open omens; 0: nothing says so. */
static gint64
get_deadline_us(OmenRegistry *omens)
{
    Omen *danger = omen_registry_get_host_danger(omens, g_get_real_time());

    return danger ? omen_policy_deadline_us(omen_get_data(danger)) : 0;
}

OmenEvacuationRequest
omen_request_describe(OmenRegistry *omens, guint64 omen_id)
{
    Omen *omen = omen_registry_lookup(omens, omen_id);

    if (omen)
        return omen_request_of_omen(omens, omen_get_data(omen));
    return (OmenEvacuationRequest){
        .omen_id = omen_id,
        .deadline_us = get_deadline_us(omens),
        .host_may_die = omen_id != 0 || is_host_endangered(omens),
    };
}

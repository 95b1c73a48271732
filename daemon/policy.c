/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy.h"

static OmenEndangers
who_is_endangered(const OmenOmenData *omen)
{
    if (*omen->domain_uuid)
        return OMEN_ENDANGERS_DOMAIN;

    switch (omen->scope) {
    case OMEN_SCOPE_HOST:
    case OMEN_SCOPE_DEVICE: /* whose device is not known: take it for everybody's */
        return OMEN_ENDANGERS_HOST;
    case OMEN_SCOPE_NONE:
    case OMEN_SCOPE_DOMAIN:
    case OMEN_SCOPE_GUEST:
    default:
        return OMEN_ENDANGERS_NOBODY;
    }
}

OmenPolicyDecision
omen_policy_decide(OmenMode mode, const OmenOmenData *omen)
{
    OmenPolicyDecision decision = {who_is_endangered(omen), OMEN_ACTION_RECORDED, ""};

    if (decision.endangers == OMEN_ENDANGERS_NOBODY) {
        decision.explanation = "no domain is endangered by this";
    } else if (!omen->migration_helps) {
        decision.explanation = "moving domains away does not help against this";
    } else if (mode == OMEN_MODE_OBSERVE) {
        decision.explanation = "mode observe: only recorded";
    } else if (omen->scope == OMEN_SCOPE_GUEST) {
        decision.action = OMEN_ACTION_PROPOSED;
        decision.explanation = "a guest's own word moves nothing without approval";
    } else if (mode == OMEN_MODE_ADVISE) {
        decision.action = OMEN_ACTION_PROPOSED;
        decision.explanation = "mode advise: waits for approval";
    } else {
        decision.action = OMEN_ACTION_EVACUATING;
    }
    return decision;
}

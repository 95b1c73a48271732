/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is configured, in the planner's terms. Pure. */
#include "evacuation/queue/evacuator-private.h"

#define MIB                 (1024.0 * 1024.0)
#define ASSUMED_BYTES_PER_S (110 * MIB) /* of one move, where nothing is configured */

OmenPlanLimits
omen_plan_make_limits(const OmenEvacuatorLimits *limits, double deadline_s)
{
    OmenPlanLimits plan = {
        .concurrency = MAX(limits->concurrency, 1),
        .concurrency_a_destination = limits->concurrency_a_destination,
        .move_bytes_per_second = limits->bandwidth_mib * MIB,
        .deadline_s = deadline_s,
    };

    if (limits->link_mib > 0) {
        plan.link_bytes_per_second = limits->link_mib * MIB;
    } else {
        if (limits->bandwidth_mib == 0)
            plan.move_bytes_per_second = ASSUMED_BYTES_PER_S;
        plan.link_bytes_per_second = plan.move_bytes_per_second * plan.concurrency;
    }
    return plan;
}

guint64
omen_plan_room_of(const OmenEvacuatorLimits *limits, guint64 free_bytes, guint64 promised_bytes)
{
    guint64 taken = limits->reserve_bytes + promised_bytes;

    return free_bytes > taken ? free_bytes - taken : 0;
}

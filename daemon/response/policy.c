/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/policy.h"

static OmenEndangers
who_is_endangered(const OmenData *omen)
{
    if (*omen->domain_uuid)
        return omen->is_reach_sought ? OMEN_ENDANGERS_NOBODY : OMEN_ENDANGERS_DOMAIN;
    if (omen_data_is_of_host(omen))
        return OMEN_ENDANGERS_HOST;
    return omen->device_reach && omen->device_reach->reach == OMEN_REACH_DOMAINS
               ? OMEN_ENDANGERS_USERS
               : OMEN_ENDANGERS_NOBODY;
}

/* The judge says what is typical of a sign. Half of it is planned with, since a deadline that is
 * somewhat too tight only changes the order. */
#define SHARE_OF_URGENCY 2

/*
 * What is planned with where the judge says nothing: seconds from the first sign to the failure. In
 * VMFT-LAD's data: disk median 1060 (132 to 2439), buffer I/O 761 (187 to 1447), CPU 1429 (1088 to
 * 1481), out of memory 300 (226 to 1537). Half-way between the shortest and the median; of the
 * other classes half of the typical time.
 */
static const guint urgencies_s[OMEN_N_FAILURE_CLASSES] = {
    [OMEN_FAILURE_DISK] = 596,           [OMEN_FAILURE_NVME] = 596,
    [OMEN_FAILURE_RAID] = 596,           [OMEN_FAILURE_FILESYSTEM] = 474,
    [OMEN_FAILURE_STORAGE_FABRIC] = 474, [OMEN_FAILURE_QEMU_BLOCK] = 474,
    [OMEN_FAILURE_HUNG_TASK] = 474,      [OMEN_FAILURE_MCE] = 1258,
    [OMEN_FAILURE_CPU_LOCKUP] = 1258,    [OMEN_FAILURE_OOM] = 263,
    [OMEN_FAILURE_MEMORY] = 1800,        [OMEN_FAILURE_PCIE] = 1800,
    [OMEN_FAILURE_THERMAL] = 900,        [OMEN_FAILURE_POWER] = 300,
    [OMEN_FAILURE_KERNEL_BUG] = 300,     [OMEN_FAILURE_LIBVIRT] = 300,
    [OMEN_FAILURE_SERVICE] = 300,        [OMEN_FAILURE_UNKNOWN] = 300,
};

gint64
omen_policy_deadline_us(const OmenData *omen)
{
    guint seconds = omen->urgency_s > 0 ? MAX(omen->urgency_s / SHARE_OF_URGENCY, 1)
                                        : urgencies_s[omen->failure_class];

    return seconds > 0 ? omen->time_us + (gint64) seconds * G_USEC_PER_SEC : 0;
}

OmenPolicyDecision
omen_policy_decide(OmenMode mode, const OmenData *omen)
{
    OmenPolicyDecision decision = {who_is_endangered(omen), OMEN_ACTION_RECORDED, FALSE, ""};

    if (decision.endangers == OMEN_ENDANGERS_NOBODY) {
        decision.explanation = omen->is_reach_sought ? "looking up which domains use the device"
                               : omen->device_reach  ? omen->device_reach->note
                                                     : "no domain is endangered by this";
    } else if (omen_data_is_shared(omen)) {
        decision.explanation = omen->device_reach->note;
    } else if (!omen->migration_helps) {
        decision.explanation = "moving domains away does not help against this";
    } else if (omen->failure_class != OMEN_FAILURE_UNKNOWN && omen_data_is_noted(omen)) {
        decision.explanation = "recorded: healthy systems also show this now and then; more of "
                               "it will be proposed";
    } else if (mode == OMEN_MODE_OBSERVE) {
        decision.explanation = "mode observe: only recorded";
    } else if (omen->scope == OMEN_SCOPE_GUEST) {
        decision.action = OMEN_ACTION_PROPOSED;
        decision.explanation = "a guest's own log moves nothing without approval";
    } else if (!omen->is_proven) {
        decision.action = OMEN_ACTION_PROPOSED;
        decision.explanation = OMEN_POLICY_NOT_PROVEN;
    } else if (mode == OMEN_MODE_ADVISE) {
        decision.action = OMEN_ACTION_PROPOSED;
        decision.explanation = "mode advise: waits for approval";
    } else if (omen->failure_class == OMEN_FAILURE_UNKNOWN) {
        decision.action = OMEN_ACTION_PROPOSED;
        decision.needs_backing = TRUE;
        decision.explanation =
            "of unknown class: waits for approval, or for a sign of another class";
    } else {
        decision.action = OMEN_ACTION_EVACUATING;
    }
    return decision;
}

gboolean
omen_policy_is_unanswered(const OmenData *omen, gboolean is_other)
{
    if (omen->action == OMEN_ACTION_RECORDED || omen->action == OMEN_ACTION_PROPOSED)
        return TRUE;
    return is_other &&
           (omen->action == OMEN_ACTION_EVACUATING || omen->action == OMEN_ACTION_FINISHED);
}

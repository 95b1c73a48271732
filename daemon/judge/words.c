/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classes of failure, their certainty and scopes, as they are written. */
#include <virt-omen/judge.h>

static const char *const class_words[OMEN_N_FAILURE_CLASSES] = {
    [OMEN_FAILURE_BENIGN] = "benign",
    [OMEN_FAILURE_DISK] = "disk",
    [OMEN_FAILURE_NVME] = "nvme",
    [OMEN_FAILURE_RAID] = "raid",
    [OMEN_FAILURE_FILESYSTEM] = "filesystem",
    [OMEN_FAILURE_STORAGE_FABRIC] = "storage-fabric",
    [OMEN_FAILURE_MEMORY] = "memory",
    [OMEN_FAILURE_OOM] = "oom",
    [OMEN_FAILURE_MCE] = "mce",
    [OMEN_FAILURE_CPU_LOCKUP] = "cpu-lockup",
    [OMEN_FAILURE_HUNG_TASK] = "hung-task",
    [OMEN_FAILURE_THERMAL] = "thermal",
    [OMEN_FAILURE_POWER] = "power",
    [OMEN_FAILURE_PCIE] = "pcie",
    [OMEN_FAILURE_NIC] = "nic",
    [OMEN_FAILURE_KERNEL_BUG] = "kernel-bug",
    [OMEN_FAILURE_QEMU_BLOCK] = "qemu-block",
    [OMEN_FAILURE_QEMU] = "qemu",
    [OMEN_FAILURE_LIBVIRT] = "libvirt",
    [OMEN_FAILURE_GUEST] = "guest",
    [OMEN_FAILURE_SERVICE] = "service",
    [OMEN_FAILURE_UNKNOWN] = "unknown",
};

/* From this probability on a failure is certain. */
#define CERTAIN 0.9

const char *
omen_failure_get_certainty(OmenFailureClass failure_class, double probability)
{
    if (failure_class == OMEN_FAILURE_UNKNOWN)
        return "unknown";
    return probability >= CERTAIN ? "certain" : "likely";
}

static const char *const scope_words[] = {
    [OMEN_SCOPE_NONE] = "none",     [OMEN_SCOPE_HOST] = "host",   [OMEN_SCOPE_DEVICE] = "device",
    [OMEN_SCOPE_DOMAIN] = "domain", [OMEN_SCOPE_GUEST] = "guest",
};

static gboolean
find_word(const char *const *words, gsize n_words, const char *word, guint *index)
{
    for (gsize i = 0; i < n_words; i++) {
        if (g_str_equal(words[i], word)) {
            *index = (guint) i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *
omen_failure_class_to_string(OmenFailureClass failure_class)
{
    return class_words[failure_class];
}

gboolean
omen_failure_class_from_string(const char *word, OmenFailureClass *out)
{
    guint index;

    if (!find_word(class_words, G_N_ELEMENTS(class_words), word, &index))
        return FALSE;
    *out = (OmenFailureClass) index;
    return TRUE;
}

const char *
omen_failure_class_get_first_step(OmenFailureClass failure_class)
{
    static const char *const drive = "read the drive's own counters (smartctl -x, nvme smart-log), "
                                     "then look at cable and slot; replace it once it is not used";
    static const char *const unit =
        "read its journal (systemctl status); restart it: domains go on "
        "without it";
    static const char *const stall =
        "see whether storage is slow (iostat -x) or the host overcommitted (/proc/pressure)";
    static const char *const log = "read the domain's own log (/var/log/libvirt/qemu)";
    const char *const steps[OMEN_N_FAILURE_CLASSES] = {
        [OMEN_FAILURE_DISK] = drive,
        [OMEN_FAILURE_NVME] = drive,
        [OMEN_FAILURE_RAID] = "see which member is gone (/proc/mdstat or the controller's tool), "
                              "and replace it before a second one goes",
        [OMEN_FAILURE_FILESYSTEM] = "see whether the device below it is well (dmesg, smartctl); "
                                    "only then check the filesystem, unmounted",
        [OMEN_FAILURE_STORAGE_FABRIC] = "see whether one path is gone or all (multipath -ll), and "
                                        "whether other hosts have lost it too",
        [OMEN_FAILURE_MEMORY] = "find the DIMM (ras-mc-ctl --errors), and replace it",
        [OMEN_FAILURE_OOM] = "see who uses the memory (ps, virsh dommemstat): was too much "
                             "promised?",
        [OMEN_FAILURE_MCE] = "find the processor and bank (ras-mc-ctl --errors, the management "
                             "processor's log); update the firmware, then replace the part",
        [OMEN_FAILURE_CPU_LOCKUP] = stall,
        [OMEN_FAILURE_HUNG_TASK] = stall,
        [OMEN_FAILURE_THERMAL] = "look at fans and inlet temperature; is the whole rack hot?",
        [OMEN_FAILURE_POWER] = "look at both power supplies; is the whole rack concerned?",
        [OMEN_FAILURE_PCIE] = "find the device (lspci -s), reseat it, update its firmware",
        [OMEN_FAILURE_NIC] = "look at the cable and the switch's port; does migration use it?",
        [OMEN_FAILURE_KERNEL_BUG] = "keep the trace, and restart the host once it is empty",
        [OMEN_FAILURE_QEMU_BLOCK] = "see whether the domain's storage is full or failing",
        [OMEN_FAILURE_QEMU] = log,
        [OMEN_FAILURE_GUEST] = log,
        [OMEN_FAILURE_LIBVIRT] = unit,
        [OMEN_FAILURE_SERVICE] = unit,
        [OMEN_FAILURE_UNKNOWN] = "read its lines, then confirm or dismiss it: either is learnt",
    };

    return steps[failure_class] ? steps[failure_class] : "";
}

const char *
omen_grade_to_string(OmenGrade grade)
{
    static const char *const words[] = {
        [OMEN_GRADE_NONE] = "none",         [OMEN_GRADE_CORRECTED] = "corrected",
        [OMEN_GRADE_DEGRADED] = "degraded", [OMEN_GRADE_FAILING] = "failing",
        [OMEN_GRADE_FAILED] = "failed",
    };

    return words[grade];
}

const char *
omen_scope_to_string(OmenScope scope)
{
    return scope_words[scope];
}

gboolean
omen_scope_from_string(const char *word, OmenScope *out)
{
    guint index;

    if (!find_word(scope_words, G_N_ELEMENTS(scope_words), word, &index))
        return FALSE;
    *out = (OmenScope) index;
    return TRUE;
}

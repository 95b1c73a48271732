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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omen/cause.h"

#include <string.h>

#define LIKELY     0.8

#define BIT(class) (1u << (OMEN_FAILURE_##class))

#define STORAGE                                                                                    \
    (BIT(DISK) | BIT(NVME) | BIT(RAID) | BIT(FILESYSTEM) | BIT(STORAGE_FABRIC) | BIT(PCIE))

/* What else is told of a host within the same event, by the class of its cause. */
static const guint32 effects_on_host[OMEN_N_FAILURE_CLASSES] = {
    [OMEN_FAILURE_OOM] =
        BIT(OOM) | BIT(CPU_LOCKUP) | BIT(HUNG_TASK) | BIT(LIBVIRT) | BIT(SERVICE) | BIT(QEMU),
    [OMEN_FAILURE_CPU_LOCKUP] =
        BIT(CPU_LOCKUP) | BIT(HUNG_TASK) | BIT(LIBVIRT) | BIT(SERVICE) | BIT(QEMU),
    [OMEN_FAILURE_STORAGE_FABRIC] = BIT(HUNG_TASK) | BIT(LIBVIRT) | BIT(SERVICE),
    [OMEN_FAILURE_HUNG_TASK] = BIT(LIBVIRT) | BIT(SERVICE),
    [OMEN_FAILURE_MCE] = BIT(MCE) | BIT(MEMORY),
    [OMEN_FAILURE_MEMORY] = BIT(MCE) | BIT(MEMORY),
    [OMEN_FAILURE_LIBVIRT] = BIT(SERVICE),
};

/* What QEMU and libvirt tell of a domain when the host, or the domain's own control group, has such
 * trouble. */
static const guint32 effects_on_domain[OMEN_N_FAILURE_CLASSES] = {
    [OMEN_FAILURE_OOM] = BIT(OOM) | BIT(QEMU) | BIT(CPU_LOCKUP) | BIT(LIBVIRT),
    [OMEN_FAILURE_CPU_LOCKUP] = BIT(CPU_LOCKUP) | BIT(QEMU) | BIT(LIBVIRT),
    [OMEN_FAILURE_MCE] = BIT(QEMU),
    [OMEN_FAILURE_MEMORY] = BIT(QEMU),
};

/* The deeper cause has the higher number. */
static const guint depths[OMEN_N_FAILURE_CLASSES] = {
    [OMEN_FAILURE_OOM] = 3,        [OMEN_FAILURE_MCE] = 3,       [OMEN_FAILURE_MEMORY] = 3,
    [OMEN_FAILURE_DISK] = 3,       [OMEN_FAILURE_NVME] = 3,      [OMEN_FAILURE_RAID] = 3,
    [OMEN_FAILURE_FILESYSTEM] = 3, [OMEN_FAILURE_PCIE] = 3,      [OMEN_FAILURE_STORAGE_FABRIC] = 3,
    [OMEN_FAILURE_CPU_LOCKUP] = 2, [OMEN_FAILURE_HUNG_TASK] = 1,
};

static gboolean
is_of(guint32 classes, OmenFailureClass failure_class)
{
    return (classes & (1u << failure_class)) != 0;
}

static const char *
domain_of(const OmenCourseStep *step)
{
    const char *colon = strchr(step->stream, ':');

    return colon ? colon + 1 : "";
}

/* ---- trouble of the host, or of one domain ---- */

static gboolean
follows(const OmenCourseStep *effect, const OmenCourseStep *cause)
{
    const char *of_cause = domain_of(cause);
    const char *of_effect = domain_of(effect);

    if (cause->scope == OMEN_SCOPE_DEVICE || effect->scope == OMEN_SCOPE_DEVICE)
        return FALSE;
    if (*of_effect)
        return (!*of_cause || g_str_equal(of_cause, of_effect)) &&
               is_of(effects_on_domain[cause->failure_class], effect->failure_class);
    if (*of_cause)
        return FALSE;
    /* "io pressure" comes with memory that is swapped; a fabric that surely fails has its own
     * cause. */
    if (cause->failure_class == OMEN_FAILURE_OOM &&
        effect->failure_class == OMEN_FAILURE_STORAGE_FABRIC)
        return effect->probability < LIKELY;
    return is_of(effects_on_host[cause->failure_class], effect->failure_class);
}

/* ---- trouble of a device ---- */

/* "sdb1" of "sdb", "nvme0n1p2" of "nvme0n1" and of "nvme0". */
static gboolean
is_part_of(const char *part, const char *whole)
{
    const char *rest = part + strlen(whole);

    if (!*whole || !g_str_has_prefix(part, whole))
        return FALSE;
    if (g_ascii_isdigit(rest[-1]))
        return (*rest == 'n' || *rest == 'p') && g_ascii_isdigit(rest[1]);
    return g_ascii_isdigit(*rest);
}

static gboolean
lies_on(const OmenData *omen, const char *device)
{
    return omen->device_reach && *device &&
           g_strv_contains((const char *const *) omen->device_reach->devices, device);
}

static gboolean
is_same_device(const OmenData *a, const OmenData *b)
{
    return g_str_equal(a->device, b->device) || is_part_of(a->device, b->device) ||
           is_part_of(b->device, a->device) || lies_on(a, b->device) || lies_on(b, a->device);
}

static gboolean
is_of_device(const OmenData *omen)
{
    return omen->scope == OMEN_SCOPE_DEVICE && !*omen->domain_uuid &&
           is_of(STORAGE, omen->failure_class);
}

/* A block error that QEMU met is the device's trouble, if the domain is known to lie on it. */
static gboolean
is_met_by(const OmenData *device, const OmenData *domain)
{
    return is_of_device(device) && domain->scope == OMEN_SCOPE_DOMAIN &&
           domain->failure_class == OMEN_FAILURE_QEMU_BLOCK && device->device_reach &&
           omen_device_reach_includes(device->device_reach, domain->domain_uuid);
}

static gboolean
is_shared_device(const OmenData *a, const OmenData *b)
{
    if (is_of_device(a) && is_of_device(b))
        return is_same_device(a, b);
    return is_met_by(a, b) || is_met_by(b, a);
}

/* ---- both ---- */

static gboolean
is_of_guest(const OmenData *omen)
{
    return omen->scope == OMEN_SCOPE_GUEST || g_str_has_prefix(omen->stream, "guest:");
}

/* Whose word must not make one trouble many. */
static gboolean
is_weak(const OmenData *omen)
{
    return omen->scope == OMEN_SCOPE_GUEST || !omen->is_proven;
}

static gboolean
is_same_trouble(const OmenData *a, const OmenData *b)
{
    return a->scope == b->scope && a->failure_class == b->failure_class &&
           (is_weak(a) || g_str_equal(a->device, b->device)) && g_str_equal(a->stream, b->stream) &&
           g_str_equal(a->domain_uuid, b->domain_uuid);
}

/* What leads @b is explained by something of @a. What is explained already links nothing: two
 * causes that have a consequence in common are two. */
static gboolean
explains(const OmenData *a, const OmenData *b)
{
    const OmenCourseStep leader = {.stream = b->stream,
                                   .scope = b->scope,
                                   .failure_class = b->failure_class,
                                   .device = b->device,
                                   .probability = b->probability};

    for (guint i = 0; i < a->course->len; i++) {
        const OmenCourseStep *step = g_ptr_array_index(a->course, i);
        if (omen_course_step_is_alike(step, &leader) || follows(&leader, step))
            return TRUE;
    }
    return FALSE;
}

gboolean
omen_cause_is_shared(const OmenData *earlier, const OmenData *later)
{
    if (earlier->is_proven != later->is_proven)
        return FALSE;
    if (is_same_trouble(earlier, later))
        return TRUE;
    if (!earlier->is_proven || is_of_guest(earlier) || is_of_guest(later))
        return FALSE;
    return is_shared_device(earlier, later) ||
           (later->time_us - earlier->last_us <= OMEN_CAUSE_WINDOW_US &&
            (explains(earlier, later) || explains(later, earlier)));
}

gboolean
omen_cause_is_echo(const OmenData *omen, const OmenData *word)
{
    return omen->is_proven && !word->is_proven && omen->scope == word->scope &&
           omen->failure_class == word->failure_class && g_str_equal(omen->device, word->device) &&
           g_str_equal(omen->stream, word->stream) &&
           g_str_equal(omen->domain_uuid, word->domain_uuid);
}

static gboolean
is_of_one_domain(const OmenData *omen)
{
    return *omen->domain_uuid != '\0';
}

static guint
likely_depth(const OmenData *omen)
{
    return omen->probability >= LIKELY ? depths[omen->failure_class] : 0;
}

gboolean
omen_cause_is_stronger(const OmenData *detection, const OmenData *omen)
{
    if (is_of_one_domain(detection) != is_of_one_domain(omen))
        return is_of_one_domain(omen);
    if (likely_depth(detection) != likely_depth(omen))
        return likely_depth(detection) > likely_depth(omen);
    return detection->probability > omen->probability;
}

guint
omen_cause_count_witnesses(const OmenData *omen)
{
    guint n = 0;

    for (guint i = 0; i < omen->course->len; i++) {
        const OmenCourseStep *step = g_ptr_array_index(omen->course, i);
        gboolean counts = is_of_one_domain(omen) || !*domain_of(step);
        gboolean is_another =
            step->failure_class != omen->failure_class || !g_str_equal(step->stream, omen->stream);
        n += counts && is_another && step->scope != OMEN_SCOPE_GUEST &&
                     step->failure_class != OMEN_FAILURE_UNKNOWN
                 ? 1
                 : 0;
    }
    return n;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* It stayed: would another technique, another destination or another time do better? */
#include "evacuation/libvirt/refusal.h"
#include "evacuation/queue/evacuator-private.h"

#define MAX_ATTEMPTS 4

/* QEMU refuses post-copy before anything is sent, where one of the ends can not do it (as where
 * vm.unprivileged_userfaultfd is 0). How long that takes says nothing: a busy libvirtd needs many
 * seconds. */
static gboolean
was_post_copy_refused(OmenJob *self)
{
    return omen_job_may_post_copy(self) && !self->has_switched && self->last_error &&
           omen_job_get_data(self)->progress <= 0 &&
           (g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_INTERNAL_ERROR) ||
            g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_CONFIG_UNSUPPORTED) ||
            g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_OPERATION_UNSUPPORTED) ||
            g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_ARGUMENT_UNSUPPORTED));
}

/* What lasts is not tried again; @why: static, why it does. */
static OmenRefusal
find_refusal(OmenJob *self, const char **why)
{
    *why = "";
    /* Without post-copy it may be taken. */
    if (self->timed_out || was_post_copy_refused(self))
        return OMEN_REFUSAL_NONE;
    return omen_refusal_classify(self->last_error, why);
}

/* What comes back has no other destination. */
static gboolean
has_alternative(OmenJob *self)
{
    return *omen_job_get_data(self)->source_uri == '\0';
}

/* Another technique at the same destination, or the next destination. FALSE: neither would help. */
static gboolean
change_course(OmenJob *self, OmenRefusal refusal)
{
    const char *destination = omen_job_get_data(self)->destination;

    if (self->timed_out) {
        if (!omen_job_may_post_copy(self) || self->has_switched ||
            omen_technique_is_post_copy(self->technique))
            return FALSE;
        self->timed_out = FALSE;
        self->technique = OMEN_TECHNIQUE_HYBRID;
        return TRUE;
    }
    if (refusal == OMEN_REFUSAL_EVERYWHERE ||
        (refusal == OMEN_REFUSAL_THERE && !has_alternative(self)))
        return FALSE;
    if (was_post_copy_refused(self)) {
        self->no_post_copy = TRUE;
        return TRUE;
    }
    g_hash_table_add(self->tried, g_strdup(destination));
    if (refusal == OMEN_REFUSAL_THERE)
        g_hash_table_add(self->refused, g_strdup(destination));
    if (g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_HOOK_SCRIPT_FAILED)) {
        g_autofree char *why = g_strdup_printf("%s: %s", destination, self->last_error->message);
        omen_evacuator_note_refusal(self->evacuator, destination, why);
    }
    return TRUE;
}

/* @lasting: why that does not change; "" */
static void
note_why_stayed(OmenJob *self, const char *lasting)
{
    const char *destination = omen_job_get_data(self)->destination;
    const char *why = self->last_error ? self->last_error->message
                                       : "the migration was interrupted; it runs on here";
    g_autofree char *reason =
        self->timed_out
            ? g_strdup_printf("%s: aborted after %u s; it runs on here (timeout_s, bandwidth_mib)",
                              destination, omen_job_get_timeout_s(self))
            : g_strdup_printf("%s: %s%s%s", destination, why,
                              *lasting ? "; not tried again there: " : "", lasting);

    omen_job_note_reason(self, reason);
}

/* All destinations that may be taken are among these. */
static gboolean
are_all_in(OmenJob *self, GHashTable *names)
{
    g_autoptr(GPtrArray) ranked = omen_evacuator_rank_destinations(self->evacuator);

    for (guint i = 0; i < ranked->len && has_alternative(self); i++) {
        const OmenDestination *one = g_ptr_array_index(ranked, i);
        if ((!self->wanted || g_str_equal(self->wanted, one->name)) &&
            !g_hash_table_contains(names, one->name))
            return FALSE;
    }
    return TRUE;
}

/* A second round helps against what passes: a libvirtd that is restarted, a link that is mended. */
static gboolean
may_have_passed(OmenJob *self)
{
    return !g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_OPERATION_ABORTED) &&
           (!has_alternative(self) || !are_all_in(self, self->refused));
}

OmenJobRetry
omen_job_plan_retry(OmenJob *self)
{
    const char *lasting;
    OmenRefusal refusal = find_refusal(self, &lasting);
    guint limit = MAX_ATTEMPTS + g_hash_table_size(self->refused);

    note_why_stayed(self, lasting);
    if (omen_job_get_data(self)->attempt >= limit || !change_course(self, refusal))
        return OMEN_JOB_RETRY_NEVER;
    if (!are_all_in(self, self->tried) || !may_have_passed(self))
        return OMEN_JOB_RETRY_NOW;
    g_hash_table_remove_all(self->tried);
    return OMEN_JOB_RETRY_LATER;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* It stayed: would another technique, another destination or another time do better? */
#include "evacuation/queue/evacuator-private.h"

#define MAX_ATTEMPTS 4
#define EARLY_US     (3 * G_USEC_PER_SEC)

/* Whether another destination may do better than the last one did. */
static gboolean
is_worth_another(const GError *error)
{
    return !g_error_matches(error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_MOVABLE) &&
           !g_error_matches(error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_RUNNING) &&
           !g_error_matches(error, OMEN_LIBVIRT_ERROR, VIR_ERR_MIGRATE_UNSAFE) &&
           !g_error_matches(error, OMEN_LIBVIRT_ERROR, VIR_ERR_NO_DOMAIN);
}

/* QEMU refuses post-copy at the beginning, where one of the ends can not do it. */
static gboolean
was_post_copy_refused(OmenJob *self)
{
    return omen_job_may_post_copy(self) && !self->has_switched && self->last_error &&
           g_get_monotonic_time() - self->started_us < EARLY_US &&
           (g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_INTERNAL_ERROR) ||
            g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_CONFIG_UNSUPPORTED) ||
            g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_OPERATION_UNSUPPORTED) ||
            g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_ARGUMENT_UNSUPPORTED));
}

/* Another technique at the same destination, or the next destination. FALSE: neither would help. */
static gboolean
change_course(OmenJob *self)
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
    if (!is_worth_another(self->last_error))
        return FALSE;
    if (was_post_copy_refused(self)) {
        self->no_post_copy = TRUE;
        return TRUE;
    }
    g_hash_table_add(self->tried, g_strdup(destination));
    if (g_error_matches(self->last_error, OMEN_LIBVIRT_ERROR, VIR_ERR_HOOK_SCRIPT_FAILED)) {
        g_autofree char *why = g_strdup_printf("%s: %s", destination, self->last_error->message);
        omen_evacuator_note_refusal(self->evacuator, destination, why);
    }
    return TRUE;
}

static void
note_why_stayed(OmenJob *self)
{
    const char *destination = omen_job_get_data(self)->destination;
    const char *why = self->last_error ? self->last_error->message
                                       : "the migration was interrupted; it runs on here";
    g_autofree char *reason =
        self->timed_out
            ? g_strdup_printf("%s: aborted after %u s; it runs on here (timeout_s, bandwidth_mib)",
                              destination, omen_job_get_timeout_s(self))
            : g_strdup_printf("%s: %s", destination, why);

    omen_job_note_reason(self, reason);
}

/* A second round helps against what passes: a libvirtd that is restarted, a link that is mended. */
static gboolean
may_have_passed(const GError *error)
{
    return !g_error_matches(error, OMEN_LIBVIRT_ERROR, VIR_ERR_HOOK_SCRIPT_FAILED) &&
           !g_error_matches(error, OMEN_LIBVIRT_ERROR, VIR_ERR_OPERATION_ABORTED) &&
           !g_error_matches(error, OMEN_LIBVIRT_ERROR, VIR_ERR_CONFIG_UNSUPPORTED);
}

static gboolean
is_round_over(OmenJob *self)
{
    g_autoptr(GPtrArray) ranked = omen_evacuator_rank_destinations(self->evacuator);

    for (guint i = 0; i < ranked->len && !*omen_job_get_data(self)->source_uri; i++) {
        const OmenDestination *one = g_ptr_array_index(ranked, i);
        if ((!self->wanted || g_str_equal(self->wanted, one->name)) &&
            !g_hash_table_contains(self->tried, one->name))
            return FALSE;
    }
    return TRUE;
}

OmenJobRetry
omen_job_plan_retry(OmenJob *self)
{
    note_why_stayed(self);
    if (omen_job_get_data(self)->attempt >= MAX_ATTEMPTS || !change_course(self))
        return OMEN_JOB_RETRY_NEVER;
    if (!is_round_over(self) || !may_have_passed(self->last_error))
        return OMEN_JOB_RETRY_NOW;
    g_hash_table_remove_all(self->tried);
    return OMEN_JOB_RETRY_LATER;
}

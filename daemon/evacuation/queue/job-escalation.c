/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain that can't leave a dying host: what the policy permits is done for it. */
#include "evacuation/libvirt/escalation.h"
#include "evacuation/queue/evacuator-private.h"

static gpointer
escalate_work(gpointer data, GError **error)
{
    return omen_escalation_run(data, error);
}

static void
on_escalated(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree char *done = omen_workers_run_finish(result, &error);
    g_autofree char *outcome = NULL;

    if (!self->evacuator)
        return;
    outcome = g_strdup_printf("%s; %s", self->stuck, done ? done : error->message);
    g_warning("%s: %s", omen_job_get_data(self)->domain_name, outcome);
    omen_job_finish(self, OMEN_PHASE_FAILED, outcome);
}

/* Only for an omen of the host, and never twice. */
void
omen_job_escalate(OmenJob *self, const char *reason)
{
    const OmenEvacuatorLimits *limits = &self->evacuator->limits;
    guint steps = limits->escalation;
    OmenEscalationOrder *order;

    if (omen_job_is_to_shut_down(self))
        steps &= OMEN_ESCALATION_SHUTDOWN;
    if (!self->host_may_die || omen_job_get_data(self)->omen_id == 0 || steps == 0 || self->stuck ||
        self->cancelled) {
        omen_job_finish(self, OMEN_PHASE_FAILED, reason);
        return;
    }
    self->stuck = g_strdup(reason);
    order = g_new0(OmenEscalationOrder, 1);
    order->source_uri = g_strdup(omen_job_get_source_uri(self));
    order->uuid = g_strdup(omen_job_get_data(self)->domain_uuid);
    order->save_dir = g_strdup(self->evacuator->save_dir);
    order->steps = (OmenEscalationSteps) steps;
    order->memory_is_short = self->memory_is_short;
    order->shutdown_limit_s = limits->shutdown_limit_s;
    g_warning("%s cannot leave: %s; trying what when_stuck permits",
              omen_job_get_data(self)->domain_name, reason);
    omen_workers_run_async(self->evacuator->migrations, NULL, escalate_work, order,
                           (GDestroyNotify) omen_escalation_order_free, g_free, 0, on_escalated,
                           omen_job_ref(self));
    /* The others need not wait for that. */
    self->occupies_lane = FALSE;
    omen_job_tell(self, OMEN_JOB_LEFT_LANE, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The migration itself: noted on disk, begun, watched, kept at its pace. */
#include "evacuation/queue/evacuator-private.h"

#include <math.h>

#define MEASURE_DEADLINE_S  20
#define QUESTION_DEADLINE_S 40
#define KEEP_LIMIT_MS       2000
#define KEEP_LIMIT_SLOW_MS  100 /* once the disk hangs: it is not waited for by each */
#define POLL_MS             500
#define ARRIVAL_LIMIT_MS    30000
#define TIMEOUT_MIN_S       300
#define MAX_RECOVERIES      60
#define RECOVERY_PAUSE_MS   2000
#define TIMEOUT_S_PER_GIB   150
#define GIB                 (1024.0 * 1024.0 * 1024.0)

static gpointer
migrate_work(gpointer data, GError **error)
{
    return omen_migration_run(data, error);
}

static gpointer
abort_work(gpointer data, GError **error)
{
    Question *question = data;

    return GINT_TO_POINTER(omen_migration_abort(question->source_uri, question->uuid, error));
}

/* Abort is asked for again with each poll: there is no job to abort until libvirt has begun one. */
void
omen_job_ask_abort(OmenJob *self)
{
    omen_workers_run_async(self->evacuator->questions, NULL, abort_work,
                           omen_job_make_question(self), omen_question_free, NULL,
                           QUESTION_DEADLINE_S, NULL, NULL);
}

typedef struct {
    virConnectPtr connection;
    char *uuid;
    OmenPaceDecision decision; /* to be carried out, when steering */
} Measure;

static void
measure_free(gpointer data)
{
    Measure *self = data;

    virConnectClose(self->connection);
    g_free(self->uuid);
    g_free(self);
}

static gpointer
measure_work(gpointer data, GError **error)
{
    Measure *measure = data;

    return omen_migration_measure(measure->connection, measure->uuid, error);
}

static gpointer
steer_work(gpointer data, GError **error)
{
    Measure *measure = data;

    return GINT_TO_POINTER(
        omen_migration_steer(measure->connection, measure->uuid, &measure->decision, error));
}

/* NULL: not connected. */
static Measure *
measure_new(OmenJob *self)
{
    virConnectPtr connection = omen_hypervisor_ref_connection(self->evacuator->hypervisor);
    Measure *measure;

    if (!connection)
        return NULL;
    measure = g_new0(Measure, 1);
    measure->connection = connection;
    measure->uuid = g_strdup(omen_job_get_data(self)->domain_uuid);
    return measure;
}

static void
on_steered(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;
    g_autoptr(GError) error = NULL;

    self->is_steering = FALSE;
    if (!omen_workers_run_finish(result, &error) && self->is_migrating)
        g_message("evacuation %" G_GUINT64_FORMAT ": %s", omen_job_get_data(self)->id,
                  error->message);
}

static void
steer(OmenJob *self, const OmenPaceDecision *decision)
{
    const OmenEvacuationData *data = omen_job_get_data(self);
    Measure *measure = measure_new(self);

    if (!measure)
        return;
    measure->decision = *decision;
    self->is_steering = TRUE;
    if (decision->action == OMEN_PACE_SWITCH_TO_POST_COPY) {
        self->has_switched = TRUE;
        g_message("evacuation %" G_GUINT64_FORMAT ": %s switches to post-copy", data->id,
                  data->domain_name);
    } else {
        g_message("evacuation %" G_GUINT64_FORMAT ": %s is late; it may pause for %u ms", data->id,
                  data->domain_name, decision->downtime_ms);
    }
    omen_workers_run_async(omen_hypervisor_get_workers(self->evacuator->hypervisor), NULL,
                           steer_work, measure, measure_free, NULL, MEASURE_DEADLINE_S, on_steered,
                           omen_job_ref(self));
}

static double
left_s(const OmenJob *self)
{
    return self->deadline_us > 0
               ? MAX((double) (self->deadline_us - g_get_real_time()) / G_USEC_PER_SEC, 0)
               : INFINITY;
}

static void
keep_pace(OmenJob *self, const OmenMigrationProgress *progress)
{
    OmenPaceTerms terms = {.technique = self->technique,
                           .post_copy = omen_job_may_post_copy(self) && !self->has_switched,
                           .left_s = left_s(self),
                           .max_downtime_ms = self->evacuator->limits.max_downtime_ms};
    OmenPaceDecision decision = omen_pace_decide(progress, &terms);

    if (decision.action != OMEN_PACE_KEEP && !self->is_steering && !self->cancelled)
        steer(self, &decision);
}

static void
on_measured(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;
    g_autofree OmenMigrationProgress *progress = omen_workers_run_finish(result, NULL);
    OmenEvacuationData *data;

    if (!progress || !self->evacuator || !self->is_migrating || progress->progress <= 0)
        return;
    keep_pace(self, progress);
    data = omen_job_edit(self);
    data->progress = progress->progress;
    data->remaining_bytes = progress->remaining_bytes;
    omen_evacuation_update(self->evacuation, data);
}

static gboolean
on_poll(gpointer user_data)
{
    OmenJob *self = user_data;
    Measure *measure = measure_new(self);

    if (self->cancelled || self->timed_out)
        omen_job_ask_abort(self);
    if (!measure)
        return G_SOURCE_CONTINUE;
    omen_workers_run_async(omen_hypervisor_get_workers(self->evacuator->hypervisor), NULL,
                           measure_work, measure, measure_free, g_free, MEASURE_DEADLINE_S,
                           on_measured, omen_job_ref(self));
    return G_SOURCE_CONTINUE;
}

guint
omen_job_get_timeout_s(OmenJob *self)
{
    if (self->evacuator->limits.timeout_s > 0)
        return self->evacuator->limits.timeout_s;
    return MAX(TIMEOUT_MIN_S,
               (guint) ((double) self->facts->memory_bytes / GIB * TIMEOUT_S_PER_GIB));
}

static gboolean
on_timeout(gpointer user_data)
{
    OmenJob *self = user_data;

    self->timeout_source = 0;
    self->timed_out = TRUE;
    omen_job_ask_abort(self);
    return G_SOURCE_REMOVE;
}

typedef struct {
    char *uri;
    char *uuid;
} Arrival;

static void
arrival_free(gpointer data)
{
    Arrival *self = data;

    g_free(self->uri);
    g_free(self->uuid);
    g_free(self);
}

static gpointer
arrival_work(gpointer data, GError **error)
{
    Arrival *arrival = data;
    gint64 *when_us = g_new(gint64, 1);

    *when_us = omen_migration_await_arrival(arrival->uri, arrival->uuid, ARRIVAL_LIMIT_MS);
    if (*when_us > 0)
        return when_us;
    g_free(when_us);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "its arrival was not seen");
    return NULL;
}

static void
on_arrived(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;
    g_autofree gint64 *when_us = omen_workers_run_finish(result, NULL);
    OmenEvacuationData *data;

    if (!when_us || !self->evacuator)
        return;
    data = omen_job_edit(self);
    data->switched_us = *when_us;
    omen_evacuation_update(self->evacuation, data);
}

/* The source has stopped the guest for the hand-over: from now on it may run at the destination. */
static void
on_domain_event(OmenHypervisor *hypervisor G_GNUC_UNUSED,
                OmenDomainEvent *event,
                gpointer user_data)
{
    OmenJob *self = user_data;
    Arrival *arrival;

    if (event->lifecycle != VIR_DOMAIN_EVENT_SUSPENDED ||
        event->detail != VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED)
        return;
    arrival = g_new(Arrival, 1);
    arrival->uri = g_strdup(self->destination->uri);
    arrival->uuid = g_strdup(omen_job_get_data(self)->domain_uuid);
    omen_workers_run_async(self->evacuator->questions, NULL, arrival_work, arrival, arrival_free,
                           g_free, 0, on_arrived, omen_job_ref(self));
}

static void
on_migrated(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree OmenMigrationResult *outcome = omen_workers_run_finish(result, &error);

    self->is_migrating = FALSE;
    if (!self->evacuator)
        return;
    omen_job_stop_watching(self);
    g_clear_error(&self->last_error);
    self->last_error = g_steal_pointer(&error);
    if (outcome) {
        OmenEvacuationData *data = omen_job_edit(self);
        data->downtime_ms = outcome->downtime_ms;
        omen_evacuation_update(self->evacuation, data);
    }
    omen_job_tell(self, OMEN_JOB_MIGRATED, NULL);
}

static OmenMigrationOrder *
make_order(OmenJob *self)
{
    const OmenEvacuatorLimits *limits = &self->evacuator->limits;
    OmenMigrationOrder *order = g_new0(OmenMigrationOrder, 1);

    order->source_uri = g_strdup(omen_job_get_source_uri(self));
    order->uuid = g_strdup(omen_job_get_data(self)->domain_uuid);
    order->destination = omen_destination_ref(self->destination);
    order->bandwidth_mib = limits->bandwidth_mib;
    order->post_copy = omen_job_may_post_copy(self);
    if (self->technique == OMEN_TECHNIQUE_AUTO ||
        (omen_technique_is_post_copy(self->technique) && !order->post_copy))
        self->technique = OMEN_TECHNIQUE_AUTO_CONVERGE;
    order->technique = self->technique;
    /* The wish for no throttling is the owner's alone: the planner's is an estimate. */
    if (order->technique == OMEN_TECHNIQUE_PRE_COPY &&
        !(self->facts && self->facts->wishes.technique == OMEN_TECHNIQUE_PRE_COPY))
        order->technique = OMEN_TECHNIQUE_AUTO_CONVERGE;
    order->tls = limits->tls;
    order->compress = limits->compress;
    order->parallel_connections = limits->parallel_connections;
    order->copy_disks = limits->copy_disks && self->facts && self->facts->disk_bytes > 0;
    return order;
}

static void
call_libvirt(OmenJob *self, OmenMigrationOrder *order)
{
    self->is_migrating = TRUE;
    omen_workers_run_async(self->evacuator->migrations, NULL, migrate_work, order,
                           (GDestroyNotify) omen_migration_order_free, g_free, 0, on_migrated,
                           omen_job_ref(self));
}

static void
resume(OmenJob *self)
{
    OmenMigrationOrder *order = make_order(self);

    g_message("evacuation %" G_GUINT64_FORMAT ": %s: resuming its interrupted post-copy",
              omen_job_get_data(self)->id, omen_job_get_data(self)->domain_name);
    order->technique = OMEN_TECHNIQUE_POST_COPY;
    order->post_copy = TRUE;
    order->parallel_connections = 0;
    order->resume = TRUE;
    call_libvirt(self, order);
}

static gboolean
on_recovery_time(gpointer user_data)
{
    OmenJob *self = user_data;

    self->settle_source = 0;
    resume(self);
    return G_SOURCE_REMOVE;
}

/* The connection broke while the guest ran on with half of its memory: it is mended, not given up.
 */
void
omen_job_resume(OmenJob *self)
{
    const OmenEvacuationData *data = omen_job_get_data(self);

    if (self->n_recoveries > 0 && self->last_error)
        g_message("evacuation %" G_GUINT64_FORMAT ": %s", data->id, self->last_error->message);
    if (++self->n_recoveries <= MAX_RECOVERIES) {
        self->settle_source = g_timeout_add(RECOVERY_PAUSE_MS, on_recovery_time, self);
        return;
    }
    g_autofree char *error = g_strdup_printf(
        "its post-copy migration to %s was interrupted and could not be resumed; it is paused "
        "until you run: virsh migrate --postcopy --postcopy-resume --live --p2p %s %s",
        data->destination, data->domain_name, data->destination_uri);
    omen_job_finish(self, OMEN_PHASE_FAILED, error);
}

static void
migrate(OmenJob *self)
{
    const OmenEvacuationData *now = omen_job_get_data(self);
    OmenMigrationOrder *order = make_order(self);
    g_autofree char *detailed = g_strconcat("event::", now->domain_uuid, NULL);
    OmenEvacuationData *data = omen_job_edit(self);

    g_message("evacuation %" G_GUINT64_FORMAT ": %s goes to %s, %s%s", data->id, data->domain_name,
              data->destination, omen_technique_to_string(self->technique),
              order->tls ? "" : ", its memory unencrypted");
    data->started_us = g_get_real_time();
    omen_evacuation_update(self->evacuation, data);
    self->event_handler =
        g_signal_connect(self->evacuator->hypervisor, detailed, G_CALLBACK(on_domain_event), self);
    self->poll_source = g_timeout_add(POLL_MS, on_poll, self);
    self->timeout_source = g_timeout_add_seconds(omen_job_get_timeout_s(self), on_timeout, self);
    self->has_switched = FALSE;
    call_libvirt(self, order);
}

static void
go_on_after_keeping(OmenJob *self)
{
    if (!self->evacuator || self->is_migrating ||
        omen_job_get_data(self)->phase != OMEN_PHASE_RUNNING)
        return;
    if (self->cancelled)
        omen_job_finish_cancelled(self);
    else
        migrate(self);
}

/* Whichever is first, the disk or this, goes on; the other finds the migration begun. */
static gboolean
on_keep_limit(gpointer user_data)
{
    OmenJob *self = user_data;

    self->keep_source = 0;
    self->evacuator->is_keeping_slow = TRUE;
    g_warning("evacuation %" G_GUINT64_FORMAT " could not be saved to disk in time; it continues",
              omen_job_get_data(self)->id);
    go_on_after_keeping(self);
    return G_SOURCE_REMOVE;
}

typedef struct {
    OmenJob *job;
    guint turn;
} Note;

static void
on_kept(GObject *source G_GNUC_UNUSED, GAsyncResult *result G_GNUC_UNUSED, gpointer user_data)
{
    g_autofree Note *note = user_data;
    g_autoptr(OmenJob) self = note->job;

    /* An earlier attempt's note may come as late as that. */
    if (!self->keep_source || note->turn != self->keep_turn)
        return;
    g_clear_handle_id(&self->keep_source, g_source_remove);
    self->evacuator->is_keeping_slow = FALSE;
    go_on_after_keeping(self);
}

/* On disk first, then libvirt. */
void
omen_job_run(OmenJob *self)
{
    OmenEvacuationData *data = omen_job_edit(self);
    Note *note = g_new(Note, 1);

    omen_job_set_string(&data->destination, self->destination->name);
    omen_job_set_string(&data->destination_uri, self->destination->uri);
    data->attempt++;
    data->progress = 0;
    omen_job_set_string(&data->error, self->reasons->str);
    data->phase = OMEN_PHASE_RUNNING;
    omen_evacuation_update(self->evacuation, data);
    self->keep_source = g_timeout_add(
        self->evacuator->is_keeping_slow ? KEEP_LIMIT_SLOW_MS : KEEP_LIMIT_MS, on_keep_limit, self);
    *note = (Note){omen_job_ref(self), ++self->keep_turn};
    self->evacuator->keep(omen_job_get_data(self), on_kept, note, self->evacuator->keep_data);
}

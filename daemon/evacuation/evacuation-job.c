/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuator-private.h"

#include <string.h>

#define CHECK_DEADLINE_S    20
#define QUESTION_DEADLINE_S 40
#define KEEP_LIMIT_MS       2000
#define POLL_MS             500
#define ARRIVAL_LIMIT_MS    30000
#define TIMEOUT_MIN_S       300
#define TIMEOUT_S_PER_GIB   150
#define MAX_REASONS_LENGTH  2000
#define GIB                 (1024.0 * 1024.0 * 1024.0)

static void ask_next_destination(Job *self);

Job *
omen_job_new(OmenEvacuator *evacuator, OmenEvacuationData *data, const char *wanted)
{
    Job *self = g_rc_box_new0(Job);

    self->evacuator = evacuator;
    self->evacuation = omen_evacuation_new(data);
    self->wanted = g_strdup(wanted);
    self->reasons = g_string_new(NULL);
    return self;
}

Job *
omen_job_ref(Job *self)
{
    return g_rc_box_acquire(self);
}

static void
job_clear(gpointer data)
{
    Job *self = data;

    g_object_unref(self->evacuation);
    g_free(self->wanted);
    g_clear_pointer(&self->facts, omen_domain_facts_free);
    g_clear_pointer(&self->destination, omen_destination_unref);
    g_string_free(self->reasons, TRUE);
    g_clear_error(&self->last_error);
}

void
omen_job_unref(gpointer self)
{
    g_rc_box_release_full(self, job_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, omen_job_unref)

const OmenEvacuationData *
omen_job_get_data(const Job *self)
{
    return omen_evacuation_get_data(self->evacuation);
}

const char *
omen_job_get_source_uri(Job *self)
{
    return omen_hypervisor_get_uri(self->evacuator->hypervisor);
}

/* A copy to change; hand it to omen_evacuation_update(). */
OmenEvacuationData *
omen_job_edit(Job *self)
{
    return omen_evacuation_data_copy(omen_job_get_data(self));
}

static void
set_string(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static void
set_phase(Job *self, OmenPhase phase)
{
    OmenEvacuationData *data = omen_job_edit(self);

    data->phase = phase;
    omen_evacuation_update(self->evacuation, data);
}

static void
stop_watching(Job *self)
{
    g_clear_handle_id(&self->poll_source, g_source_remove);
    g_clear_handle_id(&self->timeout_source, g_source_remove);
    if (self->event_handler && self->evacuator)
        g_signal_handler_disconnect(self->evacuator->hypervisor, self->event_handler);
    self->event_handler = 0;
}

void
omen_job_abandon(Job *self)
{
    stop_watching(self);
    g_clear_handle_id(&self->settle_source, g_source_remove);
    g_clear_handle_id(&self->keep_source, g_source_remove);
    self->evacuator = NULL;
}

void
omen_job_finish(Job *self, OmenPhase phase, const char *error)
{
    OmenEvacuationData *data = omen_job_edit(self);

    stop_watching(self);
    self->occupies_lane = FALSE;
    data->phase = phase;
    data->ended_us = g_get_real_time();
    if (phase == OMEN_PHASE_SUCCEEDED) {
        data->progress = 1.0;
        data->remaining_bytes = 0;
    }
    set_string(&data->error, error);
    g_message("evacuation %" G_GUINT64_FORMAT " of %s: %s%s%s", data->id, data->domain_name,
              omen_phase_to_string(phase), *error ? ": " : "", error);
    omen_evacuation_update(self->evacuation, data);
    omen_evacuator_pump(self->evacuator);
}

void
omen_job_note_reason(Job *self, const char *reason)
{
    if (self->reasons->len > MAX_REASONS_LENGTH)
        return;
    if (self->reasons->len > 0)
        g_string_append(self->reasons, "; ");
    g_string_append(self->reasons, reason);
}

/* ---- looking at the domain ---- */

typedef struct {
    char *source_uri;
    char *uuid;
} Question;

static Question *
question_new(Job *self)
{
    Question *question = g_new(Question, 1);

    question->source_uri = g_strdup(omen_job_get_source_uri(self));
    question->uuid = g_strdup(omen_job_get_data(self)->domain_uuid);
    return question;
}

static void
question_free(gpointer data)
{
    Question *self = data;

    g_free(self->source_uri);
    g_free(self->uuid);
    g_free(self);
}

static gpointer
examine_work(gpointer data, GError **error)
{
    Question *question = data;

    return omen_migration_examine(question->source_uri, question->uuid, error);
}

static void
on_examined(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Job) self = user_data;
    g_autoptr(GError) error = NULL;
    OmenDomainFacts *facts = omen_workers_run_finish(result, &error);

    if (!self->evacuator) {
        g_clear_pointer(&facts, omen_domain_facts_free);
        return;
    }
    if (!facts) {
        omen_job_finish(self, OMEN_PHASE_FAILED, error->message);
        return;
    }
    g_clear_pointer(&self->facts, omen_domain_facts_free);
    self->facts = facts;
    ask_next_destination(self);
}

void
omen_job_examine(Job *self)
{
    omen_workers_run_async(self->evacuator->questions, NULL, examine_work, question_new(self),
                           question_free, (GDestroyNotify) omen_domain_facts_free,
                           QUESTION_DEADLINE_S, on_examined, omen_job_ref(self));
}

void
omen_job_begin(Job *self)
{
    self->occupies_lane = TRUE;
    set_phase(self, OMEN_PHASE_CHECKING);
    omen_job_examine(self);
}

/* ---- the migration itself ---- */

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
static void
ask_abort(Job *self)
{
    omen_workers_run_async(self->evacuator->questions, NULL, abort_work, question_new(self),
                           question_free, NULL, QUESTION_DEADLINE_S, NULL, NULL);
}

typedef struct {
    virConnectPtr connection;
    char *uuid;
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

static void
on_measured(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Job) self = user_data;
    g_autofree OmenMigrationProgress *progress = omen_workers_run_finish(result, NULL);
    OmenEvacuationData *data;

    if (!progress || !self->evacuator || !self->is_migrating || progress->progress <= 0)
        return;
    data = omen_job_edit(self);
    data->progress = progress->progress;
    data->remaining_bytes = progress->remaining_bytes;
    omen_evacuation_update(self->evacuation, data);
}

static gboolean
on_poll(gpointer user_data)
{
    Job *self = user_data;
    virConnectPtr connection = omen_hypervisor_ref_connection(self->evacuator->hypervisor);
    Measure *measure;

    if (self->cancelled || self->timed_out)
        ask_abort(self);
    if (!connection)
        return G_SOURCE_CONTINUE;
    measure = g_new(Measure, 1);
    measure->connection = connection;
    measure->uuid = g_strdup(omen_job_get_data(self)->domain_uuid);
    omen_workers_run_async(omen_hypervisor_get_workers(self->evacuator->hypervisor), NULL,
                           measure_work, measure, measure_free, g_free, CHECK_DEADLINE_S,
                           on_measured, omen_job_ref(self));
    return G_SOURCE_CONTINUE;
}

guint
omen_job_get_timeout_s(Job *self)
{
    if (self->evacuator->limits.timeout_s > 0)
        return self->evacuator->limits.timeout_s;
    return MAX(TIMEOUT_MIN_S,
               (guint) ((double) self->facts->memory_bytes / GIB * TIMEOUT_S_PER_GIB));
}

static gboolean
on_timeout(gpointer user_data)
{
    Job *self = user_data;

    self->timeout_source = 0;
    self->timed_out = TRUE;
    ask_abort(self);
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
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "it was not seen to arrive");
    return NULL;
}

static void
on_arrived(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Job) self = user_data;
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
    Job *self = user_data;
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
    g_autoptr(Job) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree OmenMigrationResult *outcome = omen_workers_run_finish(result, &error);

    self->is_migrating = FALSE;
    if (!self->evacuator)
        return;
    stop_watching(self);
    g_clear_error(&self->last_error);
    self->last_error = g_steal_pointer(&error);
    if (outcome) {
        OmenEvacuationData *data = omen_job_edit(self);
        data->downtime_ms = outcome->downtime_ms;
        omen_evacuation_update(self->evacuation, data);
    }
    omen_job_settle(self, outcome ? OMEN_PHASE_VERIFYING : OMEN_PHASE_RECONCILING);
}

static void
migrate(Job *self)
{
    const OmenEvacuationData *now = omen_job_get_data(self);
    OmenMigrationOrder *order = g_new0(OmenMigrationOrder, 1);
    g_autofree char *detailed = g_strconcat("event::", now->domain_uuid, NULL);
    OmenEvacuationData *data = omen_job_edit(self);

    order->source_uri = g_strdup(omen_job_get_source_uri(self));
    order->uuid = g_strdup(now->domain_uuid);
    order->destination = omen_destination_ref(self->destination);
    order->bandwidth_mib = self->evacuator->limits.bandwidth_mib;

    g_message("evacuation %" G_GUINT64_FORMAT ": %s goes to %s", data->id, data->domain_name,
              data->destination);
    data->started_us = g_get_real_time();
    omen_evacuation_update(self->evacuation, data);
    self->event_handler =
        g_signal_connect(self->evacuator->hypervisor, detailed, G_CALLBACK(on_domain_event), self);
    self->poll_source = g_timeout_add(POLL_MS, on_poll, self);
    self->timeout_source = g_timeout_add_seconds(omen_job_get_timeout_s(self), on_timeout, self);
    self->is_migrating = TRUE;
    omen_workers_run_async(self->evacuator->migrations, NULL, migrate_work, order,
                           (GDestroyNotify) omen_migration_order_free, g_free, 0, on_migrated,
                           omen_job_ref(self));
}

static void
go_on_after_keeping(Job *self)
{
    if (!self->evacuator || self->is_migrating ||
        omen_job_get_data(self)->phase != OMEN_PHASE_RUNNING)
        return;
    if (self->cancelled)
        omen_job_finish(self, OMEN_PHASE_CANCELLED, "cancelled before it began");
    else
        migrate(self);
}

/* Whichever is first, the disk or this, goes on; the other finds the migration begun. */
static gboolean
on_keep_limit(gpointer user_data)
{
    Job *self = user_data;

    self->keep_source = 0;
    g_warning("evacuation %" G_GUINT64_FORMAT " could not be noted on disk in time; it goes on",
              omen_job_get_data(self)->id);
    go_on_after_keeping(self);
    return G_SOURCE_REMOVE;
}

static void
on_kept(GObject *source G_GNUC_UNUSED, GAsyncResult *result G_GNUC_UNUSED, gpointer user_data)
{
    g_autoptr(Job) self = user_data;

    if (!self->keep_source)
        return;
    g_clear_handle_id(&self->keep_source, g_source_remove);
    go_on_after_keeping(self);
}

static void
take_destination(Job *self, OmenDestination *destination)
{
    OmenEvacuationData *data = omen_job_edit(self);

    g_clear_pointer(&self->destination, omen_destination_unref);
    self->destination = omen_destination_ref(destination);
    set_string(&data->destination, destination->name);
    set_string(&data->destination_uri, destination->uri);
    data->attempt++;
    data->progress = 0;
    data->phase = OMEN_PHASE_RUNNING;
    omen_evacuation_update(self->evacuation, data);
    self->keep_source = g_timeout_add(KEEP_LIMIT_MS, on_keep_limit, self);
    self->evacuator->keep(omen_job_get_data(self), on_kept, omen_job_ref(self),
                          self->evacuator->keep_data);
}

/* ---- choosing a destination ---- */

typedef struct {
    OmenDestination *destination;
    OmenDomainFacts *facts; /* a copy: the job may be examined anew */
    OmenDestinationDemand demand;
} Check;

static void
check_free(gpointer data)
{
    Check *self = data;

    omen_destination_unref(self->destination);
    omen_domain_facts_free(self->facts);
    g_free(self);
}

static gpointer
check_work(gpointer data, GError **error)
{
    Check *check = data;

    return GINT_TO_POINTER(omen_destination_check(check->destination, &check->demand, NULL, error));
}

static OmenDomainFacts *
copy_facts(const OmenDomainFacts *facts)
{
    OmenDomainFacts *copy = g_new(OmenDomainFacts, 1);

    *copy = *facts;
    copy->uuid = g_strdup(facts->uuid);
    copy->name = g_strdup(facts->name);
    copy->virt_type = g_strdup(facts->virt_type);
    copy->arch = g_strdup(facts->arch);
    copy->machine = g_strdup(facts->machine);
    copy->cpu_xml = g_strdup(facts->cpu_xml);
    return copy;
}

static OmenDestination *
asked_destination(Job *self)
{
    return g_ptr_array_index(self->evacuator->destinations, self->next_destination - 1);
}

static void
on_checked(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Job) self = user_data;
    g_autoptr(GError) error = NULL;
    gboolean good = GPOINTER_TO_INT(omen_workers_run_finish(result, &error));

    if (!self->evacuator)
        return;
    if (self->next_destination > self->evacuator->destinations->len) {
        omen_job_finish(self, OMEN_PHASE_FAILED,
                        "the destinations were changed meanwhile; evacuate it again");
        return;
    }
    if (self->cancelled) {
        omen_job_finish(self, OMEN_PHASE_CANCELLED, "cancelled before it began");
        return;
    }
    if (good) {
        take_destination(self, asked_destination(self));
        return;
    }
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
        g_autofree char *reason =
            g_strdup_printf("%s: %s", asked_destination(self)->name, error->message);
        omen_job_note_reason(self, reason);
    } else {
        omen_job_note_reason(self, error->message);
    }
    ask_next_destination(self);
}

static void
fail_without_destination(Job *self)
{
    g_autofree char *error = NULL;

    if (self->wanted && self->reasons->len == 0)
        error = g_strdup_printf("there is no destination %s in the configuration", self->wanted);
    else if (self->reasons->len == 0)
        error = g_strdup("no destination is configured; add a [destination NAME] with its uri");
    else
        error = g_strdup_printf("no destination takes it: %s", self->reasons->str);
    omen_job_finish(self, OMEN_PHASE_FAILED, error);
}

static void
ask_next_destination(Job *self)
{
    GPtrArray *destinations = self->evacuator->destinations;
    Check *check;

    while (self->next_destination < destinations->len) {
        OmenDestination *next = g_ptr_array_index(destinations, self->next_destination);
        if (!self->wanted || g_str_equal(self->wanted, next->name))
            break;
        self->next_destination++;
    }
    if (self->next_destination >= destinations->len) {
        fail_without_destination(self);
        return;
    }
    check = g_new0(Check, 1);
    check->destination =
        omen_destination_ref(g_ptr_array_index(destinations, self->next_destination++));
    check->facts = copy_facts(self->facts);
    check->demand.facts = check->facts;
    check->demand.reserve_bytes = self->evacuator->limits.reserve_bytes;
    check->demand.promised_bytes =
        omen_evacuator_get_promised(self->evacuator, check->destination->name);
    omen_workers_run_async(self->evacuator->questions, NULL, check_work, check, check_free, NULL,
                           CHECK_DEADLINE_S, on_checked, omen_job_ref(self));
}

gboolean
omen_job_cancel(Job *self, GError **error)
{
    switch (omen_job_get_data(self)->phase) {
    case OMEN_PHASE_QUEUED:
        omen_job_finish(self, OMEN_PHASE_CANCELLED, "cancelled before it began");
        return TRUE;
    case OMEN_PHASE_CHECKING:
        self->cancelled = TRUE;
        return TRUE;
    case OMEN_PHASE_RUNNING:
        self->cancelled = TRUE;
        if (self->is_migrating)
            ask_abort(self);
        return TRUE;
    case OMEN_PHASE_VERIFYING:
    case OMEN_PHASE_RECONCILING:
    case OMEN_PHASE_SUCCEEDED:
    case OMEN_PHASE_FAILED:
    case OMEN_PHASE_CANCELLED:
    default:
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY,
                    "it is too late to cancel: the evacuation is %s",
                    omen_phase_to_string(omen_job_get_data(self)->phase));
        return FALSE;
    }
}

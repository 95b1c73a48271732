/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuator-private.h"

#define MAX_QUESTIONS    8
#define MAX_MIGRATIONS   32
#define MAX_WAITING      4096
#define MAX_KEPT         1000
#define PROBE_INTERVAL_S 30
#define PROBE_DEADLINE_S 20

G_DEFINE_QUARK(omen - evacuator - error - quark, omen_evacuator_error)

G_DEFINE_FINAL_TYPE(OmenEvacuator, omen_evacuator, G_TYPE_OBJECT)

enum {
    SIGNAL_ADDED,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
probe_free(OmenDestinationProbe *self)
{
    omen_destination_unref(self->destination);
    g_free(self->reason);
    g_free(self);
}

static OmenDestinationProbe *
probe_new(OmenDestination *destination, gboolean reachable, guint64 free_bytes, const char *reason)
{
    OmenDestinationProbe *self = g_new(OmenDestinationProbe, 1);

    self->destination = omen_destination_ref(destination);
    self->reachable = reachable;
    self->free_bytes = free_bytes;
    self->reason = g_strdup(reason);
    return self;
}

static void
omen_evacuator_dispose(GObject *object)
{
    OmenEvacuator *self = OMEN_EVACUATOR(object);

    g_clear_handle_id(&self->probe_source, g_source_remove);
    for (guint i = 0; i < self->jobs->len; i++)
        omen_job_abandon(g_ptr_array_index(self->jobs, i));
    g_ptr_array_set_size(self->jobs, 0);
    G_OBJECT_CLASS(omen_evacuator_parent_class)->dispose(object);
}

static void
omen_evacuator_finalize(GObject *object)
{
    OmenEvacuator *self = OMEN_EVACUATOR(object);

    g_ptr_array_unref(self->jobs);
    g_ptr_array_unref(self->destinations);
    g_hash_table_unref(self->probes);
    g_object_unref(self->questions);
    g_object_unref(self->migrations);
    g_object_unref(self->hypervisor);
    G_OBJECT_CLASS(omen_evacuator_parent_class)->finalize(object);
}

static void
omen_evacuator_class_init(OmenEvacuatorClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_evacuator_dispose;
    G_OBJECT_CLASS(class)->finalize = omen_evacuator_finalize;
    signals[SIGNAL_ADDED] = g_signal_new("added", OMEN_TYPE_EVACUATOR, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, OMEN_TYPE_EVACUATION);
}

static void
omen_evacuator_init(OmenEvacuator *self)
{
    self->questions = omen_workers_new(MAX_QUESTIONS);
    self->migrations = omen_workers_new(MAX_MIGRATIONS);
    self->jobs = g_ptr_array_new_with_free_func(omen_job_unref);
    self->destinations = g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_unref);
    self->probes =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) probe_free);
    self->limits = (OmenEvacuatorLimits){.concurrency = 1};
}

OmenEvacuator *
omen_evacuator_new(OmenHypervisor *hypervisor, OmenEvacuatorKeepFunc keep, gpointer user_data)
{
    OmenEvacuator *self = g_object_new(OMEN_TYPE_EVACUATOR, NULL);

    self->hypervisor = g_object_ref(hypervisor);
    self->keep = keep;
    self->keep_data = user_data;
    return self;
}

/* ---- destinations, looked at now and then ---- */

typedef struct {
    OmenDestination *destination;
    guint64 free_bytes;
} Probe;

static void
probe_data_free(gpointer data)
{
    Probe *self = data;

    omen_destination_unref(self->destination);
    g_free(self);
}

static gpointer
probe_work(gpointer data, GError **error)
{
    Probe *probe = data;
    OmenDestinationDemand demand = {0};
    guint64 free_bytes = 0;

    if (!omen_destination_check(probe->destination, &demand, &free_bytes, error))
        return NULL;
    return probe_new(probe->destination, TRUE, free_bytes, "");
}

typedef struct {
    GWeakRef evacuator;
    OmenDestination *destination;
} ProbeReply;

static void
on_probed(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    ProbeReply *reply = user_data;
    g_autoptr(OmenEvacuator) self = g_weak_ref_get(&reply->evacuator);
    g_autoptr(GError) error = NULL;
    OmenDestinationProbe *found = omen_workers_run_finish(result, &error);

    if (!found)
        found = probe_new(reply->destination, FALSE, 0, error->message);
    if (self && !self->stopped)
        g_hash_table_replace(self->probes, g_strdup(reply->destination->name), found);
    else
        probe_free(found);
    g_weak_ref_clear(&reply->evacuator);
    omen_destination_unref(reply->destination);
    g_free(reply);
}

static void
probe(OmenEvacuator *self, OmenDestination *destination)
{
    Probe *data = g_new0(Probe, 1);
    ProbeReply *reply = g_new0(ProbeReply, 1);

    data->destination = omen_destination_ref(destination);
    g_weak_ref_init(&reply->evacuator, self);
    reply->destination = omen_destination_ref(destination);
    omen_workers_run_async(self->questions, NULL, probe_work, data, probe_data_free,
                           (GDestroyNotify) probe_free, PROBE_DEADLINE_S, on_probed, reply);
}

static gboolean
on_probe_time(gpointer user_data)
{
    OmenEvacuator *self = user_data;

    for (guint i = 0; i < self->destinations->len; i++)
        probe(self, g_ptr_array_index(self->destinations, i));
    return G_SOURCE_CONTINUE;
}

void
omen_evacuator_configure(OmenEvacuator *self,
                         GPtrArray *destinations,
                         const OmenEvacuatorLimits *limits)
{
    g_ptr_array_set_size(self->destinations, 0);
    g_hash_table_remove_all(self->probes);
    for (guint i = 0; i < destinations->len; i++)
        g_ptr_array_add(self->destinations,
                        omen_destination_ref(g_ptr_array_index(destinations, i)));
    self->limits = *limits;
    on_probe_time(self);
    if (!self->probe_source)
        self->probe_source = g_timeout_add_seconds(PROBE_INTERVAL_S, on_probe_time, self);
}

GPtrArray *
omen_evacuator_list_destinations(OmenEvacuator *self)
{
    return g_ptr_array_ref(self->destinations);
}

GPtrArray *
omen_evacuator_list_probes(OmenEvacuator *self)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) probe_free);

    for (guint i = 0; i < self->destinations->len; i++) {
        OmenDestination *destination = g_ptr_array_index(self->destinations, i);
        const OmenDestinationProbe *known = g_hash_table_lookup(self->probes, destination->name);

        if (known)
            g_ptr_array_add(
                list, probe_new(destination, known->reachable, known->free_bytes, known->reason));
        else
            g_ptr_array_add(list, probe_new(destination, FALSE, 0, "not asked yet"));
    }
    return list;
}

/* ---- the queue ---- */

static Job *
job_at(OmenEvacuator *self, guint index)
{
    return g_ptr_array_index(self->jobs, index);
}

static Job *
find_job(OmenEvacuator *self, guint64 id)
{
    for (guint i = 0; i < self->jobs->len; i++) {
        if (omen_job_get_data(job_at(self, i))->id == id)
            return job_at(self, i);
    }
    return NULL;
}

guint64
omen_evacuator_get_promised(OmenEvacuator *self, const char *destination)
{
    guint64 bytes = 0;

    for (guint i = 0; i < self->jobs->len; i++) {
        Job *job = job_at(self, i);
        const OmenEvacuationData *data = omen_job_get_data(job);
        if (job->facts && !omen_phase_is_final(data->phase) &&
            g_str_equal(data->destination, destination))
            bytes += job->facts->memory_bytes;
    }
    return bytes;
}

static guint
count_lanes(OmenEvacuator *self)
{
    guint taken = 0;

    for (guint i = 0; i < self->jobs->len; i++)
        taken += job_at(self, i)->occupies_lane ? 1 : 0;
    return taken;
}

void
omen_evacuator_pump(OmenEvacuator *self)
{
    guint taken = count_lanes(self);

    for (guint i = 0; i < self->jobs->len && taken < self->limits.concurrency; i++) {
        Job *job = job_at(self, i);
        if (omen_job_get_data(job)->phase == OMEN_PHASE_QUEUED && !job->occupies_lane) {
            omen_job_begin(job);
            taken++;
        }
    }
}

static void
forget_oldest(OmenEvacuator *self)
{
    for (guint i = 0; i < self->jobs->len && self->jobs->len > MAX_KEPT; i++) {
        if (!omen_phase_is_final(omen_job_get_data(job_at(self, i))->phase))
            continue;
        g_ptr_array_remove_index(self->jobs, i);
        return;
    }
}

static void
add_job(OmenEvacuator *self, Job *job)
{
    g_ptr_array_add(self->jobs, job);
    forget_oldest(self);
    g_signal_emit(self, signals[SIGNAL_ADDED], 0, job->evacuation);
}

static gboolean
check_new(OmenEvacuator *self, const char *uuid, const char *destination, GError **error)
{
    guint waiting = 0;
    gboolean known = destination == NULL;

    for (guint i = 0; i < self->jobs->len; i++) {
        const OmenEvacuationData *data = omen_job_get_data(job_at(self, i));
        if (omen_phase_is_final(data->phase))
            continue;
        waiting++;
        if (g_str_equal(data->domain_uuid, uuid)) {
            g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY,
                        "%s is being evacuated already (evacuation %" G_GUINT64_FORMAT ")",
                        data->domain_name, data->id);
            return FALSE;
        }
    }
    if (waiting >= MAX_WAITING) {
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_FULL,
                    "%d evacuations are waiting already", MAX_WAITING);
        return FALSE;
    }
    for (guint i = 0; !known && i < self->destinations->len; i++)
        known = g_str_equal(((OmenDestination *) g_ptr_array_index(self->destinations, i))->name,
                            destination);
    if (!known)
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_NOT_FOUND,
                    "there is no destination %s; virt-omen destinations lists them", destination);
    return known;
}

OmenEvacuation *
omen_evacuator_enqueue(
    OmenEvacuator *self, const char *uuid, const char *destination, guint64 omen_id, GError **error)
{
    const OmenDomainInfo *domain = omen_hypervisor_lookup(self->hypervisor, uuid);
    OmenEvacuationData *data;
    Job *job;

    if (!domain) {
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_NOT_FOUND,
                    "there is no domain %s on this host", uuid);
        return NULL;
    }
    if (!check_new(self, domain->uuid, destination, error))
        return NULL;
    data = omen_evacuation_data_new();
    data->id = ++self->last_id;
    g_free(data->domain_uuid);
    data->domain_uuid = g_strdup(domain->uuid);
    g_free(data->domain_name);
    data->domain_name = g_strdup(domain->name);
    data->omen_id = omen_id;
    data->phase = OMEN_PHASE_QUEUED;
    data->queued_us = g_get_real_time();
    job = omen_job_new(self, data, destination);
    add_job(self, job);
    omen_evacuator_pump(self);
    return job->evacuation;
}

void
omen_evacuator_restore(OmenEvacuator *self, OmenEvacuationData *data)
{
    OmenPhase phase = data->phase;
    Job *job;

    if (phase == OMEN_PHASE_CHECKING)
        data->phase = OMEN_PHASE_QUEUED;
    self->last_id = MAX(self->last_id, data->id);
    job = omen_job_new(self, data, NULL);
    add_job(self, job);
    if (phase == OMEN_PHASE_RUNNING || phase == OMEN_PHASE_VERIFYING ||
        phase == OMEN_PHASE_RECONCILING)
        omen_job_reconcile(job);
    else
        omen_evacuator_pump(self);
}

gboolean
omen_evacuator_cancel(OmenEvacuator *self, guint64 id, GError **error)
{
    Job *job = find_job(self, id);

    if (!job) {
        g_set_error(
            error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_NOT_FOUND,
            "there is no evacuation %" G_GUINT64_FORMAT "; virt-omen evacuations lists them", id);
        return FALSE;
    }
    return omen_job_cancel(job, error);
}

GPtrArray *
omen_evacuator_list(OmenEvacuator *self)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_object_unref);

    for (guint i = 0; i < self->jobs->len; i++)
        g_ptr_array_add(list, g_object_ref(job_at(self, i)->evacuation));
    return list;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/queue/evacuator-private.h"

#define MAX_QUESTIONS  8
#define MAX_SURVEYS    8
#define MAX_PROBERS    16
#define MAX_MIGRATIONS 32
#define MAX_WAITING    4096
#define MAX_KEPT       1000

G_DEFINE_QUARK(omen - evacuator - error - quark, omen_evacuator_error)

G_DEFINE_FINAL_TYPE(OmenEvacuator, omen_evacuator, G_TYPE_OBJECT)

enum {
    SIGNAL_ADDED,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
omen_evacuator_dispose(GObject *object)
{
    OmenEvacuator *self = OMEN_EVACUATOR(object);

    g_clear_handle_id(&self->probe_source, g_source_remove);
    g_clear_handle_id(&self->pump_source, g_source_remove);
    self->stopped = TRUE;
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
    g_clear_pointer(&self->home, omen_destination_unref);
    g_free(self->save_dir);
    g_free(self->hold);
    g_hash_table_unref(self->probes);
    g_hash_table_unref(self->crowded);
    g_object_unref(self->questions);
    g_object_unref(self->surveys);
    g_object_unref(self->probers);
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
    self->surveys = omen_workers_new(MAX_SURVEYS);
    self->probers = omen_workers_new(MAX_PROBERS);
    self->migrations = omen_workers_new(MAX_MIGRATIONS);
    self->jobs = g_ptr_array_new_with_free_func(omen_job_unref);
    self->destinations = g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_unref);
    self->probes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) omen_destination_probe_free);
    self->crowded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->probed = omen_evacuator_pump;
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

void
omen_evacuator_set_reserver(OmenEvacuator *self, const OmenReserver *reserver, gpointer user_data)
{
    self->reserver = reserver;
    self->reserver_data = user_data;
    g_hash_table_remove_all(self->crowded);
    for (guint i = 0; reserver && i < self->jobs->len; i++)
        omen_job_hold(g_ptr_array_index(self->jobs, i));
}

void
omen_evacuator_configure(OmenEvacuator *self,
                         GPtrArray *destinations,
                         const OmenEvacuatorLimits *limits)
{
    g_ptr_array_set_size(self->destinations, 0);
    g_hash_table_remove_all(self->probes);
    g_hash_table_remove_all(self->crowded);
    for (guint i = 0; i < destinations->len; i++)
        g_ptr_array_add(self->destinations,
                        omen_destination_ref(g_ptr_array_index(destinations, i)));
    self->limits = *limits;
    self->limits.own_uri = NULL;
    self->limits.save_dir = NULL;
    g_free(self->save_dir);
    self->save_dir = g_strdup(limits->save_dir ? limits->save_dir : "");
    g_clear_pointer(&self->home, omen_destination_unref);
    if (limits->own_uri && *limits->own_uri)
        self->home = omen_destination_new(
            &(OmenDestinationTerms){.name = g_get_host_name(), .uri = limits->own_uri});
    omen_evacuator_probe_all(self);
}

/* ---- the queue ---- */

static OmenJob *
job_at(OmenEvacuator *self, guint index)
{
    return g_ptr_array_index(self->jobs, index);
}

static OmenJob *
find_job(OmenEvacuator *self, guint64 id)
{
    for (guint i = 0; i < self->jobs->len; i++) {
        if (omen_job_get_data(job_at(self, i))->id == id)
            return job_at(self, i);
    }
    return NULL;
}

static void
forget_oldest(OmenEvacuator *self)
{
    for (guint i = 0; i < self->jobs->len && self->jobs->len > MAX_KEPT; i++) {
        if (!omen_phase_is_final(omen_job_get_data(job_at(self, i))->phase))
            continue;
        /* What it still waits for finds nobody. */
        omen_job_abandon(job_at(self, i));
        g_ptr_array_remove_index(self->jobs, i);
        return;
    }
}

static void
add_job(OmenEvacuator *self, OmenJob *job)
{
    g_ptr_array_add(self->jobs, job);
    forget_oldest(self);
    g_signal_emit(self, signals[SIGNAL_ADDED], 0, job->evacuation);
}

static gboolean
is_destination(OmenEvacuator *self, const char *name)
{
    for (guint i = 0; i < self->destinations->len; i++) {
        if (g_str_equal(((OmenDestination *) g_ptr_array_index(self->destinations, i))->name, name))
            return TRUE;
    }
    return FALSE;
}

static gboolean
check_queue(OmenEvacuator *self, const char *uuid, GError **error)
{
    guint waiting = 0;

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
    if (waiting < MAX_WAITING)
        return TRUE;
    g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_FULL,
                "%d evacuations are waiting already", MAX_WAITING);
    return FALSE;
}

gboolean
omen_evacuator_check(OmenEvacuator *self,
                     const char *uuid,
                     const OmenEvacuationRequest *request,
                     GError **error)
{
    const OmenDomainInfo *domain = omen_hypervisor_lookup(self->hypervisor, uuid);

    if (!domain) {
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_NOT_FOUND,
                    "there is no domain %s on this host", uuid);
        return FALSE;
    }
    if (request->destination && !is_destination(self, request->destination)) {
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_NOT_FOUND,
                    "there is no destination %s; virt-omen destinations lists them",
                    request->destination);
        return FALSE;
    }
    return check_queue(self, domain->uuid, error);
}

/* An evacuation for a healthy host's sake becomes one for an endangered one's: from now on it has
 * that deadline, and takes no risk that such a host forbids. */
static void
join_request(OmenEvacuator *self, const char *uuid, const OmenEvacuationRequest *request)
{
    for (guint i = 0; i < self->jobs->len; i++) {
        OmenJob *job = job_at(self, i);
        OmenEvacuationData *data;

        if (omen_phase_is_final(omen_job_get_data(job)->phase) ||
            *omen_job_get_data(job)->source_uri ||
            !g_str_equal(omen_job_get_data(job)->domain_uuid, uuid))
            continue;
        if (request->deadline_us > 0 &&
            (job->deadline_us == 0 || request->deadline_us < job->deadline_us))
            job->deadline_us = request->deadline_us;
        job->host_may_die = job->host_may_die || request->host_may_die;
        job->memory_is_short = job->memory_is_short || request->memory_is_short;
        if (omen_job_get_data(job)->omen_id != 0 || request->omen_id == 0)
            continue;
        data = omen_job_edit(job);
        data->omen_id = request->omen_id;
        omen_evacuation_update(job->evacuation, data);
    }
}

OmenEvacuation *
omen_evacuator_enqueue(OmenEvacuator *self,
                       const char *uuid,
                       const OmenEvacuationRequest *request,
                       GError **error)
{
    const OmenDomainInfo *domain = omen_hypervisor_lookup(self->hypervisor, uuid);
    OmenEvacuationData *data;
    OmenJob *job;

    if (domain)
        join_request(self, domain->uuid, request);
    if (!omen_evacuator_check(self, uuid, request, error) || !domain)
        return NULL;
    data = omen_evacuation_data_new();
    data->id = ++self->last_id;
    omen_job_set_string(&data->domain_uuid, domain->uuid);
    omen_job_set_string(&data->domain_name, domain->name);
    data->omen_id = request->omen_id;
    data->phase = OMEN_PHASE_QUEUED;
    data->queued_us = g_get_real_time();
    if (request->destination)
        omen_job_set_string(&data->destination, request->destination);
    job = omen_job_new(self, data, omen_evacuator_take_step);
    job->wanted = g_strdup(request->destination);
    job->deadline_us = request->deadline_us;
    job->host_may_die = request->host_may_die;
    job->memory_is_short = request->memory_is_short;
    add_job(self, job);
    omen_evacuator_pump_soon(self);
    return job->evacuation;
}

void
omen_evacuator_reassign(OmenEvacuator *self, guint64 from_omen, guint64 to_omen)
{
    for (guint i = 0; i < self->jobs->len; i++) {
        OmenJob *job = job_at(self, i);
        OmenEvacuationData *data;

        if (omen_job_get_data(job)->omen_id != from_omen)
            continue;
        data = omen_job_edit(job);
        data->omen_id = to_omen;
        omen_evacuation_update(job->evacuation, data);
    }
}

/* ---- the way back ---- */

/* The last evacuation of a domain that had success; NULL: it never left. */
static const OmenEvacuationData *
find_last(OmenEvacuator *self, const char *domain)
{
    for (guint i = self->jobs->len; i > 0; i--) {
        const OmenEvacuationData *data = omen_job_get_data(job_at(self, i - 1));
        if (data->phase == OMEN_PHASE_SUCCEEDED &&
            (g_str_equal(data->domain_uuid, domain) || g_str_equal(data->domain_name, domain)))
            return data;
    }
    return NULL;
}

static gboolean
check_return(OmenEvacuator *self,
             const OmenEvacuationData *last,
             const char *domain,
             GError **error)
{
    if (!last || *last->source_uri) {
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_NOT_FOUND,
                    "no evacuation of %s from this host is remembered", domain);
        return FALSE;
    }
    if (self->hold) {
        g_set_error_literal(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY, self->hold);
        return FALSE;
    }
    if (!self->home) {
        g_set_error(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_NOT_FOUND,
                    "it is not known how other hosts reach this one: set own_uri in "
                    "[evacuation], example: own_uri=qemu+tls://%s/system",
                    g_get_host_name());
        return FALSE;
    }
    return check_queue(self, last->domain_uuid, error);
}

OmenEvacuation *
omen_evacuator_bring_back(OmenEvacuator *self, const char *domain, GError **error)
{
    const OmenEvacuationData *last = find_last(self, domain);
    OmenEvacuationData *data;
    OmenJob *job;

    if (!check_return(self, last, domain, error))
        return NULL;
    data = omen_evacuation_data_new();
    data->id = ++self->last_id;
    omen_job_set_string(&data->domain_uuid, last->domain_uuid);
    omen_job_set_string(&data->domain_name, last->domain_name);
    omen_job_set_string(&data->source_uri, last->destination_uri);
    data->phase = OMEN_PHASE_QUEUED;
    data->queued_us = g_get_real_time();
    job = omen_job_new(self, data, omen_evacuator_take_step);
    add_job(self, job);
    omen_evacuator_pump_soon(self);
    return job->evacuation;
}

void
omen_evacuator_hold_returns(OmenEvacuator *self, const char *why)
{
    g_free(self->hold);
    self->hold = g_strdup(why);
}

void
omen_evacuator_cancel_returns(OmenEvacuator *self)
{
    for (guint i = 0; i < self->jobs->len; i++) {
        OmenJob *job = job_at(self, i);
        if (*omen_job_get_data(job)->source_uri && !job->cancelled)
            omen_evacuator_cancel_job(job, "this host is endangered again", NULL);
    }
}

char **
omen_evacuator_list_away(OmenEvacuator *self, gboolean of_omens)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (guint i = 0; i < self->jobs->len; i++) {
        const OmenEvacuationData *data = omen_job_get_data(job_at(self, i));
        const OmenDomainInfo *here = omen_hypervisor_lookup(self->hypervisor, data->domain_uuid);
        /* Its definition may have stayed, or libvirt may still tell of it as shut off. */
        if (find_last(self, data->domain_uuid) == data && !*data->source_uri &&
            (!of_omens || data->omen_id != 0) && !(here && omen_domain_info_is_active(here)))
            g_strv_builder_add(builder, data->domain_uuid);
    }
    return g_strv_builder_end(builder);
}

void
omen_evacuator_restore(OmenEvacuator *self,
                       OmenEvacuationData *data,
                       const OmenEvacuationRequest *request)
{
    OmenPhase phase = data->phase;
    OmenJob *job;

    if (phase == OMEN_PHASE_CHECKING)
        data->phase = OMEN_PHASE_QUEUED;
    self->last_id = MAX(self->last_id, data->id);
    job = omen_job_new(self, data, omen_evacuator_take_step);
    job->deadline_us = request->deadline_us;
    job->host_may_die = request->host_may_die;
    job->memory_is_short = request->memory_is_short;
    /* What was wanted was the destination from the beginning. */
    if (data->phase == OMEN_PHASE_QUEUED && data->attempt == 0 && *data->destination)
        job->wanted = g_strdup(data->destination);
    add_job(self, job);
    if (phase == OMEN_PHASE_RUNNING || phase == OMEN_PHASE_VERIFYING ||
        phase == OMEN_PHASE_RECONCILING)
        omen_job_reconcile(job);
    else
        omen_evacuator_pump_soon(self);
}

gboolean
omen_evacuator_cancel(OmenEvacuator *self, guint64 id, const char *why, GError **error)
{
    OmenJob *job = find_job(self, id);

    if (!job) {
        g_set_error(
            error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_NOT_FOUND,
            "there is no evacuation %" G_GUINT64_FORMAT "; virt-omen evacuations lists them", id);
        return FALSE;
    }
    return omen_evacuator_cancel_job(job, why, error);
}

GPtrArray *
omen_evacuator_list(OmenEvacuator *self)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_object_unref);

    for (guint i = 0; i < self->jobs->len; i++)
        g_ptr_array_add(list, g_object_ref(job_at(self, i)->evacuation));
    return list;
}

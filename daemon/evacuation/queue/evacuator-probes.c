/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the destinations are: each is asked now and then, by worker threads, and the last answer is
 * what the planner goes by. */
#include "evacuation/queue/evacuator-private.h"

#define PROBE_INTERVAL_S 30
#define PROBE_DEADLINE_S 20

void
omen_destination_probe_free(OmenDestinationProbe *self)
{
    omen_destination_unref(self->destination);
    g_free(self->reason);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDestinationProbe, omen_destination_probe_free)

static OmenDestinationProbe *
probe_new(OmenDestination *destination, const char *reason)
{
    OmenDestinationProbe *self = g_new0(OmenDestinationProbe, 1);

    self->destination = omen_destination_ref(destination);
    self->reason = g_strdup(reason);
    return self;
}

static OmenDestinationProbe *
probe_copy(const OmenDestinationProbe *self)
{
    OmenDestinationProbe *copy = g_new(OmenDestinationProbe, 1);

    *copy = *self;
    copy->destination = omen_destination_ref(self->destination);
    copy->reason = g_strdup(self->reason);
    return copy;
}

/* In a worker: an answer whatever it is. */
static gpointer
probe_work(gpointer data, GError **error G_GNUC_UNUSED)
{
    OmenDestination *destination = data;
    g_autoptr(OmenDestinationProbe) probe = probe_new(destination, "");
    OmenDestinationDemand demand = {0};
    g_autoptr(GError) why = NULL;

    probe->asked_us = g_get_real_time();
    probe->reachable = omen_destination_check(destination, &demand, &probe->sight, &why);
    if (!probe->reachable)
        omen_job_set_string(&probe->reason, why->message);
    probe->endangered =
        g_error_matches(why, OMEN_DESTINATION_ERROR, OMEN_DESTINATION_ERROR_ENDANGERED);
    return g_steal_pointer(&probe);
}

/* A call to a dead host lasts minutes in its thread, whoever has given it up: no second one joins
 * it. */
static void
end_probe(gpointer data)
{
    OmenDestination *destination = data;

    g_atomic_int_set(&destination->is_probed, 0);
    omen_destination_unref(destination);
}

typedef struct {
    GWeakRef evacuator;
    OmenDestination *destination;
} Reply;

/* The list may have been configured anew meanwhile. */
static gboolean
is_current(OmenEvacuator *self, OmenDestination *destination)
{
    return g_ptr_array_find(self->destinations, destination, NULL);
}

static void
on_probed(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    Reply *reply = user_data;
    g_autoptr(OmenEvacuator) self = g_weak_ref_get(&reply->evacuator);
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenDestinationProbe) found = omen_workers_run_finish(result, &error);

    if (!found) {
        g_autofree char *reason =
            g_strdup_printf("%s: does not answer: %s", reply->destination->name, error->message);
        found = probe_new(reply->destination, reason);
    }
    if (self && !self->stopped && is_current(self, reply->destination)) {
        g_hash_table_replace(self->probes, g_strdup(reply->destination->name),
                             g_steal_pointer(&found));
        self->probed(self);
    }
    g_weak_ref_clear(&reply->evacuator);
    omen_destination_unref(reply->destination);
    g_free(reply);
}

static void
probe(OmenEvacuator *self, OmenDestination *destination)
{
    Reply *reply;

    if (!g_atomic_int_compare_and_exchange(&destination->is_probed, 0, 1))
        return;
    reply = g_new0(Reply, 1);
    g_weak_ref_init(&reply->evacuator, self);
    reply->destination = omen_destination_ref(destination);
    omen_workers_run_async(self->probers, NULL, probe_work, omen_destination_ref(destination),
                           end_probe, (GDestroyNotify) omen_destination_probe_free,
                           PROBE_DEADLINE_S, on_probed, reply);
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
omen_evacuator_probe_all(OmenEvacuator *self)
{
    on_probe_time(self);
    if (!self->probe_source)
        self->probe_source = g_timeout_add_seconds(PROBE_INTERVAL_S, on_probe_time, self);
}

/* Until the next probe says otherwise. */
void
omen_evacuator_note_refusal(OmenEvacuator *self, const char *destination, const char *reason)
{
    OmenDestinationProbe *known = g_hash_table_lookup(self->probes, destination);

    if (!known)
        return;
    known->reachable = FALSE;
    omen_job_set_string(&known->reason, reason);
}

GPtrArray *
omen_evacuator_list_probes(OmenEvacuator *self)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_probe_free);

    for (guint i = 0; i < self->destinations->len; i++) {
        OmenDestination *destination = g_ptr_array_index(self->destinations, i);
        const OmenDestinationProbe *known = g_hash_table_lookup(self->probes, destination->name);
        g_ptr_array_add(list, known ? probe_copy(known) : probe_new(destination, "not asked yet"));
    }
    return list;
}

/* ---- which first ---- */

/* 0: can be used; 1: not known yet; 2: something speaks against it. */
static guint
grade(OmenEvacuator *self, const OmenDestination *destination)
{
    const OmenDestinationProbe *known = g_hash_table_lookup(self->probes, destination->name);

    if (!known)
        return 1;
    return known->reachable ? 0 : 2;
}

/* Insertion keeps the configured order among equals. */
GPtrArray *
omen_evacuator_rank_destinations(OmenEvacuator *self)
{
    GPtrArray *ranked = g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_unref);

    for (guint i = 0; i < self->destinations->len; i++) {
        OmenDestination *one = g_ptr_array_index(self->destinations, i);
        guint place = 0;
        for (; place < ranked->len; place++) {
            const OmenDestination *other = g_ptr_array_index(ranked, place);
            guint left = grade(self, one);
            guint right = grade(self, other);
            if (left < right || (left == right && one->weight > other->weight))
                break;
        }
        g_ptr_array_insert(ranked, (int) place, omen_destination_ref(one));
    }
    return ranked;
}

OmenPromise
omen_evacuator_get_promised(OmenEvacuator *self, const char *destination, gint64 since_us)
{
    OmenPromise promise = {0};

    for (guint i = 0; i < self->jobs->len; i++) {
        const OmenJob *job = g_ptr_array_index(self->jobs, i);
        const OmenEvacuationData *data = omen_job_get_data(job);
        gboolean counts = data->phase == OMEN_PHASE_SUCCEEDED ? data->ended_us > since_us
                                                              : !omen_phase_is_final(data->phase);
        /* One that waits has a wish at most. */
        if (!counts || data->phase == OMEN_PHASE_QUEUED ||
            !g_str_equal(data->destination, destination))
            continue;
        promise.bytes += job->facts ? job->facts->memory_bytes : 0;
        promise.domains++;
        promise.running += job->occupies_lane ? 1 : 0;
    }
    return promise;
}

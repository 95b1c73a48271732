/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding a destination: asked one after the other, the most promising first, until one takes it.
 */
#include "evacuation/queue/evacuator-private.h"

/* One that does not answer is put behind the others, and asked with patience only if these fail. */
#define CHECK_SOON_S    3
#define CHECK_PATIENT_S 20

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

    g_autofree OmenDestinationSight *sight = g_new0(OmenDestinationSight, 1);

    return omen_destination_check(check->destination, &check->demand, sight, error)
               ? g_steal_pointer(&sight)
               : NULL;
}

/* For the last time if it was patience that ended. */
static void
put_behind(OmenJob *self, OmenDestination *destination, const GError *error)
{
    g_autofree char *reason = g_strdup_printf("%s: %s", destination->name, error->message);

    omen_evacuator_note_refusal(self->evacuator, destination->name, reason);
    if (g_hash_table_add(self->slow, g_strdup(destination->name)))
        g_ptr_array_add(self->candidates, omen_destination_ref(destination));
    else
        omen_job_note_reason(self, reason);
}

static void
on_checked(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;
    g_autoptr(OmenDestination) asked = g_steal_pointer(&self->destination);
    g_autoptr(GError) error = NULL;
    g_autofree OmenDestinationSight *sight = omen_workers_run_finish(result, &error);

    if (!self->evacuator)
        return;
    if (sight || self->cancelled) {
        self->destination = g_steal_pointer(&asked);
        if (sight)
            self->sight = *sight;
        omen_job_tell(self, OMEN_JOB_PLACED, NULL);
        return;
    }
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        put_behind(self, asked, error);
    else
        omen_job_note_reason(self, error->message);
    omen_job_ask_next(self);
}

static void
fail_without_destination(OmenJob *self)
{
    g_autofree char *error = NULL;

    if (self->crowded) {
        omen_job_tell(self, OMEN_JOB_CROWDED, self->crowded);
        return;
    }
    if (self->wanted && self->reasons->len == 0)
        error = g_strdup_printf("there is no destination %s in the configuration", self->wanted);
    else if (self->reasons->len == 0)
        error = g_strdup("no destination is configured; add a [destination NAME] with its uri");
    else
        error = g_strdup_printf("no destination takes it: %s", self->reasons->str);
    omen_job_tell(self, OMEN_JOB_STUCK, error);
}

/* Those that were found full a moment ago are not asked: they are waited for, if no other is left.
 */
static void
skip_crowded(OmenJob *self)
{
    while (self->candidates->len > 0) {
        const OmenDestination *one = g_ptr_array_index(self->candidates, 0);
        if (self->goes_anyway || omen_evacuator_get_crowded_ms(self->evacuator, one->name) == 0)
            return;
        omen_job_note_crowded(self, one->name, "it is full by what others send there");
        g_ptr_array_remove_index(self->candidates, 0);
    }
}

void
omen_job_ask_next(OmenJob *self)
{
    Check *check;
    OmenPromise promise;
    guint deadline_s;

    skip_crowded(self);
    if (self->candidates->len == 0) {
        fail_without_destination(self);
        return;
    }
    g_clear_pointer(&self->destination, omen_destination_unref);
    self->destination = omen_destination_ref(g_ptr_array_index(self->candidates, 0));
    g_ptr_array_remove_index(self->candidates, 0);
    promise = omen_evacuator_get_promised(self->evacuator, self->destination->name, G_MAXINT64);
    if (g_str_equal(omen_job_get_data(self)->destination, self->destination->name)) {
        promise.bytes -= MIN(promise.bytes, self->facts->memory_bytes);
        promise.domains--;
    }
    check = g_new0(Check, 1);
    check->destination = omen_destination_ref(self->destination);
    check->facts = omen_domain_facts_copy(self->facts);
    check->demand = (OmenDestinationDemand){
        .facts = check->facts,
        .reserve_bytes = self->evacuator->limits.reserve_bytes,
        .promised_bytes = promise.bytes,
        .promised_domains = promise.domains,
        .cpu_overcommit = self->evacuator->limits.cpu_overcommit,
    };
    deadline_s =
        g_hash_table_contains(self->slow, self->destination->name) ? CHECK_PATIENT_S : CHECK_SOON_S;
    omen_workers_run_async(self->evacuator->questions, NULL, check_work, check, check_free, g_free,
                           deadline_s, on_checked, omen_job_ref(self));
}

/* The planner's choice first, then as the probes found them; what failed already is not tried
 * again. What comes back knows where to. */
void
omen_job_search(OmenJob *self)
{
    g_autoptr(GPtrArray) ranked = omen_evacuator_rank_destinations(self->evacuator);

    g_clear_pointer(&self->candidates, g_ptr_array_unref);
    g_hash_table_remove_all(self->slow);
    g_clear_pointer(&self->crowded, g_free);
    self->n_reasons = self->reasons->len;
    self->candidates = g_ptr_array_new_with_free_func((GDestroyNotify) omen_destination_unref);
    if (*omen_job_get_data(self)->source_uri) {
        if (self->evacuator->home)
            g_ptr_array_add(self->candidates, omen_destination_ref(self->evacuator->home));
        omen_job_ask_next(self);
        return;
    }
    for (guint i = 0; i < ranked->len; i++) {
        OmenDestination *one = g_ptr_array_index(ranked, i);
        gboolean is_preferred = g_strcmp0(self->preferred, one->name) == 0;
        if ((self->wanted && !g_str_equal(self->wanted, one->name)) ||
            g_hash_table_contains(self->tried, one->name) ||
            g_hash_table_contains(self->refused, one->name))
            continue;
        g_ptr_array_insert(self->candidates, is_preferred ? 0 : -1, omen_destination_ref(one));
    }
    omen_job_ask_next(self);
}

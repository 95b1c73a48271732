/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A place at the destination that takes the domain: kept for it among all hosts, before it goes. */
#include "evacuation/queue/evacuator-private.h"

/* For so long a destination that is full is not asked again by this host. */
#define CROWDED_MS        2000
#define CROWDED_SPREAD_MS 1000

G_DEFINE_QUARK(omen - reserver - error - quark, omen_reserver_error)

static OmenReserverWish
make_wish(OmenJob *self)
{
    const OmenEvacuatorLimits *limits = &self->evacuator->limits;
    const OmenEvacuationData *data = omen_job_get_data(self);

    return (OmenReserverWish){
        .destination = self->destination,
        .is_home = *data->source_uri != '\0',
        .uuid = data->domain_uuid,
        .name = data->domain_name,
        .memory_bytes = self->facts ? self->facts->memory_bytes : 0,
        .vcpus = self->facts ? self->facts->vcpus : 0,
        .lasts_s = self->facts ? omen_job_get_timeout_s(self) : 0,
        .reserve_bytes = limits->reserve_bytes,
        .cpu_overcommit = limits->cpu_overcommit,
    };
}

/* It is full by others on their way: that passes. */
static void
note_crowded(OmenJob *self, const char *name, const char *why)
{
    gint64 *until_us = g_new(gint64, 1);

    *until_us = g_get_monotonic_time() +
                (CROWDED_MS + g_random_int_range(0, CROWDED_SPREAD_MS)) * G_GINT64_CONSTANT(1000);
    g_hash_table_replace(self->evacuator->crowded, g_strdup(name), until_us);
    omen_job_note_crowded(self, name, why);
}

/* The domain goes, and that is noted; it takes its place there all the same. */
static void
go_without(OmenJob *self, const GError *error)
{
    gboolean is_full = g_error_matches(error, OMEN_RESERVER_ERROR, OMEN_RESERVER_ERROR_FULL);
    OmenReserverWish wish = make_wish(self);
    g_autofree char *reason =
        g_strdup_printf("%s: moved there without a reservation%s: %s", self->destination->name,
                        is_full ? ", since it can wait no longer" : "", error->message);

    g_warning("evacuation %" G_GUINT64_FORMAT " of %s: %s", omen_job_get_data(self)->id,
              omen_job_get_data(self)->domain_name, reason);
    omen_job_note_reason(self, reason);
    if (is_full)
        self->reserver->hold(&wish, self->evacuator->reserver_data);
}

static void
on_reserved(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;
    g_autoptr(OmenDestination) there = NULL;
    g_autoptr(GError) error = NULL;
    gboolean good = self->reserver->reserve_finish(result, &error);

    if (!self->evacuator)
        return;
    if (!good && g_error_matches(error, OMEN_RESERVER_ERROR, OMEN_RESERVER_ERROR_FULL) &&
        !self->cancelled && !self->goes_anyway) {
        there = g_steal_pointer(&self->destination);
        note_crowded(self, there->name, error->message);
        omen_job_tell(self, OMEN_JOB_FULL, NULL);
        return;
    }
    if (good)
        self->evacuator->placed_us = g_get_monotonic_time();
    else if (!self->cancelled)
        go_without(self, error);
    self->goes_anyway = FALSE;
    omen_job_tell(self, OMEN_JOB_RESERVED, NULL);
}

void
omen_job_reserve(OmenJob *self)
{
    OmenReserverWish wish;

    self->reserver = self->evacuator->reserver;
    if (!self->reserver) {
        omen_job_tell(self, OMEN_JOB_RESERVED, NULL);
        return;
    }
    wish = make_wish(self);
    wish.room = self->sight;
    self->reserver->reserve_async(&wish, on_reserved, omen_job_ref(self),
                                  self->evacuator->reserver_data);
}

void
omen_job_release(OmenJob *self)
{
    OmenEvacuator *evacuator = self->evacuator;

    if (evacuator && evacuator->reserver)
        evacuator->reserver->release(omen_job_get_data(self)->domain_uuid,
                                     evacuator->reserver_data);
}

/* What an earlier life of the daemon began still takes its place. */
void
omen_job_hold(OmenJob *self)
{
    OmenEvacuator *evacuator = self->evacuator;
    OmenPhase phase = omen_job_get_data(self)->phase;
    const OmenDomainInfo *here =
        omen_hypervisor_lookup(evacuator->hypervisor, omen_job_get_data(self)->domain_uuid);
    OmenReserverWish wish;

    if (!evacuator->reserver || !self->destination ||
        (phase != OMEN_PHASE_RUNNING && phase != OMEN_PHASE_VERIFYING &&
         phase != OMEN_PHASE_RECONCILING))
        return;
    wish = make_wish(self);
    if (!self->facts && here)
        wish.memory_bytes = here->memory_bytes;
    evacuator->reserver->hold(&wish, evacuator->reserver_data);
}

/* ---- full destinations ---- */

void
omen_job_note_crowded(OmenJob *self, const char *destination, const char *why)
{
    g_autofree char *before = g_steal_pointer(&self->crowded);

    omen_job_begin_wait(self);
    self->crowded =
        g_strdup_printf("%s%s%s: %s", before ? before : "", before ? "; " : "", destination, why);
}

guint
omen_evacuator_get_crowded_ms(OmenEvacuator *self, const char *destination)
{
    const gint64 *until_us = g_hash_table_lookup(self->crowded, destination);
    gint64 left_us = until_us ? *until_us - g_get_monotonic_time() : 0;

    return left_us > 0 ? (guint) (left_us / 1000 + 1) : 0;
}

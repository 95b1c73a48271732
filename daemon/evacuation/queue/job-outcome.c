/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of a migration: both ends are asked until it is known, whatever libvirt's call said.
 */
#include "evacuation/queue/evacuator-private.h"

#define QUESTION_DEADLINE_S 40
#define SETTLE_FIRST_MS     500
#define SETTLE_LAST_MS      10000
#define SETTLE_LIMIT_S      60
#define SETTLE_SHORT_S      5

static gboolean
on_settle_again(gpointer user_data)
{
    OmenJob *self = user_data;

    self->settle_source = 0;
    omen_job_settle(self, OMEN_PHASE_RECONCILING);
    return G_SOURCE_REMOVE;
}

static void
settle_later(OmenJob *self)
{
    self->settle_source = g_timeout_add(self->settle_pause_ms, on_settle_again, self);
    self->settle_pause_ms = MIN(self->settle_pause_ms * 2, SETTLE_LAST_MS);
}

static void
conclude(OmenJob *self, OmenMigrationOutcome outcome)
{
    const OmenEvacuationData *data = omen_job_get_data(self);
    g_autofree char *error = NULL;

    switch (outcome) {
    case OMEN_MIGRATION_OUTCOME_ARRIVED:
        omen_job_tell(self, OMEN_JOB_ARRIVED, NULL);
        return;
    case OMEN_MIGRATION_OUTCOME_STAYED:
        omen_job_tell(self, OMEN_JOB_STAYED, NULL);
        return;
    case OMEN_MIGRATION_OUTCOME_BROKEN:
        omen_job_tell(self, OMEN_JOB_BROKEN, NULL);
        return;
    case OMEN_MIGRATION_OUTCOME_PAUSED_HERE:
        error =
            g_strdup_printf("it is paused here after the migration was interrupted; see why (virsh "
                            "domstate --reason %s), then virsh resume %s",
                            data->domain_name, data->domain_name);
        break;
    case OMEN_MIGRATION_OUTCOME_PAUSED_THERE:
        error = g_strdup_printf("it is paused on %s after the migration; virsh -c %s resume %s",
                                data->destination, data->destination_uri, data->domain_name);
        break;
    case OMEN_MIGRATION_OUTCOME_NOWHERE:
        error =
            g_strdup_printf("it runs neither here nor on %s: its owner stopped it, or it was lost "
                            "in the migration",
                            data->destination);
        break;
    case OMEN_MIGRATION_OUTCOME_TWICE:
        error =
            g_strdup_printf("it runs here and on %s: stop one of them at once, before both write "
                            "to its disk",
                            data->destination);
        break;
    case OMEN_MIGRATION_OUTCOME_OPEN:
    default:
        g_return_if_reached();
    }
    g_warning("%s: %s", data->domain_name, error);
    omen_job_finish(self, OMEN_PHASE_FAILED, error);
}

/* While it is on its way it takes a part of the link. Once the source is rid of it, it does not,
 * however long its new host stays silent. */
static void
give_way(OmenJob *self, OmenDomainLocation at)
{
    if (at.here != OMEN_PRESENCE_ABSENT || !self->occupies_lane)
        return;
    self->occupies_lane = FALSE;
    omen_job_tell(self, OMEN_JOB_LEFT_LANE, NULL);
}

/* For as long as it lasts: an operator may know more. */
static void
tell_doubt(OmenJob *self, OmenDomainLocation at)
{
    const OmenEvacuationData *now = omen_job_get_data(self);
    OmenEvacuationData *data;
    g_autofree char *error = g_strdup_printf(
        "where it runs is not known: %s does not answer; asked again until it does",
        at.there == OMEN_PRESENCE_UNKNOWN ? now->destination : "libvirt on the host that it left");

    if (g_str_equal(now->error, error))
        return;
    g_warning("%s: %s", now->domain_name, error);
    data = omen_job_edit(self);
    omen_job_set_string(&data->error, error);
    omen_evacuation_update(self->evacuation, data);
}

static void
on_settled(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenJob) self = user_data;
    g_autofree OmenDomainLocation *answer = omen_workers_run_finish(result, NULL);
    OmenDomainLocation at = answer ? *answer : (OmenDomainLocation){0};
    gint64 now_us = g_get_monotonic_time();
    OmenMigrationOutcome outcome;

    if (!self->evacuator)
        return;
    /* libvirtd goes on with a peer-to-peer migration by itself: that is not a time of doubt. */
    if (at.here == OMEN_PRESENCE_IN_JOB)
        self->settle_until_us = now_us + SETTLE_LIMIT_S * G_USEC_PER_SEC;
    /* Nothing is there and no job is under way: a hand-over it is not. */
    else if (at.there == OMEN_PRESENCE_ABSENT &&
             (at.here == OMEN_PRESENCE_PAUSED || at.here == OMEN_PRESENCE_ABSENT))
        self->settle_until_us =
            MIN(self->settle_until_us, now_us + SETTLE_SHORT_S * G_USEC_PER_SEC);
    outcome = now_us < self->settle_until_us ? omen_domain_location_judge(at)
                                             : omen_domain_location_judge_finally(at);
    if (outcome != OMEN_MIGRATION_OUTCOME_OPEN) {
        conclude(self, outcome);
        return;
    }
    if (now_us >= self->settle_until_us)
        tell_doubt(self, at);
    give_way(self, at);
    settle_later(self);
}

typedef struct {
    char *source_uri;
    char *destination_uri;
    char *uuid;
} Settlement;

static void
settlement_free(gpointer data)
{
    Settlement *self = data;

    g_free(self->source_uri);
    g_free(self->destination_uri);
    g_free(self->uuid);
    g_free(self);
}

static gpointer
settle_work(gpointer data, GError **error G_GNUC_UNUSED)
{
    Settlement *settlement = data;
    OmenDomainLocation *at = g_new(OmenDomainLocation, 1);

    *at = omen_domain_location_ask(settlement->source_uri, settlement->destination_uri,
                                   settlement->uuid);
    return at;
}

/* Asks both ends, and again until it is known. */
void
omen_job_settle(OmenJob *self, OmenPhase phase)
{
    const OmenEvacuationData *data = omen_job_get_data(self);
    Settlement *settlement = g_new(Settlement, 1);

    settlement->source_uri = g_strdup(omen_job_get_source_uri(self));
    settlement->destination_uri = g_strdup(data->destination_uri);
    settlement->uuid = g_strdup(data->domain_uuid);
    if (data->phase != phase) {
        self->settle_pause_ms = SETTLE_FIRST_MS;
        self->settle_until_us = g_get_monotonic_time() + SETTLE_LIMIT_S * G_USEC_PER_SEC;
        OmenEvacuationData *changed = omen_job_edit(self);
        changed->phase = phase;
        omen_evacuation_update(self->evacuation, changed); /* data is gone with this */
    }
    omen_workers_run_async(self->evacuator->questions, NULL, settle_work, settlement,
                           settlement_free, g_free, QUESTION_DEADLINE_S, on_settled,
                           omen_job_ref(self));
}

void
omen_job_reconcile(OmenJob *self)
{
    const OmenEvacuationData *data = omen_job_get_data(self);

    /* Where it stands now is told again by omen_job_settle(), whatever it was before. */
    self->settle_pause_ms = SETTLE_FIRST_MS;
    self->settle_until_us = g_get_monotonic_time() + SETTLE_LIMIT_S * G_USEC_PER_SEC;
    self->destination = omen_destination_new(
        &(OmenDestinationTerms){.name = data->destination, .uri = data->destination_uri});
    /* The one that it was on its way to is not tried again. */
    g_hash_table_add(self->tried, g_strdup(data->destination));
    self->occupies_lane = TRUE;
    omen_job_settle(self, OMEN_PHASE_RECONCILING);
}

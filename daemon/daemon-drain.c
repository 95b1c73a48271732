/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This host is drained, and filled again: what the record of the drain (fleet/host-drain.h) says is
 * asked of the evacuator, and what the evacuator says is put into the record, once a second while
 * there is something to be waited for. All of it can be begun anew from the record, after a restart
 * as well.
 */
#include "daemon-private.h"

#define TICK_S 1
/* So long a list of hosts newer than the drain is waited for: others may be in maintenance by now.
 */
#define LIST_LIMIT_US (12 * G_USEC_PER_SEC)
#define LIST_AGE_US   (20 * G_USEC_PER_SEC)
/* What left just now may still be listed here. */
#define LEFT_JUST_NOW_US (30 * G_USEC_PER_SEC)

#define HOLD             "this host is drained, or is being drained: virt-omen undrain brings back what left"

static OmenDrainDomain *
domain_at(OmenDaemon *self, guint i)
{
    return g_ptr_array_index(self->drain->domains, i);
}

/* It is to stay empty. */
static gboolean
is_to_stay_empty(OmenDaemon *self)
{
    return self->drain->state != OMEN_DRAIN_NONE && self->drain->state != OMEN_DRAIN_RETURNING;
}

/* ---- what is known of it ---- */

void
omen_daemon_keep_drain(OmenDaemon *self)
{
    g_autofree char *json = omen_host_drain_write(self->drain, OMEN_DRAIN_MAX_DOMAINS);

    omen_evacuator_hold_returns(self->evacuator, is_to_stay_empty(self) ? HOLD : NULL);
    if (self->drain_store)
        omen_drain_store_tell(self->drain_store, self->drain);
    if (g_strcmp0(json, self->drain_kept) == 0)
        return;
    omen_state_db_put_setting(self->state, OMEN_DAEMON_DRAIN_SETTING, json);
    g_free(self->drain_kept);
    self->drain_kept = g_steal_pointer(&json);
}

/* (nullable): borrowed from @list. */
static const OmenEvacuationData *
find_evacuation(GPtrArray *list, guint64 id)
{
    for (guint i = list->len; i > 0; i--) {
        const OmenEvacuationData *data = omen_evacuation_get_data(g_ptr_array_index(list, i - 1));
        if (data->id == id)
            return data;
    }
    return NULL;
}

/* The last evacuation of that domain. (nullable): borrowed from @list. */
static const OmenEvacuationData *
find_last(GPtrArray *list, const char *uuid, gboolean good)
{
    for (guint i = list->len; i > 0; i--) {
        const OmenEvacuationData *data = omen_evacuation_get_data(g_ptr_array_index(list, i - 1));
        if (g_str_equal(data->domain_uuid, uuid) && (!good || data->phase == OMEN_PHASE_SUCCEEDED))
            return data;
    }
    return NULL;
}

/* May free @domain. */
static void
take_end(OmenDaemon *self, OmenDrainDomain *domain, GPtrArray *list)
{
    const OmenEvacuationData *data = find_evacuation(
        list, domain->place == OMEN_DRAIN_AT_RETURNING ? domain->way_back : domain->evacuation);

    if (!data)
        omen_host_drain_take_end(
            self->drain, domain, FALSE, "",
            "the outcome of its move is no longer known: see virt-omen evacuations");
    else if (omen_phase_is_final(data->phase))
        omen_host_drain_take_end(self->drain, domain, data->phase == OMEN_PHASE_SUCCEEDED,
                                 data->destination, data->error);
}

static void
take_ends(OmenDaemon *self, GPtrArray *list)
{
    for (guint i = self->drain->domains->len; i > 0; i--) {
        OmenDrainDomain *domain = domain_at(self, i - 1);
        if (domain->place == OMEN_DRAIN_AT_MOVING || domain->place == OMEN_DRAIN_AT_RETURNING)
            take_end(self, domain, list);
    }
}

static gboolean
left_just_now(GPtrArray *list, const char *uuid)
{
    const OmenEvacuationData *last = find_last(list, uuid, TRUE);

    return last && !*last->source_uri && g_get_real_time() - last->ended_us < LEFT_JUST_NOW_US;
}

static void
look(OmenDaemon *self, GPtrArray *list)
{
    g_autoptr(GPtrArray) infos = omen_hypervisor_list(self->hypervisor);
    g_autoptr(GPtrArray) uuids = g_ptr_array_new();
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < infos->len; i++) {
        OmenDomainInfo *info = g_ptr_array_index(infos, i);
        if (!omen_domain_info_is_active(info) || left_just_now(list, info->uuid))
            continue;
        g_ptr_array_add(uuids, info->uuid);
        g_ptr_array_add(names, info->name);
    }
    g_ptr_array_add(uuids, NULL);
    g_ptr_array_add(names, NULL);
    omen_host_drain_look(self->drain, (const char *const *) uuids->pdata,
                         (const char *const *) names->pdata);
}

/* ---- away ---- */

/* It is for an omen that is still open. @data: (nullable). */
static gboolean
is_for_omen(OmenDaemon *self, const OmenEvacuationData *data)
{
    Omen *omen =
        data && data->omen_id != 0 ? omen_registry_lookup(self->omens, data->omen_id) : NULL;

    return omen && omen_is_open(omen, g_get_real_time());
}

typedef struct {
    OmenDaemon *self;
    GPtrArray *list; /* OmenEvacuation */
} Known;

static gboolean
is_needed(guint64 evacuation, gpointer user_data)
{
    const Known *known = user_data;

    return is_for_omen(known->self, find_evacuation(known->list, evacuation));
}

/* What an omen needs is no matter of the drain. */
void
omen_daemon_cancel_drain_moves(OmenDaemon *self)
{
    g_autoptr(GPtrArray) list = omen_evacuator_list(self->evacuator);
    Known known = {.self = self, .list = list};
    g_autoptr(GArray) moves = omen_host_drain_list_moves(self->drain, is_needed, &known);

    for (guint i = 0; i < moves->len; i++)
        omen_evacuator_cancel(self->evacuator, g_array_index(moves, guint64, i),
                              "because the drain was ended", NULL);
}

static gboolean
is_here(OmenDaemon *self, const char *uuid)
{
    const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, uuid);

    return info && omen_domain_info_is_active(info);
}

/* One that leaves already, for whatever reason, is not asked for again; nor is one that has left
 * while the daemon was gone, before it could write that it moves. */
static void
adopt(OmenDaemon *self, GPtrArray *list)
{
    for (guint i = 0; i < self->drain->domains->len; i++) {
        OmenDrainDomain *domain = domain_at(self, i);
        const OmenEvacuationData *last = find_last(list, domain->uuid, FALSE);
        if (domain->place != OMEN_DRAIN_AT_WAITING || !last || *last->source_uri)
            continue;
        if (!omen_phase_is_final(last->phase) ||
            (last->queued_us >= self->drain->begun_us && !is_here(self, domain->uuid)))
            omen_host_drain_move(domain, last->id);
    }
}

/* One that is just coming back goes on waiting: that ends soon. */
static void
move(OmenDaemon *self, OmenDrainDomain *domain)
{
    OmenEvacuationRequest request = omen_daemon_make_request(self, NULL, 0);
    g_autoptr(GError) error = NULL;
    OmenEvacuation *evacuation =
        omen_evacuator_enqueue(self->evacuator, domain->uuid, &request, &error);

    if (evacuation)
        omen_host_drain_move(domain, omen_evacuation_get_data(evacuation)->id);
    else if (!g_error_matches(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY))
        omen_host_drain_stay(domain, error->message);
}

static OmenDrainDomain *
find_waiting(OmenDaemon *self, const char *uuid)
{
    for (guint i = 0; i < self->drain->domains->len; i++) {
        OmenDrainDomain *domain = domain_at(self, i);
        if (domain->place == OMEN_DRAIN_AT_WAITING && g_str_equal(domain->uuid, uuid))
            return domain;
    }
    return NULL;
}

static void
take_plan(OmenDaemon *self, GPtrArray *plan)
{
    for (guint i = 0; i < plan->len; i++) {
        const OmenForeseen *row = g_ptr_array_index(plan, i);
        OmenDrainDomain *domain = find_waiting(self, row->uuid);
        /* What is reserved now may be free soon: the evacuator waits for it. */
        if (domain && (*row->destination || row->may_fit_later))
            move(self, domain);
        else if (domain)
            omen_host_drain_stay(domain, row->reason);
    }
}

/* The evacuator finds out for each domain alone. */
static void
move_all(OmenDaemon *self)
{
    for (guint i = 0; i < self->drain->domains->len; i++) {
        if (domain_at(self, i)->place == OMEN_DRAIN_AT_WAITING)
            move(self, domain_at(self, i));
    }
}

static gboolean
is_under_way(OmenDaemon *self)
{
    return self->drain->state == OMEN_DRAIN_PENDING || self->drain->state == OMEN_DRAIN_DRAINING;
}

static void review(OmenDaemon *self);

static void
on_planned(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(OmenDaemon) self = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) plan = omen_evacuator_plan_finish(OMEN_EVACUATOR(source), result, &error);

    self->drain_is_planned = FALSE;
    /* It was ended meanwhile, or the daemon ends. */
    if (!self->drain_source || !is_under_way(self))
        return;
    if (plan) {
        take_plan(self, plan);
    } else {
        g_message("drain: no plan could be made (%s); trying each domain", error->message);
        move_all(self);
    }
    review(self);
}

static gboolean
is_list_fresh(OmenDaemon *self)
{
    return !self->fleet_member || self->fleet_read_us > self->drain_asked_us ||
           g_get_monotonic_time() - self->drain_asked_us > LIST_LIMIT_US;
}

/* Which can leave, and why others can not. */
static void
plan_if_due(OmenDaemon *self)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) uuids = NULL;
    OmenEvacuationRequest request;

    if (self->drain_is_planned || !is_list_fresh(self))
        return;
    for (guint i = 0; i < self->drain->domains->len; i++) {
        const OmenDrainDomain *domain = domain_at(self, i);
        if (domain->place == OMEN_DRAIN_AT_WAITING)
            g_strv_builder_add(builder, domain->uuid);
    }
    uuids = g_strv_builder_end(builder);
    if (!*uuids)
        return;
    self->drain_is_planned = TRUE;
    request = omen_daemon_make_request(self, NULL, 0);
    omen_evacuator_plan_async(self->evacuator, (const char *const *) uuids, &request, on_planned,
                              g_object_ref(self));
}

/* ---- and home ---- */

/* May free @domain. */
static void
bring_home(OmenDaemon *self, OmenDrainDomain *domain, GPtrArray *list)
{
    const OmenEvacuationData *last = find_last(list, domain->uuid, TRUE);
    g_autoptr(GError) error = NULL;
    OmenEvacuation *evacuation;

    if (is_here(self, domain->uuid) && !left_just_now(list, domain->uuid)) {
        omen_host_drain_forget(self->drain, domain);
        return;
    }
    if (last && last->id != domain->evacuation) {
        omen_host_drain_leave(domain, "it has moved again since: see virt-omen evacuations");
        return;
    }
    if (is_for_omen(self, last)) {
        omen_host_drain_leave(domain, "an open omen needs it away: see virt-omen omens");
        return;
    }
    evacuation = omen_evacuator_bring_back(self->evacuator, domain->uuid, &error);
    if (evacuation)
        omen_host_drain_return(domain, omen_evacuation_get_data(evacuation)->id);
    else
        omen_host_drain_leave(domain, error->message);
}

static void
bring_all_home(OmenDaemon *self, GPtrArray *list)
{
    for (guint i = self->drain->domains->len; i > 0; i--) {
        OmenDrainDomain *domain = domain_at(self, i - 1);
        if (domain->place == OMEN_DRAIN_AT_AWAY)
            bring_home(self, domain, list);
    }
}

/* ---- the turn of things ---- */

static void
review(OmenDaemon *self)
{
    g_autoptr(GPtrArray) list = omen_evacuator_list(self->evacuator);
    gboolean is_seen = omen_hypervisor_is_connected(self->hypervisor);
    OmenDrainState before = self->drain->state;

    if (is_seen && is_under_way(self))
        adopt(self, list);
    take_ends(self, list);
    if (is_seen && is_under_way(self)) {
        look(self, list);
        adopt(self, list);
        plan_if_due(self);
        if (g_get_monotonic_time() - self->fleet_read_us > LIST_AGE_US)
            omen_daemon_refresh_fleet(self);
    } else if (is_seen && self->drain->state == OMEN_DRAIN_RETURNING) {
        bring_all_home(self, list);
    }
    if (omen_host_drain_settle(self->drain, is_seen, g_get_real_time()))
        omen_daemon_cancel_drain_moves(self);
    if (self->drain->state != before)
        g_message("drain: %s%s%s", omen_drain_state_to_string(self->drain->state),
                  *self->drain->reason ? ": " : "", self->drain->reason);
    omen_daemon_keep_drain(self);
}

static gboolean
on_tick(gpointer user_data)
{
    OmenDaemon *self = user_data;

    review(self);
    if (omen_host_drain_is_busy(self->drain))
        return G_SOURCE_CONTINUE;
    self->drain_source = 0;
    return G_SOURCE_REMOVE;
}

void
omen_daemon_follow_drain(OmenDaemon *self)
{
    omen_daemon_keep_drain(self);
    if (!self->drain_source && omen_host_drain_is_busy(self->drain))
        self->drain_source = g_timeout_add_seconds(TICK_S, on_tick, self);
}

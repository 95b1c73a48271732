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

static void
keep(OmenDaemon *self)
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

/* Others know of it, and of the maintenance. */
static void
on_told(OmenDaemon *self)
{
    self->drain->mark = OMEN_DRAIN_MARK_KEPT;
    keep(self);
    omen_daemon_refresh_fleet(self);
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
static void
cancel_moves(OmenDaemon *self)
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
        cancel_moves(self);
    if (self->drain->state != before)
        g_message("drain: %s%s%s", omen_drain_state_to_string(self->drain->state),
                  *self->drain->reason ? ": " : "", self->drain->reason);
    keep(self);
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

static void
begin_ticking(OmenDaemon *self)
{
    keep(self);
    if (!self->drain_source && omen_host_drain_is_busy(self->drain))
        self->drain_source = g_timeout_add_seconds(TICK_S, on_tick, self);
}

/* ---- what is asked for ---- */

static gboolean
undo(OmenDaemon *self, const char *by, GError **error)
{
    if (omen_responder_is_host_endangered(self->responder)) {
        g_set_error(error, OMEN_DRAIN_ERROR, OMEN_DRAIN_ERROR_REFUSED,
                    "%s is endangered: see virt-omen omens there, and clear what is over",
                    omen_daemon_get_fleet_name(self));
        return FALSE;
    }
    if (!omen_host_drain_undo(self->drain, by, g_get_real_time(), error))
        return FALSE;
    cancel_moves(self);
    return TRUE;
}

static gboolean
begin(OmenDaemon *self, const OmenDrainWish *wish, GError **error)
{
    if (!omen_host_drain_begin(self->drain, wish->by, g_get_real_time(), wish->timeout_s, error))
        return FALSE;
    omen_evacuator_cancel_returns(self->evacuator);
    self->drain_asked_us = g_get_monotonic_time();
    omen_daemon_refresh_fleet(self);
    return TRUE;
}

static gboolean
end(OmenDaemon *self, GError **error)
{
    if (!omen_host_drain_stop(self->drain, "ended by an operator", g_get_real_time(), error))
        return FALSE;
    cancel_moves(self);
    return TRUE;
}

static gboolean
heed(OmenDaemon *self, const OmenDrainWish *wish, GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean good;

    if (wish->order == OMEN_DRAIN_ORDER_DRAIN)
        good = begin(self, wish, &local);
    else if (wish->order == OMEN_DRAIN_ORDER_UNDRAIN)
        good = undo(self, wish->by, &local);
    else
        good = end(self, &local);
    omen_host_drain_answer(self->drain, wish->id, good ? "" : local->message);
    if (!good)
        g_propagate_error(error, g_steal_pointer(&local));
    return good;
}

gboolean
omen_daemon_order_drain(OmenDaemon *self, const OmenDrainWish *wish, GError **error)
{
    gboolean good = heed(self, wish, error);

    if (good)
        self->drain->ordered_us = wish->time_us;
    begin_ticking(self);
    return good;
}

/* (nullable): why a wish that came by the store is not heeded, whatever it is. Whoever has the
 * store's password can write one. */
static const char *
find_objection(OmenDaemon *self, const OmenDrainWish *wish)
{
    if (!self->configuration->fleet_accept_drain)
        return "it does not take drains from other hosts: run virt-omen there, or set "
               "accept_drain=yes in [fleet] there";
    if (!omen_drain_wish_is_fresh(wish, g_get_real_time()))
        return "it was asked for too long ago, or in the future: compare the hosts' clocks";
    if (omen_host_drain_is_overtaken(self->drain, wish))
        return "its own operator has ordered something since that was asked for: try again, or "
               "compare the hosts' clocks";
    return NULL;
}

static void
on_wish(OmenDrainStore *store G_GNUC_UNUSED, const OmenDrainWish *wish, gpointer user_data)
{
    OmenDaemon *self = user_data;
    const char *objection = find_objection(self, wish);
    g_autoptr(GError) error = NULL;

    if (!omen_host_drain_hear(self->drain, wish))
        return;
    g_message("drain: requested, or ended, by an operator at %s", wish->by);
    /* It is not heeded later, either, when the configuration has changed. */
    if (objection)
        omen_host_drain_answer(self->drain, wish->id, objection);
    else
        heed(self, wish, &error);
    begin_ticking(self);
    if (objection || error)
        g_message("drain: refused: %s", objection ? objection : error->message);
}

void
omen_daemon_take_up_drain(OmenDaemon *self, const char *kept)
{
    OmenHostDrain *drain = kept ? omen_host_drain_parse(kept) : NULL;

    if (!drain)
        return;
    omen_host_drain_free(self->drain);
    self->drain = drain;
}

void
omen_daemon_start_drain(OmenDaemon *self)
{
    if (self->etcd) {
        self->drain_store = omen_drain_store_new(self->etcd, omen_daemon_get_fleet_name(self));
        g_signal_connect_swapped(self->drain_store, "told", G_CALLBACK(on_told), self);
        g_signal_connect(self->drain_store, "wish", G_CALLBACK(on_wish), self);
        omen_drain_store_listen(self->drain_store);
    }
    self->drain_asked_us = g_get_monotonic_time();
    begin_ticking(self);
}

void
omen_daemon_stop_drain(OmenDaemon *self)
{
    g_clear_handle_id(&self->drain_source, g_source_remove);
    if (self->drain_store)
        omen_drain_store_stop(self->drain_store);
    g_clear_object(&self->drain_store);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What operators want of this host's drain: its own by the bus, those at others by the store. */
#include "daemon-private.h"

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
    omen_daemon_cancel_drain_moves(self);
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
    omen_daemon_cancel_drain_moves(self);
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
    omen_daemon_follow_drain(self);
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
    omen_daemon_follow_drain(self);
    if (objection || error)
        g_message("drain: refused: %s", objection ? objection : error->message);
}

/* ---- beginning and end ---- */

void
omen_daemon_take_up_drain(OmenDaemon *self, const char *kept)
{
    OmenHostDrain *drain = kept ? omen_host_drain_parse(kept) : NULL;

    if (!drain)
        return;
    omen_host_drain_free(self->drain);
    self->drain = drain;
}

/* Others know of it, and of the maintenance. */
static void
on_told(OmenDaemon *self)
{
    self->drain->mark = OMEN_DRAIN_MARK_KEPT;
    omen_daemon_keep_drain(self);
    omen_daemon_refresh_fleet(self);
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
    omen_daemon_follow_drain(self);
}

void
omen_daemon_stop_drain(OmenDaemon *self)
{
    g_clear_handle_id(&self->drain_source, g_source_remove);
    if (self->drain_store)
        omen_drain_store_stop(self->drain_store);
    g_clear_object(&self->drain_store);
}

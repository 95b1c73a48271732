/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Drains in the fleet's store: a host tells of its own, and hears what operators at others want of
 * it.
 *
 *   /virt-omen/drain/HOST        what the host says of its drain; gone where there is none
 *   /virt-omen/wish/HOST/drain   the last that was asked of it by others
 */
#pragma once

#include "etcd/etcd.h"
#include "fleet/drain-wish.h"
#include "fleet/host-drain.h"

G_BEGIN_DECLS

#define OMEN_FLEET_DRAINS     "/virt-omen/drain/"

#define OMEN_TYPE_DRAIN_STORE (omen_drain_store_get_type())
/* Signals: "wish" (OmenDrainWish *), when there is one, again after each start; "told" (), when the
 * other hosts know what omen_drain_store_tell() was given last. */
G_DECLARE_FINAL_TYPE(OmenDrainStore, omen_drain_store, OMEN, DRAIN_STORE, GObject)

/* Of the host @name. */
OmenDrainStore *omen_drain_store_new(OmenEtcd *etcd, const char *name);

/* From now on it hears wishes. */
void omen_drain_store_listen(OmenDrainStore *self);

/* What others shall know, with what is to be done with the mark of the maintenance; tried again
 * until the store has it. */
void omen_drain_store_tell(OmenDrainStore *self, const OmenHostDrain *drain);

/* Nothing more is told or heard. */
void omen_drain_store_stop(OmenDrainStore *self);

/* Asks the host @name. FALSE with @error by finish: it is not there or takes no such
 * wishes (OMEN_DRAIN_ERROR), or the store can not be used. */
void omen_drain_store_ask_async(OmenEtcd *etcd,
                                const char *name,
                                const OmenDrainWish *wish,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean omen_drain_store_ask_finish(GAsyncResult *result, GError **error);

/* What the host @name says of its drain. (transfer full) by finish: NULL with @error. */
void omen_drain_store_read_async(OmenEtcd *etcd,
                                 const char *name,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
OmenHostDrain *omen_drain_store_read_finish(GAsyncResult *result, GError **error);

G_END_DECLS

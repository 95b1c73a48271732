/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All hosts, read from the store when somebody wants to know.
 *
 * A host that has no row is not among them: its lease has ended, which may be the host's fault, its
 * network's or the store's. That proves nothing of its domains.
 */
#pragma once

#include "etcd/etcd.h"
#include "fleet/host-row.h"

G_BEGIN_DECLS

#define OMEN_FLEET_MAX_HOSTS 5000

/* (transfer full) (element-type OmenFleetHost), by name. */
void omen_fleet_list_async(OmenEtcd *etcd, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *omen_fleet_list_finish(GAsyncResult *result, GError **error);
/* The same, and behind them such as are in maintenance and have no row (is_missing): of them there
 * is no more than the name. */
GPtrArray *omen_fleet_list_finish_all(GAsyncResult *result, GError **error);

/* An operator's word: the host of that name takes no domains. It holds until it is taken back, also
 * over that host's restart. */
void omen_fleet_set_maintenance_async(OmenEtcd *etcd,
                                      const char *host,
                                      gboolean on,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean omen_fleet_set_maintenance_finish(GAsyncResult *result, GError **error);

/* Whether it can be a key's end: letters, digits, "-", ".", "_", and not longer than a host's name.
 */
gboolean omen_fleet_is_name(const char *name);

/* (nullable): what follows @prefix in @key, which the store sent; NULL: it is no such key. */
const char *omen_fleet_strip_key(const char *key, const char *prefix);

G_END_DECLS

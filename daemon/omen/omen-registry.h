/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All omens of this host: the open ones and the latest of the others, by number.
 *
 * A burst is one omen: a sign joins an open omen of the same stream, scope, class, device and
 * domain. What is proven and what is not never join. What device a guest names, or whoever is not
 * believed, does not count: their word must not make one trouble many.
 * Bounded: beyond the limit the oldest that is no longer open is forgotten here (state.db keeps
 * it); if all are open the oldest of a guest's or that is not proven, last the oldest.
 */
#pragma once

#include "omen/omen.h"

G_BEGIN_DECLS

#define OMEN_TYPE_REGISTRY (omen_registry_get_type())
G_DECLARE_FINAL_TYPE(OmenRegistry, omen_registry, OMEN, REGISTRY, GObject)

/* Signals: "added" (Omen), "changed" (Omen), "removed" (Omen). */

/* @max_omens: >= 1; how many are held at once. */
OmenRegistry *omen_registry_new(guint max_omens);

/* Puts back an omen of an earlier life, with its number; emits "added". Takes @data. One whose
 * number is 0 or taken is dropped. */
void omen_registry_restore(OmenRegistry *self, OmenData *data);

/*
 * A sign was seen. It joins an open omen of the same trouble, or becomes a new one with the next
 * number. @detection holds one record; its last_us is the present. Takes @detection. @is_new
 * (nullable) tells which. Returns: (transfer none): the omen.
 */
Omen *omen_registry_raise(OmenRegistry *self, OmenData *detection, gboolean *is_new);

/* Returns: (transfer none) (nullable). */
Omen *omen_registry_lookup(OmenRegistry *self, guint64 id);

/* Returns: (transfer container): Omen, by rising number. */
GPtrArray *omen_registry_list(OmenRegistry *self);

/* Returns: (transfer none) (nullable): the open and proven omen with the highest probability that
 * endangers the whole host; of equals the oldest. */
Omen *omen_registry_get_host_danger(OmenRegistry *self, gint64 now_us);

/* The same for one domain (by an omen of its own, or of a device that it uses; not the host's). */
Omen *omen_registry_get_domain_danger(OmenRegistry *self, const char *uuid, gint64 now_us);

/* Marks as cleared what has expired and was only noted or proposed; call now and then. */
void omen_registry_expire(OmenRegistry *self, gint64 now_us);

G_END_DECLS

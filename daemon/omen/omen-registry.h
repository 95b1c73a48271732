/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All omens of this host: the open ones and the latest of the others, by number.
 *
 * An event is one omen: what is told within it, by whichever stream and class, joins the open omen
 * of it (omen_cause_is_shared()). Two omens that turn out to be of one event become one, the older.
 * What is proven and what is not never join. What device a guest names, or whoever is not believed,
 * does not count: their word must not make one trouble many.
 * Bounded: beyond the limit the oldest that is no longer open is forgotten here (state.db keeps
 * it); if all are open the oldest of a guest's or that is not proven, last the oldest.
 */
#pragma once

#include "omen/omen.h"

G_BEGIN_DECLS

#define OMEN_TYPE_REGISTRY (omen_registry_get_type())
G_DECLARE_FINAL_TYPE(OmenRegistry, omen_registry, OMEN, REGISTRY, GObject)

/* Signals: "added" (Omen), "changed" (Omen), "removed" (Omen), "merged" (Omen older, Omen part):
 * the part's evacuations are the older's from now on; "removed" of the part follows. */

/* @max_omens: >= 1; how many are held at once. */
OmenRegistry *omen_registry_new(guint max_omens);

/* Puts back an omen of an earlier life, with its number; emits "added". Takes @data. One whose
 * number is 0 or taken is dropped. */
void omen_registry_restore(OmenRegistry *self, OmenData *data);

typedef enum {
    OMEN_RAISE_NEW,
    OMEN_RAISE_JOINED,  /* it is more of what was known */
    OMEN_RAISE_CHANGED, /* the omen has another class, or threatens others than before */
} OmenRaise;

/*
 * A sign was seen. It joins the open omen of the same event, or becomes a new one with the next
 * number; where it is not proven and a proven omen says the same, it is that omen's, and changes
 * nothing. @detection holds one record; its last_us is the present. Takes @detection. @what
 * (nullable): what came of it. Returns: (transfer none): the omen.
 */
Omen *omen_registry_raise(OmenRegistry *self, OmenData *detection, OmenRaise *what);

/* Joins other open omens that are of the same event as @omen, of which more is known now. @is_other
 * becomes TRUE where that changes what it threatens. Returns: (transfer none): the oldest of them,
 * which stays. */
Omen *omen_registry_merge_event(OmenRegistry *self, Omen *omen, gint64 now_us, gboolean *is_other);

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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is so now, as alerts of Alertmanager's API v2: each open omen, and for a while what has
 * ended and which evacuations failed. Pure: the clock is the caller's.
 */
#pragma once

#include "evacuation/evacuation.h"
#include "omen/omen-registry.h"

G_BEGIN_DECLS

/* How long an end is repeated, so that a receiver that was down for a moment hears of it. */
#define OMEN_ALERTS_REPEAT_S G_GINT64_CONSTANT(300)

typedef struct _OmenAlerts OmenAlerts;

/* @instance: this host's name. */
OmenAlerts *omen_alerts_new(const char *instance);
void omen_alerts_free(OmenAlerts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenAlerts, omen_alerts_free)

/* The omen is no longer a threat since @now_us. */
void omen_alerts_end(OmenAlerts *self, const OmenData *omen, gint64 now_us);

/* An evacuation failed: an alert of its own, for an hour. */
void omen_alerts_add_failure(OmenAlerts *self, const OmenEvacuationData *evacuation);

/* An array. (transfer full) (nullable): NULL: nothing is so. */
char *omen_alerts_to_json(OmenAlerts *self, OmenRegistry *omens, gint64 now_us);

G_END_DECLS

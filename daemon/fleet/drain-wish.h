/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an operator at another host wants of a host's drain, as JSON in a key that the host watches.
 * Pure.
 *
 * Whoever has the password of the store can write one, so a host heeds none unless its own
 * configuration says so ([fleet] accept_drain).
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
    OMEN_DRAIN_ORDER_DRAIN,
    OMEN_DRAIN_ORDER_UNDRAIN,
    OMEN_DRAIN_ORDER_ABORT,
} OmenDrainOrder;

#define OMEN_DRAIN_DEFAULT_S 3600
#define OMEN_DRAIN_MAX_S     (7 * 24 * 3600)

typedef struct {
    char *id; /* by which what came of it is known */
    char *by; /* whose operator */
    OmenDrainOrder order;
    gint64 time_us; /* since the epoch, by that host's clock */
    guint timeout_s;
} OmenDrainWish;

/* A new one, with an id that no other has. @timeout_s: 0: the usual. */
OmenDrainWish *omen_drain_wish_new(OmenDrainOrder order, const char *by, guint timeout_s);
void omen_drain_wish_free(OmenDrainWish *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OmenDrainWish, omen_drain_wish_free)

/* (transfer full). */
char *omen_drain_wish_write(const OmenDrainWish *self);
/* (transfer full): NULL: it is none. */
OmenDrainWish *omen_drain_wish_parse(const char *json);

/* Whether @host, as an operator says it, is this one, whose name is @name. @machine: what the
 * machine is called besides: in a fleet that may be the name of another host. */
gboolean omen_drain_wish_is_for(const char *host,
                                const char *name,
                                const char *machine,
                                gboolean is_in_fleet);

/* Whether it still counts: what was asked for longer ago than it might have taken is of no interest
 * to a host that was off meanwhile, nor is one of the future. */
gboolean omen_drain_wish_is_fresh(const OmenDrainWish *self, gint64 now_us);

G_END_DECLS

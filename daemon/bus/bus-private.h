/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by bus.c (the tree, hosts and domains), bus-events.c (omens and evacuations),
 * bus-methods.c and bus-fleet.c (what callers ask) and bus-objects.c (what is exported). */
#pragma once

#include "bus/authority.h"
#include "bus/bus-gate.h"
#include "bus/bus.h"
#include "bus/user-quota.h"

#include <omen-dbus.h>

G_BEGIN_DECLS

struct _OmenBus {
    GObject parent_instance;

    OmenController *controller;
    GDBusConnection *connection;
    GDBusObjectManagerServer *objects;
    OmenAuthority *authority;
    OmenDbusManager *manager;
    guint name_id;
    guint sync_source;
    gint64 synced_us;              /* when all was last brought in step */
    GHashTable *dirty_evacuations; /* OmenEvacuation whose progress is not shown yet */
    GHashTable *dirty_omens;       /* Omen with records that are not shown yet */
    GHashTable *domain_paths;      /* of the objects that are exported */
    GHashTable *destination_paths;
    GQueue ended_paths;   /* of evacuations, the first to end first */
    OmenUserQuota *plans; /* under way */
    OmenBusGate *gate;
};

/* bus-objects.c: puts an object with one interface on the bus. Takes @skeleton. */
void omen_bus_export(OmenBus *self, const char *path, GDBusInterfaceSkeleton *skeleton);

/* bus-objects.c. (transfer full) (nullable). Nothing is there any more after dispose(), though a
 * caller that waits for an authorisation may still hold a reference. */
GDBusInterface *omen_bus_find(OmenBus *self, const char *path, const char *interface);

/* bus-events.c: shows what there is, and from then on what comes and changes. */
void omen_bus_follow_omens(OmenBus *self);
void omen_bus_follow_evacuations(OmenBus *self);

/* bus-events.c: shows what waits for its turn; at most once a second. */
void omen_bus_sync_omens(OmenBus *self);
void omen_bus_sync_evacuations(OmenBus *self);
void omen_bus_count_open_omens(OmenBus *self);

/* bus-methods.c, bus-fleet.c: connects the methods of a skeleton. */
void omen_bus_connect_manager(OmenBus *self, OmenDbusManager *manager);
void omen_bus_connect_fleet(OmenBus *self, OmenDbusManager *manager);
void omen_bus_connect_domain(OmenBus *self, OmenDbusDomain *domain);
void omen_bus_connect_omen(OmenBus *self, OmenDbusOmen *omen);
void omen_bus_connect_evacuation(OmenBus *self, OmenDbusEvacuation *evacuation);

/* What the caller wants to know of scores besides. */
typedef enum {
    OMEN_BUS_SCORES_NONE,
    OMEN_BUS_SCORES_RECENT,
    OMEN_BUS_SCORES_DAY,
} OmenBusScores;

/* bus-pack.c: dictionaries of what the controller tells, floating. omen_bus_add_scores() adds
 * "scores" and "step_s" to a row of the host (@uuid NULL) or of a domain; omen_bus_pack_plan_row()
 * adds to one of the two lists. */
GVariant *omen_bus_pack_streams(GPtrArray *streams);
/* How far the training is of the stream that these sources feed: a{st}. */
GVariant *omen_bus_pack_training(GPtrArray *streams);
void omen_bus_add_scores(GVariantBuilder *row,
                         OmenController *controller,
                         const char *uuid,
                         OmenBusScores which);
void omen_bus_add_pressure(GVariantBuilder *row, OmenController *controller, GVariant *options);
GVariant *
omen_bus_pack_domains(OmenController *controller, GPtrArray *domains, OmenBusScores scores);
void
omen_bus_pack_plan_row(const OmenPlanRow *plan, GVariantBuilder *moves, GVariantBuilder *stays);
GVariant *omen_bus_pack_fleet(GPtrArray *hosts);
GVariant *omen_bus_pack_drain(const OmenHostDrain *drain);
GVariant *omen_bus_pack_normal_row(const OmenNormalRow *normal);
GVariant *omen_bus_pack_word_row(const OmenWordRow *word);
GVariant *omen_bus_pack_accepted(const OmenAcceptedValue *value);

/* bus-objects.c. (transfer full): paths of objects. */
char *omen_bus_path_of_omen(guint64 id);
char *omen_bus_path_of_evacuation(guint64 id);

G_END_DECLS

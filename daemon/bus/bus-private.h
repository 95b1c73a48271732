/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by bus.c (objects and their life) and bus-methods.c (what callers ask). */
#pragma once

#include "bus/authority.h"
#include "bus/bus.h"

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
    GHashTable *dirty_omens;       /* OmenOmen with records that are not shown yet */
    GHashTable *domain_paths;      /* of the objects that are exported */
    GHashTable *destination_paths;
    GQueue ended_paths; /* of evacuations, the first to end first */
    guint n_plans;      /* under way */
};

/* bus-methods.c: connects the methods of a skeleton. */
void omen_bus_connect_manager(OmenBus *self, OmenDbusManager *manager);
void omen_bus_connect_domain(OmenBus *self, OmenDbusDomain *domain);
void omen_bus_connect_omen(OmenBus *self, OmenDbusOmen *omen);
void omen_bus_connect_evacuation(OmenBus *self, OmenDbusEvacuation *evacuation);

/* (transfer full): paths of objects. */
char *omen_bus_path_of_domain(const char *uuid);
char *omen_bus_path_of_omen(guint64 id);
char *omen_bus_path_of_evacuation(guint64 id);

G_END_DECLS

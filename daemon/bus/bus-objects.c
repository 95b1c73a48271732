/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects on the bus: their paths, and how they get there and are found. */
#include "bus/bus-private.h"

#include <virt-omen/bus-names.h>

char *
omen_bus_path_of_omen(guint64 id)
{
    return g_strdup_printf(OMEN_BUS_OMENS_PATH "/%" G_GUINT64_FORMAT, id);
}

char *
omen_bus_path_of_evacuation(guint64 id)
{
    return g_strdup_printf(OMEN_BUS_EVACUATIONS_PATH "/%" G_GUINT64_FORMAT, id);
}

void
omen_bus_export(OmenBus *self, const char *path, GDBusInterfaceSkeleton *skeleton)
{
    g_autoptr(OmenDbusObjectSkeleton) object = omen_dbus_object_skeleton_new(path);
    g_autoptr(GDBusInterfaceSkeleton) owned = skeleton;

    g_dbus_object_skeleton_add_interface(G_DBUS_OBJECT_SKELETON(object), owned);
    g_dbus_object_manager_server_export(self->objects, G_DBUS_OBJECT_SKELETON(object));
}

GDBusInterface *
omen_bus_find(OmenBus *self, const char *path, const char *interface)
{
    if (!self->objects)
        return NULL;
    return g_dbus_object_manager_get_interface(G_DBUS_OBJECT_MANAGER(self->objects), path,
                                               interface);
}
